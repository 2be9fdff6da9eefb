"""What watching an oven costs on AWS."""

import math

from serverless_pizza_oven.operations.measured_status import MEASURED_SECS
from serverless_pizza_oven.prices import (
    FIFO_REQUEST,
    METRIC_REQUEST,
    READ_UNIT,
    REGION,
    STANDARD_REQUEST,
    Charge,
    total,
)
from serverless_pizza_oven.web.polling import POLL_EVERY_SECS

HOUR_SECS = 3600

STANDARD_QUEUES = 3
"""New Items, Baked Items and the dead-letter queue. The line is a FIFO queue."""

METRICS = 9
"""Three of the ages of messages, and six of throttled requests. The rest of the background is free."""

LEASE_BYTES = 60
"""Bytes of an item in the row: its id, twice if it has more than one slot, and two numbers."""

UNIT_BYTES = 4096
"""Bytes that one read unit reads."""


def dollars_an_hour(items: int) -> float:
    """The cost of an hour with the page open, of an oven with `items` items in it, before the free tier."""
    polls = HOUR_SECS / POLL_EVERY_SECS
    units = max(math.ceil(items * LEASE_BYTES / UNIT_BYTES), 1)
    return total(
        [
            Charge(STANDARD_REQUEST, STANDARD_QUEUES * polls),
            Charge(FIFO_REQUEST, polls),
            Charge(READ_UNIT, units * polls),
            Charge(METRIC_REQUEST, METRICS * HOUR_SECS / MEASURED_SECS),
        ]
    )


def cost_in_words(capacity: int, *, is_local: bool) -> str:
    """The cost of watching an oven of `capacity` slots, as the page shows it."""
    requests = (
        "This page only reads: each second the numbers of four queues and one row of a table, and more every "
        "10 seconds and each minute. When the number of dead letters changes, it reads up to ten of them, "
        "which hides them from others for a moment."
    )
    price = f"costs about {dollars_an_hour(capacity) * 100:.1f} cents an hour on AWS ({REGION})"
    if is_local:
        return f"{requests} Here that is free; it {price}."
    return f"{requests} That {price} while the page is open, and nothing while none is."
