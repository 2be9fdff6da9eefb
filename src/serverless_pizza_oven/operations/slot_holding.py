"""Holds slots while a block of code runs: `with oven.hold("import-4711"): ...`."""

import asyncio
import logging
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pizza_oven.item import Item, ItemRelease
from pizza_oven.strict_json import write_object
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import AwsError, UsageError
from serverless_pizza_oven.operations.hold_errors import HoldRefusedError, LeaseLostError
from serverless_pizza_oven.operations.hold_requests import HoldRequests, StackHoldRequests
from serverless_pizza_oven.operations.hold_timing import HoldTiming
from serverless_pizza_oven.operations.hold_waiting import SlotWaiter
from serverless_pizza_oven.operations.lease_keeping import LeaseKeeper
from serverless_pizza_oven.operations.sending import read_item
from serverless_pizza_oven.sdk_errors import may_pass

MIN_LEASE_SECS = 5
"""A holder counts a lease as lost up to 2 s before it ends, and an extension may take a second."""

STALE_SECS = 30
"""How much longer than its holder an item may wait. A holder that gives up cancels its item; one that was
killed does not, and then the item becomes a dead letter after this time."""

RELEASE_SECS = 30.0
"""How long a release is tried while AWS does not answer. Then the slots come back when the lease ends."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """What a holder asks for."""

    item_id: str
    claim: str
    """Makes the item differ from any other of the same id: whose slots these are is told by it."""
    size: int = 1
    lease_secs: int = 60
    wait_at_most_secs: float | None = None
    at_most_secs: float | None = None
    holder: str | None = None
    warn_secs: float = 0
    """The lease counts as lost so long before it ends."""

    def item(self, capacity: int) -> Item:
        """As it is sent. Raises UsageError and MalformedItemError."""
        if self.lease_secs < MIN_LEASE_SECS:
            raise UsageError(f"a lease has at least {MIN_LEASE_SECS} seconds, not {self.lease_secs}")
        if min(self.wait_at_most_secs or 0, self.at_most_secs or 0) < 0:
            raise UsageError("the longest times to wait and to hold must not be negative")
        fields: dict[str, Any] = {
            "id": self.item_id,
            "bakingTimeSecs": self.lease_secs,
            "size": self.size,
            "hold": True,
            "claim": self.claim,
        }
        if self.holder is not None:
            fields["holder"] = self.holder
        if self.wait_at_most_secs is not None:
            fields["waitAtMostSecs"] = math.ceil(self.wait_at_most_secs) + STALE_SECS
        return read_item(write_object(fields), capacity)


def stack_requests(aws: Aws, stack: Stack, lease_secs: float) -> HoldRequests:
    """Requests that give up early enough for others before the lease ends."""
    return StackHoldRequests(aws.with_one_attempt(min(max(lease_secs / 20, 1.0), 5.0)), stack)


class HeldSlots:
    """Slots that are held, as the block of `Oven.hold` sees them."""

    def __init__(self, item: Item, keeper: LeaseKeeper) -> None:
        self.id = item.id
        self.size = item.size
        self._keeper = keeper

    @property
    def until(self) -> float:
        """When the slots are free unless the lease is extended: seconds since 1970, by AWS's clock."""
        return self._keeper.until

    @property
    def secs_left(self) -> float:
        """For how long the slots are surely held from now on, by a clock that is never set. 0 if lost."""
        return self._keeper.secs_left

    @property
    def lost(self) -> bool:
        """Whether somebody else may have the slots: stop the work. Once true, it stays so."""
        return bool(self._keeper.lost_reason)

    @property
    def lost_reason(self) -> str:
        """Why the lease is lost. Empty while it is held."""
        return self._keeper.lost_reason


OnLost = Callable[[HeldSlots], object]


@contextmanager
def holding(
    requests: HoldRequests,
    capacity: int,
    terms: HoldTerms,
    timing: HoldTiming,
    give_up: threading.Event,
    on_lost: OnLost | None = None,
) -> Iterator[HeldSlots]:
    """Wait for slots, hold them while the block runs, and release them. See `Oven.hold`."""
    item = terms.item(capacity)
    waiter = SlotWaiter(requests, item, capacity, give_up, timing)
    try:
        term = waiter.wait(terms.wait_at_most_secs)
    except HoldRefusedError:
        # Nothing of this holder is in the oven, and perhaps another holder's item of the same id.
        raise
    except BaseException:
        if waiter.tried_to_send:
            _release_or_warn(requests, item.id, timing)
        raise
    keeper = LeaseKeeper(
        requests,
        item.id,
        terms.lease_secs,
        term,
        at_most_secs=terms.at_most_secs,
        warn_secs=terms.warn_secs,
        on_lost=lambda: on_lost(held) if on_lost else None,
        timing=timing,
    )
    held = HeldSlots(item, keeper)
    try:
        keeper.start()
        yield held
    except BaseException as error:
        if keeper.lost_reason:
            error.add_note(_lost(item.id, keeper.lost_reason))
        raise
    finally:
        keeper.stop()
        _release_or_warn(requests, item.id, timing)
    if keeper.lost_reason:
        raise LeaseLostError(_lost(item.id, keeper.lost_reason))


def _lost(item_id: str, reason: str) -> str:
    return f"the slots of {item_id} may have been somebody else's before the work ended: {reason}"


def release(requests: HoldRequests, item_id: str, timing: HoldTiming) -> None:
    """Send a release, again and again for RELEASE_SECS while AWS does not answer. Raises AwsError."""
    never, pause, give_up_at = threading.Event(), 0.5, timing.now() + RELEASE_SECS
    while True:
        try:
            requests.send(ItemRelease(item_id).body)
        except AwsError as error:
            if not may_pass(error) or timing.now() + pause >= give_up_at:
                raise
        else:
            return
        timing.pause(never, pause * (0.5 + timing.random() / 2))
        pause = min(pause * 2, 5.0)


def _release_or_warn(requests: HoldRequests, item_id: str, timing: HoldTiming) -> None:
    try:
        release(requests, item_id, timing)
    except AwsError as error:
        # The work is done, or the reason why it is not is more important.
        _LOGGER.warning("%s was not released, its slots are free when its lease ends: %s", item_id, error)


@asynccontextmanager
async def holding_async(
    hold: Callable[[threading.Event, OnLost | None], AbstractContextManager[HeldSlots]],
    on_lost: OnLost | None,
) -> AsyncIterator[HeldSlots]:
    """As `holding`, which `hold` makes, with the waiting in a thread.

    `on_lost` is called in the event loop.
    """
    loop, give_up = asyncio.get_running_loop(), threading.Event()
    manager = hold(give_up, on_lost and (lambda held: loop.call_soon_threadsafe(on_lost, held)))
    entering = asyncio.ensure_future(asyncio.to_thread(manager.__enter__))
    try:
        held = await asyncio.shield(entering)
    except asyncio.CancelledError:
        give_up.set()
        await asyncio.wait([entering])
        if entering.exception() is None:
            await asyncio.to_thread(manager.__exit__, None, None, None)
        raise
    try:
        yield held
    except BaseException as error:
        await asyncio.to_thread(_exit, manager, error)
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)


def _exit(manager: AbstractContextManager[HeldSlots], error: BaseException) -> None:
    """Leave the block with an error, which is raised again here, and by the caller."""
    with suppress(type(error)):
        manager.__exit__(type(error), error, error.__traceback__)
