"""Finds out who holds items: an item may say so in its field `holder`, which only its execution knows."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.execution import Execution
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.sdk_errors import adapter_errors
from serverless_pizza_oven.text import plain

MOST_LOOKED_UP = 10
"""How many items are looked up at once: as many as `oven status` shows.

Bake Items, too, needs DescribeExecution, of which an account has 10 to 15 a second
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

MOST_CHARS = 100
"""The part of a holder's name that is shown beside other items. `oven item` shows all of it."""

Describe = Callable[[str], Execution | None]
"""The execution of an item; None if there is none yet. Raises AwsError."""


def holder_of(item: Any) -> str:
    """Who holds an item, by its field `holder`. Empty if it does not say so in a text."""
    holder = item.get("holder") if isinstance(item, Mapping) else None
    return holder if isinstance(holder, str) else ""


def with_holders(
    items: Sequence[BakingItem],
    known: Iterable[BakingItem],
    describe: Describe,
    most: int = MOST_LOOKED_UP,
) -> tuple[BakingItem, ...]:
    """The same items, in which the held ones have their holders as far as these are known.

    A holder that one of the `known` items has is not looked up again: an execution keeps its input. Up to
    `most` others are looked up, one request each, the first items first. After a request that failed, the
    rest stay unknown.
    """
    holders = {item.id: item.holder for item in known if item.holder is not None}
    missing = [item.id for item in items if item.is_held and item.id not in holders]
    holders.update(_look_up(missing[:most], describe))
    return tuple(replace(item, holder=holders.get(item.id)) if item.is_held else item for item in items)


def description_of(aws: Aws, stack: Stack) -> Describe:
    """Asks Step Functions for the executions of a stack's items."""

    def describe(item_id: str) -> Execution | None:
        with adapter_errors(f"asking Step Functions for {item_id}"):
            states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
            return states.describe(item_id)

    return describe


def _look_up(item_ids: Iterable[str], describe: Describe) -> dict[str, str]:
    found = {}
    for item_id in item_ids:
        try:
            execution = describe(item_id)
        except AwsError:
            # A user without the right to ask still sees the rest. A throttled account is left alone.
            break
        if execution is not None:
            found[item_id] = plain(holder_of(json.loads(execution.body or "{}")))[:MOST_CHARS]
    return found
