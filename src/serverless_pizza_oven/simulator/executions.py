"""Step Functions in memory: the executions of the oven's state machine."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pizza_oven.errors import HandedOutError, ServiceError
from pizza_oven.execution import Execution
from pizza_oven.item import Item
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop, micros
from serverless_pizza_oven.simulator.quotas import TokenBucket

DAY = 24 * 60 * MINUTE

NAMES_KEPT = 90 * DAY
"""How long a closed execution's name is taken
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""

RETRY_INTERVAL = 1 * SECOND
RETRY_MOST = 60 * SECOND
RETRY_ATTEMPTS = 1000
"""The Retry of the template: doubling, with full jitter."""


@dataclass(slots=True)
class Baking:
    """An execution: the item waits, then the task removes it."""

    item: Item
    started: int
    status: str = "RUNNING"
    cause: str = ""
    waiting: bool = True
    """Whether its Wait is not over yet."""
    closed: int = 0
    tries: int = 0
    """Of the task so far."""
    handed_out: bool = False
    """Whether its task is only to free the slots any more."""

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"


Done = Callable[[str], None]
"""Ends a try of a task: with "" if it worked, else with what went wrong."""


def half(most: int) -> int:
    """Stands in for jitter."""
    return most // 2


@dataclass(slots=True)
class Executions:
    """Implements ItemStates: one execution for each name, in 90 days."""

    loop: Loop
    remove: Callable[[Baking, Done], object] = lambda _baking, done: done("")
    """Invokes Item Removed."""
    jitter: Callable[[int], int] = half
    """How long of at most so many microseconds to put off a retry."""
    on_start: Callable[[Baking], object] = lambda _baking: None
    """Hears of each that begins."""
    on_close: Callable[[Baking], object] = lambda _baking: None
    """Hears of each status but RUNNING."""
    quota: TokenBucket | None = None
    """Of state transitions."""
    names_kept: int = NAMES_KEPT
    """Forget a closed execution after so many microseconds."""
    bakings: dict[str, Baking] = field(default_factory=dict)
    """By name: what runs, and what has closed and is remembered."""
    transitions: int = 0
    """That were billed: each state, and each try of one (https://aws.amazon.com/step-functions/pricing/)."""
    _closed: deque[Baking] = field(default_factory=deque)

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        return [self.begin(item) or self._told(self.bakings[item.id]) for item in items]

    def begin(self, item: Item) -> Execution | None:
        """Start an execution, or repeat the answer of one with the same input that runs; else None."""
        self._forget()
        known = self.bakings.get(item.id)
        if known is None:
            known = Baking(item, self.loop.now)
            self.bakings[item.id] = known
            self.loop.call_later(micros(item.baking_time_secs) + self._transition(), self._baked, known)
            self.on_start(known)
        elif not known.running or known.item.body != item.body:
            return None
        return Execution("RUNNING", known.started / SECOND)

    def describe(self, item_id: str, lag: int = 0) -> Execution | None:
        """As it was `lag` microseconds ago."""
        known = self.bakings.get(item_id)
        moment = self.loop.now - lag
        if known is None or (lag and known.started > moment):
            return None
        if lag and known.closed > moment:
            return Execution("RUNNING", known.started / SECOND, known.item.body)
        return self._told(known)

    @property
    def running(self) -> int:
        """How many run."""
        return len(self.bakings) - len(self._closed)

    def close(self, baking: Baking, status: str, cause: str = "") -> None:
        """End an execution, as StopExecution does with ABORTED. Of no effect on one that has ended."""
        if not baking.running:
            return
        baking.status = status
        baking.cause = cause
        baking.waiting = False
        baking.closed = self.loop.now
        self._closed.append(baking)
        self.on_close(baking)

    def _baked(self, baking: Baking) -> None:
        if baking.running:
            baking.waiting = False
            self.loop.call_later(self._transition(), self._try, baking)

    def _try(self, baking: Baking) -> None:
        if baking.running:
            baking.tries += 1
            self.remove(baking, lambda error: self._tried(baking, error))

    def _tried(self, baking: Baking, error: str) -> None:
        if not error:
            self.close(baking, "SUCCEEDED")
        elif error.startswith(HandedOutError.__name__) and not baking.handed_out:
            baking.handed_out = True
            baking.tries = 0
            self.loop.call_later(self._transition(), self._try, baking)
        elif baking.tries > RETRY_ATTEMPTS:
            self.close(baking, "FAILED", error)
        else:
            most = min(RETRY_INTERVAL << min(baking.tries - 1, 20), RETRY_MOST)
            self.loop.call_later(self.jitter(most) + self._transition(), self._try, baking)

    def _transition(self) -> int:
        self.transitions += 1
        return 0 if self.quota is None else self.quota.reserve()

    def _forget(self) -> None:
        while self._closed and self._closed[0].closed + self.names_kept <= self.loop.now:
            del self.bakings[self._closed.popleft().item.id]

    def _told(self, baking: Baking) -> Execution:
        return Execution(baking.status, baking.started / SECOND, baking.item.body, baking.cause)
