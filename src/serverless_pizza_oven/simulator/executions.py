"""Step Functions in memory: the executions of the oven's state machine."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pizza_oven.errors import HandedOutError, RedrivenError, ServiceError, StillHeldError
from pizza_oven.execution import RELEASED, Execution
from pizza_oven.item import Item
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop, micros
from serverless_pizza_oven.simulator.quotas import TokenBucket

DAY = 24 * 60 * MINUTE

NAMES_KEPT = 90 * DAY
"""How long the name of an ended execution is taken
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""

REDRIVABLE = 14 * DAY
"""How long after its end an execution can be redriven
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html)."""

RETRY_INTERVAL = 1 * SECOND
RETRY_MOST = 60 * SECOND
RETRY_ATTEMPTS = 1000
"""The Retry of the template: doubling, with full jitter."""


@dataclass(slots=True)
class Baking:
    """An execution: the item waits for its baking time, then a task removes it from the oven."""

    item: Item
    started: int
    """In microseconds since 1970."""
    state: str = "Baking"
    """The state of the template that it is in, or in which it ended: Baking, Held, Removed or Unloaded."""
    status: str = "RUNNING"
    cause: str = ""
    closed: int = 0
    """When it ended, in microseconds since 1970; 0 while it runs."""
    tries: int = 0
    """Attempts of the present task."""
    redrives: int = 0
    """How often an operator had it redriven."""

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def waiting(self) -> bool:
        """Whether its baking time is not over yet."""
        return self.state in ("Baking", "Held") and self.status == "RUNNING"

    @property
    def held(self) -> bool:
        """Whether it waits for the end of a lease that was extended."""
        return self.state == "Held"

    @property
    def handed_out(self) -> bool:
        """Whether its task has only the slots left to free."""
        return self.state == "Unloaded"


Done = Callable[[str], None]
"""Ends an attempt of a task, with an error text, which is empty if the attempt succeeded."""


def half(most: int) -> int:
    """Stands in for jitter."""
    return most // 2


@dataclass(slots=True)
class Executions:
    """Implements ItemStates: one execution for each name within 90 days."""

    loop: Loop
    remove: Callable[[Baking, Done], object] = lambda _baking, done: done("")
    """Invokes Item Removed."""
    jitter: Callable[[int], int] = half
    """Returns how long to put off a retry, of at most so many microseconds."""
    on_start: Callable[[Baking], object] = lambda _baking: None
    on_redrive: Callable[[Baking], object] = lambda _baking: None
    on_end: Callable[[Baking], object] = lambda _baking: None
    quota: TokenBucket | None = None
    """Of state transitions."""
    names_kept: int = NAMES_KEPT
    """Forget an ended execution after so many microseconds."""
    bakings: dict[str, Baking] = field(default_factory=dict)
    """By name: the executions that run, and those that ended and are remembered."""
    transitions: int = 0
    """State transitions that are billed: each state, and each attempt of one
    (https://aws.amazon.com/step-functions/pricing/)."""
    rounds: int = 0
    """How often an execution found that its lease was extended, and waited again."""
    _ended: deque[Baking] = field(default_factory=deque)

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        return [self.start_one(item) or self._description(self.bakings[item.id]) for item in items]

    def start_one(self, item: Item) -> Execution | None:
        """Start an execution. None if the name is taken, unless an execution of the same input runs."""
        self._forget()
        known = self.bakings.get(item.id)
        if known is None:
            known = Baking(item, self.loop.now)
            self.bakings[item.id] = known
            self._wait(known)
            self.on_start(known)
        elif not known.running or known.item.body != item.body:
            return None
        return Execution("RUNNING", known.started / SECOND)

    def describe(self, item_id: str, lag: int = 0) -> Execution | None:
        """The execution as it was `lag` microseconds ago."""
        known = self.bakings.get(item_id)
        moment = self.loop.now - lag
        if known is None or (lag and known.started > moment):
            return None
        if lag and known.closed > moment:
            return Execution("RUNNING", known.started / SECOND, known.item.body)
        return self._description(known)

    @property
    def running(self) -> int:
        """How many run."""
        return len(self.bakings) - len(self._ended)

    def stop(self, item_id: str) -> bool:
        """End an execution as released, unless it has ended. False if there is none of that name."""
        known = self.bakings.get(item_id)
        if known is not None:
            self.end(known, "ABORTED", RELEASED)
        return known is not None

    def end(self, baking: Baking, status: str, cause: str = "") -> None:
        """End an execution, as StopExecution does with ABORTED. Has no effect on one that has ended."""
        if not baking.running:
            return
        baking.status = status
        baking.cause = cause
        baking.closed = self.loop.now
        self._ended.append(baking)
        self.on_end(baking)

    def redrive(self, baking: Baking) -> None:
        """Continue an execution that failed from the state in which it ended, as RedriveExecution does.

        Has no effect on one that runs, succeeded, or ended more than 14 days ago.
        """
        if baking.status in ("RUNNING", "SUCCEEDED") or baking.closed + REDRIVABLE < self.loop.now:
            return
        self._ended.remove(baking)
        baking.redrives += 1
        baking.status, baking.cause, baking.closed, baking.tries = "RUNNING", "", 0, 0
        self.on_redrive(baking)
        if baking.waiting:
            self._wait(baking)
        else:
            self.loop.call_later(self._transition(), self._try, baking, baking.redrives)

    def _wait(self, baking: Baking) -> None:
        span = micros(baking.item.baking_time_secs) + self._transition()
        self.loop.call_later(span, self._baked, baking, baking.redrives)

    def _baked(self, baking: Baking, redrives: int) -> None:
        if baking.running and baking.redrives == redrives:
            baking.state = "Removed"
            self.loop.call_later(self._transition(), self._try, baking, redrives)

    def _try(self, baking: Baking, redrives: int) -> None:
        if baking.running and baking.redrives == redrives:
            baking.tries += 1
            self.remove(baking, lambda error: self._tried(baking, redrives, error))

    def _tried(self, baking: Baking, redrives: int, error: str) -> None:
        if not baking.running or baking.redrives != redrives:
            return
        if not error:
            self.end(baking, "SUCCEEDED")
        elif error.startswith(HandedOutError.__name__) and not baking.handed_out:
            baking.state = "Unloaded"
            baking.tries = 0
            self.loop.call_later(self._transition(), self._try, baking, redrives)
        elif error.startswith(StillHeldError.__name__):
            baking.state = "Held"
            self.rounds += 1
            baking.tries = 0
            until = float(error.partition(": ")[2])
            # By way of the state in which the time is read from the error.
            self._transition()
            span = max(micros(until) - self.loop.now, 0) + self._transition()
            self.loop.call_later(span, self._baked, baking, redrives)
        elif error.startswith(RedrivenError.__name__) or baking.tries > RETRY_ATTEMPTS:
            self.end(baking, "FAILED", error)
        else:
            most = min(RETRY_INTERVAL << min(baking.tries - 1, 20), RETRY_MOST)
            self.loop.call_later(self.jitter(most) + self._transition(), self._try, baking, redrives)

    def _transition(self) -> int:
        self.transitions += 1
        return 0 if self.quota is None else self.quota.reserve()

    def _forget(self) -> None:
        while self._ended and self._ended[0].closed + self.names_kept <= self.loop.now:
            del self.bakings[self._ended.popleft().item.id]

    def _description(self, baking: Baking) -> Execution:
        return Execution(baking.status, baking.started / SECOND, baking.item.body, baking.cause)
