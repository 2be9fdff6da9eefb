"""Counts the pizzas of a run at each place."""

from dataclasses import dataclass

from serverless_pizza_oven.demo.demo_oven import Observation
from serverless_pizza_oven.demo.tally import Tally


@dataclass(frozen=True, slots=True)
class Bars:
    """The pizzas of a run that are in New Items, in line, in the oven, and out."""

    new: int
    waiting: int
    baking: int
    out: int


def bars(seen: Observation, before: int, tally: Tally) -> Bars:
    """Estimate how many of the observed messages and items are pizzas of the run.

    `before` is how many messages of others may be left in New Items from before the run. The line is first
    come, first served, so the pizzas under way are the best upper bound there.
    """
    under_way = tally.under_way
    baking = None
    if seen.leases is not None:
        baking = min(tally.leases_of(seen.leases), under_way)
        under_way -= baking
    new = min(max(seen.new - before, 0), under_way)
    waiting = min(seen.waiting, under_way - new)
    if baking is None:
        baking = under_way - new - waiting
    return Bars(new, waiting, baking, tally.out)
