"""The part of an oven's status that CloudWatch measures."""

from dataclasses import dataclass

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.message_age import age_metrics, oldest_message_secs, oldest_waiting_secs
from serverless_pizza_oven.operations.recent_metrics import PERIOD_SECS, Metric, read_recent
from serverless_pizza_oven.operations.throttling import (
    ThrottledRequests,
    throttled_requests,
    throttling_metrics,
)

MEASURED_SECS = PERIOD_SECS
"""How old it may be: CloudWatch has a new value each minute, and charges for each that is asked for."""


@dataclass(frozen=True, slots=True)
class MeasuredStatus:
    """What CloudWatch tells of the last minutes. It may be some minutes behind."""

    at: float
    """When it was read, in seconds since the epoch."""
    oldest_waiting_secs: float | None = None
    """None if CloudWatch has no value."""
    oldest_dead_secs: float | None = None
    """Likewise."""
    throttled: tuple[ThrottledRequests, ...] = ()
    """The quotas that limit the oven. Empty if CloudWatch has no value."""


def status_metrics(stack: Stack) -> tuple[Metric, ...]:
    """The metrics that are asked for."""
    return *age_metrics(stack), *throttling_metrics(stack)


def measured_status(
    aws: Aws, stack: Stack, now: float, earlier: MeasuredStatus | None = None
) -> MeasuredStatus:
    """Read it with one request. Returns `earlier` if that is recent enough. Raises AwsError."""
    if earlier and now - earlier.at < MEASURED_SECS:
        return earlier
    recent = read_recent(aws, status_metrics(stack), now)
    return MeasuredStatus(
        at=now,
        oldest_waiting_secs=oldest_waiting_secs(recent, stack),
        oldest_dead_secs=oldest_message_secs(recent, stack.dead_letters),
        throttled=throttled_requests(recent, stack),
    )
