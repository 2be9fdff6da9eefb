"""What is told from one look at the oven to the next: who came, who left, how fast, how long one waits."""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

from serverless_pizza_oven.operations.status import BakingItem, Status

WINDOW_SECS = 60
"""What the rates are taken from."""

HISTORY_LOOKS = 300
"""Those of the last five minutes, at one a second."""

LEAST_SECS = 5
"""A rate of less is chance."""

GAP_SECS = 10
"""Nobody looked for so long: what left meanwhile did so nobody knows when."""

EARLY_SECS = 1
"""Who leaves the oven by more than this before its time has not been baked."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The oven at a moment of its history."""

    at: float
    """In seconds since the epoch."""
    occupied: int
    capacity: int
    waiting: int
    out: int
    """Items that left the oven at their time, since the look before."""
    left: int
    """All that left it."""


class LiveFigures:
    """Takes in one look after the other."""

    def __init__(self) -> None:
        self._points: deque[HistoryPoint] = deque(maxlen=HISTORY_LOOKS)
        self._since: dict[str, float] = {}
        self._baking: dict[str, BakingItem] = {}
        self._arrived: set[str] = set()

    @property
    def history(self) -> list[dict[str, Any]]:
        """The last minutes, the oldest first. May be asked for while another thread takes in a look."""
        return [asdict(point) for point in tuple(self._points)]

    def take(self, status: Status) -> dict[str, Any]:
        """What the page is told of a look."""
        point = self._note(status)
        return {
            **asdict(point),
            "paused": status.is_paused,
            "new": status.depths.new,
            "baked": status.depths.baked,
            "dead": status.depths.dead,
            "bakedAMinute": self._baked_a_minute(),
            "waitSecs": self._wait_secs(status),
            "items": [
                [item.id, item.size, item.until, self._since[item.id], item.is_overdue(status.at)]
                for item in status.baking
            ],
        }

    def _note(self, status: Status) -> HistoryPoint:
        now = {item.id: item for item in status.baking}
        gone = [item for item in self._baking.values() if item.id not in now]
        watched = bool(self._points) and status.at - self._points[-1].at <= GAP_SECS
        if not watched:
            self._arrived.clear()
            gone = []
        new = now.keys() - self._baking.keys()
        self._since = {item_id: self._since.get(item_id, status.at) for item_id in now}
        self._arrived = (self._arrived & now.keys()) | (new if watched else set())
        self._baking = now
        out = sum(item.until <= status.at + EARLY_SECS for item in gone)
        point = HistoryPoint(status.at, status.occupied, status.capacity, status.waiting, out, len(gone))
        self._points.append(point)
        return point

    def _baked_a_minute(self) -> float | None:
        recent, secs = self._recent()
        return sum(point.out for point in recent) * 60 / secs if secs >= LEAST_SECS else None

    def _wait_secs(self, status: Status) -> float | None:
        """How long one would wait who joined the line now; None if nobody can tell."""
        if not status.waiting:
            return 0.0
        rate = self._leaving_a_second()
        return status.waiting / rate if rate and not status.is_paused else None

    def _leaving_a_second(self) -> float:
        """As it was, once a whole ovenful has left within the window; before, as the baking times promise.

        An oven in which each item bakes for so many seconds loses one of them every so many.
        """
        recent, secs = self._recent()
        left = sum(point.left for point in recent)
        if secs >= LEAST_SECS and left >= max(len(self._baking), 1):
            return left / secs
        known = [self._baking[item_id].until - self._since[item_id] for item_id in self._arrived]
        if not known:
            return left / secs if secs >= LEAST_SECS else 0.0
        return sum(1 / max(secs, 1) for secs in known) * len(self._baking) / len(known)

    def _recent(self) -> tuple[Sequence[HistoryPoint], float]:
        """The looks of the window that followed close on one another, and how long they took in all."""
        end = later = self._points[-1].at
        recent = []
        for point in takewhile(lambda point: point.at > end - WINDOW_SECS, reversed(self._points)):
            if later - point.at > GAP_SECS:
                break
            later = point.at
            recent.append(point)
        return recent, end - later
