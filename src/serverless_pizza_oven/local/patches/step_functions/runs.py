"""Runs: what ends a thread that follows an execution, wherever it waits."""

import contextvars
import math
import threading
import time
from collections.abc import Callable
from typing import Any


class RunEndedError(BaseException):
    """The execution was stopped, or its time is over.

    Not an `Exception`, which MiniStack takes for a failure of the state.
    """


class Run:
    """A thread's way through the states of an execution, from its start or redrive to its end."""

    def __init__(
        self,
        execution: dict[str, Any],
        role_arn: str | None = None,
        at_most: float = math.inf,
        time_out: Callable[[], None] = lambda: None,
    ) -> None:
        """`time_out` is called when the run has taken `at_most` seconds, and must end the execution."""
        self.role_arn = role_arn
        """The role of the state machine. None outside of an execution."""
        self._execution = execution
        self._ends_at = time.monotonic() + at_most
        self._time_out = time_out
        self._ended = threading.Event()
        self._woken = [self._ended]

    @property
    def ended(self) -> bool:
        return self._ended.is_set() or self._execution["status"] != "RUNNING"

    def end(self) -> None:
        """Wake the thread up, wherever it waits. It raises RunEndedError."""
        self._ended.set()
        for event in list(self._woken):
            event.set()

    def check(self) -> None:
        """Raise RunEndedError if the run has ended."""
        if time.monotonic() >= self._ends_at:
            self._time_out()
        if self.ended:
            raise RunEndedError

    def sleep(self, secs: float) -> None:
        """Raise RunEndedError as soon as the run ends."""
        self._ended.wait(self._limit(secs))
        self.check()

    def wait(self, event: threading.Event, secs: float | None) -> None:
        """Wait for the event. Raise RunEndedError as soon as the run ends."""
        self._woken.append(event)
        self.check()
        event.wait(self._limit(math.inf if secs is None else secs))
        self._woken.remove(event)
        self.check()

    def _limit(self, secs: float) -> float:
        # Threads take no longer waits.
        return min(secs, max(self._ends_at - time.monotonic(), 0), threading.TIMEOUT_MAX)


_RUN: contextvars.ContextVar[Run | None] = contextvars.ContextVar("run", default=None)


def begin(run: Run) -> Callable[[], None]:
    """Make this thread's run current. Returns what makes the earlier one current again."""
    outer = _RUN.set(run)
    return lambda: _RUN.reset(outer)


def current_run() -> Run:
    """The run of this thread. Outside of an execution: one that nothing ends."""
    return _RUN.get() or Run({"status": "RUNNING"})
