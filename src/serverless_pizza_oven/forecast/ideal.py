"""The shortest time in which items can bake."""

import heapq
from collections.abc import Iterable


class IdealOven:
    """An oven of `capacity` slots, first come, first served, in which nothing but baking takes time.

    Times are whole numbers, in a unit of the caller's choice.
    """

    def __init__(self, capacity: int) -> None:
        self._free = [(0, capacity)]
        """Pairs of a time and the number of slots that are free from then on, as a heap."""
        self.last_out = 0
        """When the last item is out."""

    def bake(self, sent: int, baking_time: int, size: int = 1) -> int:
        """Bake an item of `size` slots that is sent at `sent`; it does not begin before an earlier item.

        Returns when it begins.
        """
        begun, needed = sent, size
        while needed > 0:
            # Take the slots that are free longest, so that no later item begins earlier.
            free_at, slots = heapq.heappop(self._free)
            begun = max(begun, free_at)
            if slots > needed:
                heapq.heappush(self._free, (free_at, slots - needed))
            needed -= slots
        heapq.heappush(self._free, (begun + baking_time, size))
        self.last_out = max(self.last_out, begun + baking_time)
        return begun


def ideal_secs(baking_times_secs: Iterable[int], capacity: int) -> int:
    """When the last item is out, if all are sent at 0 and each takes one slot."""
    oven = IdealOven(capacity)
    for baking_time_secs in baking_times_secs:
        oven.bake(0, baking_time_secs)
    return oven.last_out
