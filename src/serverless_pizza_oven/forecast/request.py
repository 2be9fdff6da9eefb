"""The question of a forecast."""

from dataclasses import dataclass, field

from serverless_pizza_oven.forecast.workload import DrawnWorkload, Workload
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.faults import NONE, Faults
from serverless_pizza_oven.simulator.latencies import AWS, Latencies
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, Quotas


@dataclass(frozen=True, slots=True)
class ForecastRequest:
    """An oven, the items that are sent to it, and the AWS it runs on. Each item fits into the oven."""

    workload: Workload = field(default_factory=DrawnWorkload)
    setup: Setup = field(default_factory=Setup)
    quotas: Quotas = LARGE_REGION
    latencies: Latencies = AWS
    faults: Faults = NONE
    seed: int = 0
    lease_secs: int | None = None
    """The lease of the items, which are held for their baking times. None if they bake."""
