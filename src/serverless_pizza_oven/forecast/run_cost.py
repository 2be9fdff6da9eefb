"""What a run costs, in US dollars."""

from dataclasses import dataclass

from serverless_pizza_oven import prices
from serverless_pizza_oven.forecast.run_usage import FIFO, RunUsage
from serverless_pizza_oven.prices import MILLION
from serverless_pizza_oven.simulator.latencies import AWS, Latency
from serverless_pizza_oven.simulator.loop import MILLISECOND

MEMORY_GB = 0.5
"""The memory of each function in the template."""

LOG_BYTES = 2_000
"""About what the functions log per item, metrics included."""

GB = 1_000_000_000


def median_ms(latency: Latency) -> int:
    """The median, rounded to milliseconds."""
    return round(latency.spans[len(latency.spans) // 2] / MILLISECOND)


ASSUMED = (
    f"Assumed, since AWS publishes no figures: {median_ms(AWS.send)} ms for a request to SQS and "
    f"{median_ms(AWS.start_execution)} ms for one to Step Functions, in the median, and others. The sender "
    "and the receiver handle ten messages with each request, 5 pollers poll New Items, 20 s each time, and "
    f"an item leaves 2 KB of logs. {prices.TRANSITIONS_NOTE} "
    f"Prices are those of {prices.REGION}, {prices.AS_OF}, before the free tier."
)
"""What a forecast assumes, in words."""


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """What one service costs."""

    service: str
    dollars: float


def costs_of(usage: RunUsage) -> tuple[ServiceCost, ...]:
    """What a run costs, by service."""
    sqs = [requests for requests in usage.requests if requests.service == "SQS"]
    fifo = sum(requests.count for requests in sqs if requests.resource == FIFO)
    standard = sum(requests.count for requests in sqs) - fifo
    gb_secs = usage.billed_secs * MEMORY_GB
    logged_gb = usage.items * LOG_BYTES / GB
    return (
        ServiceCost("Step Functions", usage.transitions * prices.TRANSITION.dollars),
        ServiceCost("SQS", standard * prices.STANDARD_REQUEST.dollars + fifo * prices.FIFO_REQUEST.dollars),
        ServiceCost(
            "DynamoDB",
            usage.write_units * prices.WRITE_UNIT.dollars + usage.read_units * prices.READ_UNIT.dollars,
        ),
        ServiceCost(
            "Lambda", usage.invocations * prices.INVOCATION.dollars + gb_secs * prices.GB_SECOND.dollars
        ),
        ServiceCost("CloudWatch", logged_gb * prices.LOG_GB.dollars),
    )


def per_million_items(dollars: float, items: int) -> float | None:
    """The cost of a million such items; None if there was no item."""
    return dollars * MILLION / items if items else None
