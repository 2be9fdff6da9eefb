"""What a run costs, in dollars."""

from dataclasses import dataclass

from serverless_pizza_oven import prices
from serverless_pizza_oven.forecast.counts import FIFO, Usage
from serverless_pizza_oven.prices import MILLION
from serverless_pizza_oven.simulator.latencies import AWS, Latency
from serverless_pizza_oven.simulator.loop import MILLISECOND

MEMORY_GB = 0.5
"""Of each function, as the template has it."""

LOG_BYTES = 2_000
"""That the functions write for an item, metrics included, about."""

GB = 1_000_000_000


def median_ms(latency: Latency) -> int:
    """As people say it."""
    return round(latency.spans[len(latency.spans) // 2] / MILLISECOND)


ASSUMED = (
    f"Assumed: what AWS publishes no figures of, such as {median_ms(AWS.send)} ms for a request to SQS and "
    f"{median_ms(AWS.start_execution)} ms for one to Step Functions in the median; the sender and the "
    "receiver handle ten messages with each request, 5 pollers ask New Items all "
    "along, 20 s each time, and an item leaves 2 KB of logs. "
    f"Prices are those of {prices.REGION}, {prices.AS_OF}, before the free tier."
)
"""In words."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one service."""

    service: str
    dollars: float


def costs_of(usage: Usage) -> tuple[Cost, ...]:
    """What it all costs, the dearest first as a rule."""
    sqs = [requests for requests in usage.requests if requests.service == "SQS"]
    fifo = sum(requests.count for requests in sqs if requests.resource == FIFO)
    standard = sum(requests.count for requests in sqs) - fifo
    gb_secs = usage.billed_secs * MEMORY_GB
    logged_gb = usage.items * LOG_BYTES / GB
    return (
        Cost("Step Functions", usage.transitions * prices.TRANSITION.dollars),
        Cost("SQS", standard * prices.STANDARD_REQUEST.dollars + fifo * prices.FIFO_REQUEST.dollars),
        Cost(
            "DynamoDB",
            usage.write_units * prices.WRITE_UNIT.dollars + usage.read_units * prices.READ_UNIT.dollars,
        ),
        Cost("Lambda", usage.invocations * prices.INVOCATION.dollars + gb_secs * prices.GB_SECOND.dollars),
        Cost("CloudWatch", logged_gb * prices.LOG_GB.dollars),
    )


def for_a_million(dollars: float, items: int) -> float | None:
    """What the same would cost for a million items; None if there was none."""
    return dollars * MILLION / items if items else None
