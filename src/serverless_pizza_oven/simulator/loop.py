"""Virtual time: an agenda of what happens when, in a total order.

Moments and spans are whole microseconds, so that no two machines round them differently.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND

START = 1_700_000_000 * SECOND
"""When every simulation begins, in microseconds since the epoch: any time long after it will do."""

Entry = tuple[int, int, Callable[..., object], tuple[Any, ...]]
"""When, a running number, and what to call."""


def micros(secs: float) -> int:
    """Seconds as whole microseconds."""
    return round(secs * SECOND)


class Loop:
    """Calls what is due, in order of time; what is due at the same moment, first come first served."""

    def __init__(self) -> None:
        self.now = START
        self._soon: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._agenda: list[Entry] = []
        self._count = 0
        self._horizon = 0
        """Until when run() runs; 0 while it does not."""

    def call_soon(self, act: Callable[..., object], *args: object) -> None:
        """Have `act(*args)` called before anything else."""
        self._soon.append((act, args))

    def call_at(self, moment: int, act: Callable[..., object], *args: object) -> None:
        """Have `act(*args)` called at `moment`, which must not be past."""
        self._count += 1
        heappush(self._agenda, (moment, self._count, act, args))

    def call_later(self, span: int, act: Callable[..., object], *args: object) -> None:
        """Have `act(*args)` called `span` from now."""
        self._count += 1
        heappush(self._agenda, (self.now + span, self._count, act, args))

    def pass_to(self, moment: int) -> bool:
        """Let it be `moment`, if run() has nothing else to do up to then. Tells whether it is."""
        if moment > self._horizon or self._soon or (self._agenda and self._agenda[0][0] <= moment):
            return False
        self.now = moment
        return True

    def step(self, until: int) -> bool:
        """Do what is due next, if it is due by `until`. Tells whether anything was."""
        if self._soon:
            act, args = self._soon.popleft()
        elif self._agenda and self._agenda[0][0] <= until:
            self.now, _, act, args = heappop(self._agenda)
        else:
            return False
        act(*args)
        return True

    def run(self, until: int) -> None:
        """Do all that is due up to and at the moment `until`, which is then the present."""
        soon, agenda = self._soon, self._agenda
        self._horizon = until
        # As step() does, written out: most of a long simulation is spent going round here.
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
        """The present in seconds since the epoch."""
        return self.now / SECOND
