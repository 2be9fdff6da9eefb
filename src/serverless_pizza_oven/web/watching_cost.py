"""What watching an oven costs on AWS."""

import math

from serverless_pizza_oven.operations.status import BACKGROUND_SECS
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
"""New Items, Baked Items, the dead letters; the line is a FIFO queue."""

METRICS = 3
"""Two of the oldest item in line, and one of the oldest dead letter. The rest of the background is free."""

LEASE_BYTES = 60
"""Of an item in the row: its id, twice if it has more than one slot, and two numbers."""

UNIT_BYTES = 4096
"""What a read unit reads."""


def dollars_an_hour(items: int) -> float:
    """For an oven with so many items in it, while at least one page is open, before the free tier."""
    looks = HOUR_SECS / POLL_EVERY_SECS
    units = max(math.ceil(items * LEASE_BYTES / UNIT_BYTES), 1)
    return total(
        [
            Charge(STANDARD_REQUEST, STANDARD_QUEUES * looks),
            Charge(FIFO_REQUEST, looks),
            Charge(READ_UNIT, units * looks),
            Charge(METRIC_REQUEST, METRICS * HOUR_SECS / BACKGROUND_SECS),
        ]
    )


def cost_in_words(capacity: int, *, is_local: bool) -> str:
    """What an oven of so many slots costs to watch, for the page to show."""
    looks = (
        "This page reads, and takes nothing: the numbers of four queues and one row of a table each second, "
        "some descriptions every 10 seconds; and when the number of dead letters changes it peeks at up to "
        "ten, which nobody else sees for that moment."
    )
    price = f"costs about {dollars_an_hour(capacity) * 100:.1f} cents an hour on AWS ({REGION})"
    if is_local:
        return f"{looks} Here that is free; it {price}."
    return f"{looks} That {price} while the page is open, and nothing while none is."
