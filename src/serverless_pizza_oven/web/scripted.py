"""An oven with a scripted status, for tests and measurements of the page."""

import heapq
from collections.abc import Callable, Iterable, Sequence

from serverless_pizza_oven.deployment.names import DEFAULT_CAPACITY
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.measured_status import MeasuredStatus
from serverless_pizza_oven.operations.status import BackgroundStatus, QueueDepths, Status
from serverless_pizza_oven.operations.throttling import ThrottledRequests
from serverless_pizza_oven.web.ordering import PizzaOrder
from serverless_pizza_oven.web.watched_oven import DeadLetterSummary


class ScriptedOven:
    """Implements WatchedOven. `script` returns each status, or raises; orders are appended to `sent`."""

    name = "scripted"
    where = "on this machine"

    def __init__(
        self,
        script: Callable[[], Status],
        *,
        capacity: int = DEFAULT_CAPACITY,
        dead_letters: Sequence[DeadLetterSummary] = (),
        is_local: bool = True,
    ) -> None:
        self.script = script
        self.capacity = capacity
        self.dead_letters = dead_letters
        self.is_local = is_local
        self.sent: list[PizzaOrder] = []

    def read_status(self) -> Status:
        return self.script()

    def read_dead_letters(self) -> Sequence[DeadLetterSummary]:
        return self.dead_letters

    def send(self, order: PizzaOrder) -> None:
        self.sent.append(order)


def status_at(
    at: float,
    items: Iterable[BakingItem] = (),
    *,
    capacity: int = DEFAULT_CAPACITY,
    waiting: int = 0,
    new: int = 0,
    baked: int = 0,
    dead: int = 0,
    is_paused: bool = False,
    too_few_slots: int = 0,
    throttled: Iterable[ThrottledRequests] = (),
) -> Status:
    """The status of an oven at a moment, in seconds since the epoch."""
    baking = tuple(sorted(items, key=lambda item: (item.until, item.id)))
    outputs = {
        "BakingTableCapacityCount": str(capacity),
        "Admission": "PAUSED" if is_paused else "OPEN",
    }
    return Status(
        at=at,
        occupied=sum(item.size for item in baking),
        waiting=waiting,
        baking=baking,
        depths=QueueDepths(new=new, line=waiting, baked=baked, dead=dead),
        background=BackgroundStatus(
            at, Stack("scripted", outputs), MeasuredStatus(at, throttled=tuple(throttled)), failures=()
        ),
        too_few_slots=too_few_slots,
    )


class ScriptedRush:
    """A script: items of one slot that were all sent at once, first come, first served."""

    def __init__(self, baking_times: Sequence[float], capacity: int, clock: Callable[[], float]) -> None:
        """It begins now. The `clock` tells seconds since the epoch."""
        self._clock = clock
        self._capacity = capacity
        self._began = clock()
        self._times = list(_schedule(baking_times, capacity))

    def __call__(self) -> Status:
        now = self._clock()
        gone = now - self._began
        items = [
            BakingItem(f"pizza-{number}", 1, self._began + end)
            for number, (start, end) in enumerate(self._times)
            if start <= gone < end
        ]
        waiting = sum(start > gone for start, _ in self._times)
        baked = sum(end <= gone for _, end in self._times)
        return status_at(now, items, capacity=self._capacity, waiting=waiting, baked=baked)


def _schedule(baking_times: Sequence[float], capacity: int) -> Iterable[tuple[float, float]]:
    """When each item begins and ends, in seconds since the rush began."""
    free_at = [0.0] * capacity
    for secs in baking_times:
        start = free_at[0]
        heapq.heapreplace(free_at, start + secs)
        yield start, start + secs
