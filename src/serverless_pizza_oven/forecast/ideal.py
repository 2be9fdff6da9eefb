"""How fast an oven could be at best."""

import heapq
from collections.abc import Iterable


class IdealOven:
    """First come, first served on `capacity` slots, where nothing but baking takes time.

    Time is in whole units of the caller's choice.
    """

    def __init__(self, capacity: int) -> None:
        self._free = [(0, capacity)]
        """From when on how many slots are free, as a heap."""
        self.last_out = 0
        """When the last one is out."""

    def bake(self, sent: int, baking_time: int, size: int = 1) -> None:
        """Bake an item of `size` slots that comes at `sent`, not before those that came before it."""
        begun, needed = sent, size
        while needed > 0:
            # Those that are free the longest: so nobody who comes later begins sooner.
            free_at, slots = heapq.heappop(self._free)
            begun = max(begun, free_at)
            if slots > needed:
                heapq.heappush(self._free, (free_at, slots - needed))
            needed -= slots
        heapq.heappush(self._free, (begun + baking_time, size))
        self.last_out = max(self.last_out, begun + baking_time)


def ideal_secs(baking_times_secs: Iterable[int], capacity: int) -> int:
    """When the last one is out, if all come at once and each takes one slot."""
    oven = IdealOven(capacity)
    for baking_time_secs in baking_times_secs:
        oven.bake(0, baking_time_secs)
    return oven.last_out
