"""What extensions, rounds and waiting add to the cost of held items, in US dollars."""

from dataclasses import dataclass

from serverless_pizza_oven import prices
from serverless_pizza_oven.forecast.holders import HoldUsage
from serverless_pizza_oven.forecast.run_cost import MEMORY_GB
from serverless_pizza_oven.forecast.run_usage import FunctionUsage, RunUsage

TRANSITIONS_PER_ROUND = 3
"""Item Removed finds the lease extended, its end is read from the error, and the execution waits again."""

REQUESTS_PER_BATCH = 2
"""To receive a batch of messages, and to delete it."""


@dataclass(frozen=True, slots=True)
class HoldCost:
    """Parts of the cost of a run. The rest is what its items cost without them."""

    extensions: float
    """Their messages, their share of Bake Items, a write each, and the reads that confirm them."""
    rounds: float
    """State transitions, and Item Removed."""
    waiting: float
    """Reads of the row by holders that wait."""


def hold_cost_of(usage: RunUsage, holds: HoldUsage) -> HoldCost:
    """What the holders of a run add to its cost."""
    bake_items, item_removed = usage.functions
    batches = _count(usage, "DeleteMessageBatch", by="event source")
    sent = sum(_count(usage, "SendMessage", by=by) for by in ("holders", "functions", "EventBridge"))
    share = holds.extensions / sent if sent else 0
    writes = _count(usage, "UpdateItem", by="functions")
    units_per_write = usage.write_units / writes if writes else 0
    requests = holds.extensions + share * batches * REQUESTS_PER_BATCH
    return HoldCost(
        extensions=requests * prices.STANDARD_REQUEST.dollars
        + share * _function_cost(bake_items)
        + holds.extensions * units_per_write * prices.WRITE_UNIT.dollars
        + holds.confirmation_units * prices.READ_UNIT.dollars,
        rounds=holds.rounds * TRANSITIONS_PER_ROUND * prices.TRANSITION.dollars
        + _function_cost(item_removed),
        waiting=holds.look_units * prices.READ_UNIT.dollars,
    )


def _count(usage: RunUsage, action: str, by: str) -> int:
    """Requests to the queue New Items or to the row."""
    resources = ("New Items", "Baking Table")
    return sum(
        each.count
        for each in usage.requests
        if (each.action, each.by) == (action, by) and each.resource in resources
    )


def _function_cost(function: FunctionUsage) -> float:
    gb_secs = function.billed_secs * MEMORY_GB
    return function.invocations * prices.INVOCATION.dollars + gb_secs * prices.GB_SECOND.dollars
