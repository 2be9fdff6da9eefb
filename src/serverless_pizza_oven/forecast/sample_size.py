"""How many items show how an oven does: whole days, or until the line has settled."""

import math

from serverless_pizza_oven.forecast.arrivals import DAY, Arrivals, AtOnce, Daily, Poisson
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.profile import WEEK, HourlyProfile
from serverless_pizza_oven.forecast.workload import MAX_DAYS
from serverless_pizza_oven.simulator.loop import SECOND

AT_ONCE_ITEMS = 100

MOST_ITEMS = 200_000
"""Without --items at most so many are drawn, which takes less than a minute; but always a whole day."""

FEW_ITEMS = 10_000
"""More days than one are drawn up to about so many items."""

SETTLED_ITEMS = 10_000
SETTLED_BAKINGS = 20
"""An oven that begins empty has settled after some times the longest baking time. At these numbers, runs of
other seeds differ by some per cent."""

LEAST_ITEMS = 1_000
LEAST_BAKINGS = 5
"""With less than these, the beginning dominates."""


def default_count(when: Arrivals, baking_secs: Distribution) -> int:
    """How many items to draw if the user does not say: for patterns that repeat, whole periods."""
    if isinstance(when, Daily | HourlyProfile):
        period = _period(when)
        each = math.ceil(period / when.gap)
        return each * max(1, min(WEEK // period, FEW_ITEMS // each))
    if isinstance(when, Poisson):
        settled = math.ceil(SETTLED_BAKINGS * baking_secs.most * SECOND / when.gap)
        in_time = int(MAX_DAYS * DAY / when.gap)
        return max(min(max(SETTLED_ITEMS, settled), MOST_ITEMS, in_time), 1)
    return AT_ONCE_ITEMS


def notes_on(
    count: int, when: Arrivals, baking_secs: Distribution, slots: Distribution, capacity: int
) -> tuple[str, ...]:
    """What the user should know about `count` items: whether they are too few, or too many for the oven."""
    return tuple(
        filter(None, (_too_few(count, when, baking_secs), _overload(when, baking_secs, slots, capacity)))
    )


def _too_few(count: int, when: Arrivals, baking_secs: Distribution) -> str:
    whole = default_count(when, baking_secs)
    if isinstance(when, Daily | HourlyProfile) and count * when.gap < _period(when):
        period = "day" if _period(when) == DAY else "week"
        return (
            f"Too few items: {count:,} are less than a {period} of them, from its beginning. "
            f"Leave out --items to have whole {period}s ({whole:,} items)."
        )
    if isinstance(when, Poisson):
        is_short = count * when.gap < LEAST_BAKINGS * baking_secs.most * SECOND
        if count < LEAST_ITEMS or is_short:
            return (
                f"Too few items: with {count:,} the result depends on the empty beginning and on the seed. "
                f"Leave out --items to have it settle ({whole:,} items)."
            )
    return ""


def _overload(when: Arrivals, baking_secs: Distribution, slots: Distribution, capacity: int) -> str:
    if isinstance(when, AtOnce):
        return ""
    needed = float(baking_secs.mean * slots.mean * SECOND / when.gap)
    if needed < capacity:
        return ""
    return (
        f"Too few slots: the items need {needed:.1f} on average, and the oven has {capacity}. The line grows "
        "for as long as they arrive."
    )


def _period(when: Daily | HourlyProfile) -> int:
    return when.period if isinstance(when, HourlyProfile) else DAY
