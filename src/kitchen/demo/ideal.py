"""How fast an oven could be at best."""

import heapq
from collections.abc import Iterable


def ideal_secs(baking_times_secs: Iterable[int], capacity: int) -> int:
    """When the last one is out, first come first served on `capacity` slots, if all else took no time."""
    free_at = [0] * capacity
    last = 0
    for baking_time_secs in baking_times_secs:
        out_at = free_at[0] + baking_time_secs
        heapq.heapreplace(free_at, out_at)
        last = max(last, out_at)
    return last
