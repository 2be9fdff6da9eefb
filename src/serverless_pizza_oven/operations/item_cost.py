"""What items cost: how much of AWS an item uses, and the charges for a million items."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields

from pizza_oven.row import Lease
from pizza_oven.settlement import Settlement
from serverless_pizza_oven import prices
from serverless_pizza_oven.prices import MILLION, TRANSITIONS_PER_EXECUTION, Charge
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable

MEMORY_GB = 0.5
"""The memory of each function in the template."""

FRAME_BYTES = 370
DECISION_BYTES = 240
METRICS_BYTES = 350
"""Bytes of a log: what Lambda writes for an invocation, a decision, and the metrics of an invocation. Counted
on the local stack, with ids of 36 characters, and with the 26 bytes that CloudWatch adds to each line."""

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """The average use of AWS by an item or a trigger."""

    standard_requests: float
    """Requests to all queues except the line, including requests of the event source mapping."""
    fifo_requests: float
    """Requests to the line."""
    writes: float
    """Writes of the row. Each takes one write unit per KB of the row."""
    invocations: float
    function_secs: float
    """Duration of all invocations together."""
    decisions: float
    """Log lines."""
    transitions: float = 0
    reads: float = 0
    """Reads of the row. Each takes one read unit per 4 KB of the row."""

    def __add__(self, other: "ResourceUse") -> "ResourceUse":
        return ResourceUse(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(ResourceUse))
        )

    def __mul__(self, times: float) -> "ResourceUse":
        return ResourceUse(*(getattr(self, field.name) * times for field in fields(ResourceUse)))


# Counted by the simulator with the latencies of AWS, for items that come one at a time. Items that come in
# tens use less. The sender and the receiver handle ten messages with a request.

IDLE_CHECK = ResourceUse(
    standard_requests=4,
    fifo_requests=1,
    writes=1,
    invocations=1,
    function_secs=0.045,
    decisions=0,
    reads=1,
)
"""A trigger in an idle oven, as the pilot light sends one."""

ADMITTED_AT_ONCE = ResourceUse(
    standard_requests=3.3,
    fifo_requests=0,
    writes=2,
    invocations=2,
    function_secs=0.07,
    decisions=2,
    transitions=TRANSITIONS_PER_EXECUTION,
)
"""An item that is admitted at once."""

ADMITTED_FROM_LINE = ResourceUse(
    standard_requests=3.3,
    fifo_requests=2.9,
    writes=4.9,
    invocations=2,
    function_secs=0.13,
    decisions=3,
    transitions=TRANSITIONS_PER_EXECUTION,
)
"""An item that waits in line first."""


def cost_per_million(parameters: Mapping[str, str], size: int, waiting: float) -> list[Charge]:
    """The charges for a million items of `size` slots. The share `waiting` (0 to 1) of them waits in line.

    The oven is full all the time: with more items in it the row is larger, and each write takes more units.
    The baking time makes no difference.
    """
    slots = int(parameters.get("BakingTableCapacityCount", "1"))
    use = ADMITTED_AT_ONCE * (1 - waiting) + ADMITTED_FROM_LINE * waiting
    return charges_for(use * MILLION, row_units(max(slots // size, 1), size), parameters)


def row_units(items: int, size: int) -> int:
    """The write units of one write of the row with `items` items of `size` slots in the oven.

    Ids are 36 characters long, as UUIDs are.
    """
    table = MemoryBakingTable()
    leases = {f"{number:036}": Lease(size, 0) for number in range(items)}
    table.settle(Settlement(loads=leases), sys.maxsize, now=0)
    return table.write_units


def charges_for(use: ResourceUse, row_units: int, parameters: Mapping[str, str]) -> list[Charge]:
    """What AWS charges for this use, in a stack with these parameters."""
    log_bytes = use.invocations * FRAME_BYTES + use.decisions * DECISION_BYTES
    if is_enabled(parameters, "Metrics"):
        log_bytes += use.invocations * METRICS_BYTES
    charges = [
        Charge(prices.TRANSITION, use.transitions),
        Charge(prices.STANDARD_REQUEST, use.standard_requests),
        Charge(prices.FIFO_REQUEST, use.fifo_requests),
        Charge(prices.WRITE_UNIT, use.writes * row_units),
        Charge(prices.READ_UNIT, use.reads * -(-row_units // 4)),
        Charge(prices.INVOCATION, use.invocations),
        Charge(prices.GB_SECOND, use.function_secs * MEMORY_GB),
        Charge(prices.LOG_GB, log_bytes / GB),
    ]
    if is_enabled(parameters, "Tracing"):
        # An execution and its task are one trace. This is the most: above one a second X-Ray records 5 %
        # (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html).
        charges.append(Charge(prices.TRACE, use.invocations))
    return [charge for charge in charges if charge.count]


def is_enabled(parameters: Mapping[str, str], name: str) -> bool:
    """Whether a parameter is ENABLED. A missing one is not."""
    return parameters.get(name) == "ENABLED"
