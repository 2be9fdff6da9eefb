"""Computes from successive statuses how many items come out, how fast, and how long one waits."""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status

WINDOW_SECS = 60
"""The time over which rates are computed."""

HISTORY_POINTS = 300
"""Five minutes, at one point a second."""

MIN_SECS = 5
"""A rate over a shorter time is noise."""

GAP_SECS = 10
"""After a longer gap between two statuses, it is unknown when the items left."""

EARLY_SECS = 1
"""An item that leaves the oven earlier than this before its time was not baked."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The oven at a moment of its history."""

    at: float
    """In seconds since the epoch."""
    occupied: int
    capacity: int
    waiting: int
    out: int
    """Items that left the oven at their time, since the last point."""
    left: int
    """All items that left it."""


class LiveFigures:
    """Computes figures from one status after another."""

    def __init__(self) -> None:
        self._points: deque[HistoryPoint] = deque(maxlen=HISTORY_POINTS)
        self._since: dict[str, float] = {}
        self._baking: dict[str, BakingItem] = {}
        self._arrived: set[str] = set()

    @property
    def history(self) -> list[dict[str, Any]]:
        """The last minutes, the oldest first. Another thread may add a status meanwhile."""
        return [asdict(point) for point in tuple(self._points)]

    def add(self, status: Status) -> dict[str, Any]:
        """Add a status, and return what the page shows."""
        point = self._add_point(status)
        return {
            **asdict(point),
            "paused": status.is_paused,
            "tooFewSlots": status.too_few_slots,
            "throttled": [requests.in_words() for requests in status.throttled],
            "new": status.depths.new,
            "baked": status.depths.baked,
            "dead": status.depths.dead,
            "bakedAMinute": self._baked_per_minute(),
            "waitSecs": self._wait_secs(status),
            "items": [self._item(item, status.at) for item in status.baking],
        }

    def _item(self, item: BakingItem, now: float) -> list[Any]:
        """An item as the page gets it. A held one tells how often its lease was extended, and its holder."""
        told = [item.id, item.size, item.until, self._since[item.id], item.is_overdue(now)]
        if not item.is_held:
            return told
        return [*told, item.extensions, item.holder] if item.holder else [*told, item.extensions]

    def _add_point(self, status: Status) -> HistoryPoint:
        now = {item.id: item for item in status.baking}
        gone = [item for item in self._baking.values() if item.id not in now]
        watched = bool(self._points) and status.at - self._points[-1].at <= GAP_SECS
        if not watched:
            self._arrived.clear()
            gone = []
        new = now.keys() - self._baking.keys()
        self._since = {item.id: self._seen_since(item, status.at) for item in status.baking}
        self._arrived = (self._arrived & now.keys()) | (new if watched else set())
        self._baking = now
        # A held item comes out nowhere: it is released, or becomes a dead letter.
        out = sum(item.until <= status.at + EARLY_SECS for item in gone if not item.is_held)
        point = HistoryPoint(status.at, status.occupied, status.capacity, status.waiting, out, len(gone))
        self._points.append(point)
        return point

    def _seen_since(self, item: BakingItem, now: float) -> float:
        """Since when the page knows the time of an item. An extension begins the lease of a held one anew."""
        known = self._baking.get(item.id)
        return self._since[item.id] if known and (known.until == item.until or not item.is_held) else now

    def _baked_per_minute(self) -> float | None:
        recent, secs = self._recent()
        return sum(point.out for point in recent) * 60 / secs if secs >= MIN_SECS else None

    def _wait_secs(self, status: Status) -> float | None:
        """The time that an item would wait if it joined the line now. None if that is unknown."""
        if not status.waiting:
            return 0.0
        rate = self._leaving_per_sec()
        return status.waiting / rate if rate and not status.is_paused else None

    def _leaving_per_sec(self) -> float:
        """The rate at which items leave: as measured, once as many left within the window as are in the oven.

        Before that, it is estimated from the baking times of the items that were seen to arrive.
        """
        recent, secs = self._recent()
        left = sum(point.left for point in recent)
        if secs >= MIN_SECS and left >= max(len(self._baking), 1):
            return left / secs
        # When a held item will be released is unknown.
        baking = {item_id: item for item_id, item in self._baking.items() if not item.is_held}
        known = [baking[item_id].until - self._since[item_id] for item_id in self._arrived & baking.keys()]
        if not known:
            return left / secs if secs >= MIN_SECS else 0.0
        return sum(1 / max(secs, 1) for secs in known) * len(baking) / len(known)

    def _recent(self) -> tuple[Sequence[HistoryPoint], float]:
        """The newest points of the window without a gap between them, and the seconds that they cover."""
        end = later = self._points[-1].at
        recent = []
        for point in takewhile(lambda point: point.at > end - WINDOW_SECS, reversed(self._points)):
            if later - point.at > GAP_SECS:
                break
            later = point.at
            recent.append(point)
        return recent, end - later
