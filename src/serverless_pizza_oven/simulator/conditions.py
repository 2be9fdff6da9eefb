"""The parameters of a world: how the oven is deployed, and what AWS is like."""

from dataclasses import dataclass

from pizza_oven.context import (
    CROWDED_SLOTS,
    LOOK_FIRST_SLOTS,
    RECEIVE_MORE_SLOTS,
    SLOTS_PER_PACKED_ITEM,
)
from pizza_oven.messages import BATCH
from serverless_pizza_oven.simulator.executions import NAMES_KEPT
from serverless_pizza_oven.simulator.faults import NONE, Faults
from serverless_pizza_oven.simulator.latencies import AWS, Latencies
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, Quotas


@dataclass(frozen=True, slots=True)
class Setup:
    """The parameters of the stack, with the defaults of the template."""

    capacity: int = 14
    """In slots."""
    visibility_secs: int = 60
    max_receives: int = 30
    max_concurrency: int = 5
    batch_size: int = 10
    line_visibility_secs: int = 4
    leaving_visibility_secs: int = 15
    pilot_light_secs: int | None = 60
    look_first_slots: int = LOOK_FIRST_SLOTS
    crowded_slots: int = CROWDED_SLOTS
    slots_per_packed_item: int = SLOTS_PER_PACKED_ITEM
    receive_more_slots: int = RECEIVE_MORE_SLOTS
    """Number of slots from which Bake Items works as in a large oven."""
    full_batch: int = BATCH


@dataclass(frozen=True, slots=True)
class Conditions:
    """The latencies, quotas and faults of AWS."""

    latencies: Latencies = AWS
    quotas: Quotas = LARGE_REGION
    faults: Faults = NONE
    names_kept: int = NAMES_KEPT
    """How long the names of ended executions are kept, in microseconds. Each takes memory."""
