"""Virtual time: an agenda of calls in a total order.

Moments and spans are whole microseconds, so that all machines round them alike.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND

START = 1_700_000_000 * SECOND
"""When every simulation begins, in microseconds since 1970. Any late enough moment would do."""

Entry = tuple[int, int, Callable[..., object], tuple[Any, ...]]
"""The moment of a call, a running number, the function and its arguments."""


def micros(secs: float) -> int:
    """Seconds as whole microseconds."""
    return round(secs * SECOND)


class Loop:
    """Makes calls when they are due, in order of time. Calls due at the same moment keep their order."""

    def __init__(self) -> None:
        self.now = START
        self._soon: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._agenda: list[Entry] = []
        self._count = 0
        self._horizon = 0
        """The end of the present run(); 0 outside of it."""

    def call_soon(self, act: Callable[..., object], *args: object) -> None:
        """Call `act(*args)` now, before anything else on the agenda."""
        self._soon.append((act, args))

    def call_at(self, moment: int, act: Callable[..., object], *args: object) -> None:
        """Call `act(*args)` at `moment`, which must not be past."""
        self._count += 1
        heappush(self._agenda, (moment, self._count, act, args))

    def call_later(self, span: int, act: Callable[..., object], *args: object) -> None:
        """Call `act(*args)` after `span`."""
        self._count += 1
        heappush(self._agenda, (self.now + span, self._count, act, args))

    def skip_to(self, moment: int) -> bool:
        """Move the present to `moment` if run() has nothing to do before. Returns whether it did."""
        if moment > self._horizon or self._soon or (self._agenda and self._agenda[0][0] <= moment):
            return False
        self.now = moment
        return True

    def step(self, until: int) -> bool:
        """Make the next call if it is due by `until`. Returns whether there was one."""
        if self._soon:
            act, args = self._soon.popleft()
        elif self._agenda and self._agenda[0][0] <= until:
            self.now, _, act, args = heappop(self._agenda)
        else:
            return False
        act(*args)
        return True

    def run(self, until: int) -> None:
        """Make all calls that are due by `until`, which is the present afterwards."""
        soon, agenda = self._soon, self._agenda
        self._horizon = until
        # The same as step(), written out: a long simulation spends most of its time in this loop.
        while True:
            if soon:
                act, args = soon.popleft()
            elif agenda and agenda[0][0] <= until:
                self.now, _, act, args = heappop(agenda)
            else:
                break
            act(*args)
        self._horizon = 0
        self.now = max(self.now, until)

    def seconds(self) -> float:
        """The present in seconds since 1970."""
        return self.now / SECOND
