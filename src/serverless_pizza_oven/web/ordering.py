"""What the page may send to an oven."""

import json
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.errors import UsageError

MAX_PIZZAS = 20
MAX_BYTES = 1000
"""The most pizzas in one order."""


@dataclass(frozen=True, slots=True)
class PizzaOrder:
    """A number of equal pizzas. Whether time and size are valid is checked when they are sent."""

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
    if type(count) is not int or not 1 <= count <= MAX_PIZZAS:
        raise UsageError(f"from 1 to {MAX_PIZZAS} pizzas may be sent at once, not {json.dumps(count)[:40]}")
    return PizzaOrder(count, fields["bakingTimeSecs"], fields["size"])
