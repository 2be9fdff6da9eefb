"""What the page may ask an oven to bake."""

import json
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.errors import UsageError

MOST_PIZZAS = 20
MOST_BYTES = 1000
"""Of an order."""


@dataclass(frozen=True, slots=True)
class PizzaOrder:
    """Some equal pizzas. Whether the oven takes their time and their size is the oven's business."""

    count: int
    baking_time_secs: Any
    size: Any


def read_order(body: bytes) -> PizzaOrder:
    """Read `{"count": 5, "bakingTimeSecs": 5, "size": 1}`. Raises UsageError."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or fields.keys() != {"count", "bakingTimeSecs", "size"}:
        raise UsageError("an order is a JSON object with count, bakingTimeSecs and size")
    count = fields["count"]
    if type(count) is not int or not 1 <= count <= MOST_PIZZAS:
        raise UsageError(f"from 1 to {MOST_PIZZAS} pizzas may be sent at once, not {json.dumps(count)[:40]}")
    return PizzaOrder(count, fields["bakingTimeSecs"], fields["size"])
