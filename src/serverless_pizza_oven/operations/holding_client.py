"""The part of the client that holds slots for work whose end is known only when it ends."""

import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager

from pizza_oven.item import ItemRelease, LeaseExtension, parse
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.hold_timing import HoldTiming
from serverless_pizza_oven.operations.slot_holding import (
    HeldSlots,
    HoldTerms,
    OnLost,
    holding,
    holding_async,
    stack_requests,
)
from serverless_pizza_oven.queue_client import Queue


def new_claim() -> str:
    """Return a text that no other hold has."""
    return str(uuid.uuid4())


def item_id_by(claim: str) -> str:
    """The id of an item that is held without an id of the caller."""
    return f"hold-{claim}"


class HoldingClient:
    """Holds slots of one oven."""

    def __init__(
        self, account: Aws, stack: Stack, new_claim: Callable[[], str], hold_timing: HoldTiming
    ) -> None:
        self._account = account
        self._stack = stack
        self._new_claim = new_claim
        self._hold_timing = hold_timing

    def hold(
        self,
        id: str | None = None,  # noqa: A002 - the name of the field
        size: int = 1,
        lease_secs: int = 60,
        wait_at_most: float | None = None,
        at_most: float | None = None,
        *,
        holder: str | None = None,
        on_lost: OnLost | None = None,
        warn_secs: float = 0,
    ) -> AbstractContextManager[HeldSlots]:
        """Hold slots while a block of code runs: `with oven.hold("import-4711") as held: ...`

        The block begins once the slots are held, and they are released when it ends, however it ends. Without
        an `id` a new one is made; one that is given can be used once in 90 days.

        Until the slots are held, the row is read about once a second. That costs about $0.0005 an hour while
        the row has 4 KB, about 70 leases. `wait_at_most` is in seconds; 0 means slots that are free now.

        A lease of `lease_secs` is extended in the background at each third of it. If this process is killed,
        the slots are free when its lease ends. Python's default for SIGTERM is such a kill: install a handler
        that raises SystemExit. `at_most` ends the extensions after so many seconds.

        The lease counts as lost if no extension was confirmed in time, by a clock that nobody sets and 2 s
        before AWS ends it; if somebody released or removed the item; and after `at_most`. Then `held.lost` is
        true and `on_lost(held)` is called, in another thread. Nothing is raised within the block: look at
        `held.lost`, or at `held.secs_left`, before each step that needs the slots. When the block has ended,
        LeaseLostError is raised; if the block raised an error, that one is, with a note.

        Raises NotHeldInTimeError, HoldRefusedError if the item was released or removed while it waited or if
        its id was used before, UsageError, MalformedItemError, and AwsError. All of them, and Ctrl-C, cancel
        an item that waits. A release that fails is a warning in the log: the slots are free when the lease
        ends.

        With `holder`, the item says who holds the slots. With `warn_secs`, the lease counts as lost so much
        earlier, for work that takes a while to stop.

        A lease has 5 seconds or more. From 60 s on it survives a network that is away for half of it.

        Needs `sqs:SendMessage` on New Items, `dynamodb:GetItem` and `states:DescribeExecution`.
        """
        terms = self._hold_terms(id, size, lease_secs, wait_at_most, at_most, holder, warn_secs)
        return self._holding(terms, threading.Event(), on_lost)

    def hold_async(
        self,
        id: str | None = None,  # noqa: A002 - the name of the field
        size: int = 1,
        lease_secs: int = 60,
        wait_at_most: float | None = None,
        at_most: float | None = None,
        *,
        holder: str | None = None,
        on_lost: OnLost | None = None,
    ) -> AbstractAsyncContextManager[HeldSlots]:
        """As `hold`, for asyncio: `async with oven.hold_async("import-4711") as held: ...`

        It waits and releases in threads, and calls `on_lost` in the event loop. Cancelling a task that waits
        cancels its item.
        """
        terms = self._hold_terms(id, size, lease_secs, wait_at_most, at_most, holder)
        return holding_async(lambda give_up, tell: self._holding(terms, give_up, tell), on_lost)

    def release(self, item_id: str) -> None:
        """Free the slots of an item within seconds. If it waits, it is cancelled and never gets slots.

        May come twice, and early: an item that is sent later under this id gets no slots. Raises
        MalformedItemError for an id that no item can have, and AwsError. Needs `sqs:SendMessage` on New
        Items.
        """
        Queue(self._account, self._stack.new_items).send([_checked_body(ItemRelease(item_id))])

    def extend(self, item_id: str, secs: int) -> None:
        """Let the lease of an item that is held end `secs` from when the oven handles this, never earlier.

        It is ignored if the item has no slots, or if its lease has ended: `wait_for`, or `oven item`, tells
        until when it is held. Raises as `release` does.
        """
        Queue(self._account, self._stack.new_items).send([_checked_body(LeaseExtension(item_id, secs))])

    def _hold_terms(
        self,
        item_id: str | None,
        size: int,
        lease_secs: int,
        wait_at_most: float | None,
        at_most: float | None,
        holder: str | None,
        warn_secs: float = 0,
    ) -> HoldTerms:
        claim = self._new_claim()
        return HoldTerms(
            item_id_by(claim) if item_id is None else item_id,
            claim,
            size,
            lease_secs,
            wait_at_most,
            at_most,
            holder,
            warn_secs,
        )

    def _holding(
        self, terms: HoldTerms, give_up: threading.Event, on_lost: OnLost | None
    ) -> AbstractContextManager[HeldSlots]:
        requests = stack_requests(self._account, self._stack, terms.lease_secs)
        return holding(requests, self._stack.capacity, terms, self._hold_timing, give_up, on_lost)


def _checked_body(message: ItemRelease | LeaseExtension) -> str:
    """As it is sent. Raises MalformedItemError."""
    parse(message.body, None)
    return message.body
