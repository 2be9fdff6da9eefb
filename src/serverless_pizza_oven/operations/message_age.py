"""The ages of the oldest messages, from CloudWatch: receiving from the line would lock it."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.sdk_errors import aws_errors

SQS_SECS = 15 * 60
"""How old the last value of a queue's metric may be: SQS sends one each minute, some minutes late."""

HEAD_SECS = 5 * 60
"""How old the last value of OldestWaiting may be. While items wait, the pilot light causes one a minute."""

PERIOD_SECS = 60


class _Metric(NamedTuple):
    namespace: str
    name: str
    dimension: str
    value: str


def oldest_message_secs(aws: Aws, queue_url: str, now: float) -> float | None:
    """The age of a queue's oldest message in seconds; None if it is unknown. Raises AwsError.

    SQS leaves out a message that was received three times or more and not deleted
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
    """
    metric = _Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue_url.rpartition("/")[2])
    return _newest(aws, metric, now, SQS_SECS)


def oldest_waiting_secs(aws: Aws, stack: Stack, now: float) -> float | None:
    """The age of the oldest item in line in seconds; None if it is unknown. Raises AwsError.

    While the head of the line does not fit, it is received again and again, so SQS leaves it out. Bake Items
    tells its age by the metric OldestWaiting, if the stack has metrics. The larger of both counts.
    """
    head = _newest(aws, _Metric("PizzaOven", "OldestWaiting", "Stack", stack.name), now, HEAD_SECS)
    ages = (head, oldest_message_secs(aws, stack.waiting_items, now))
    return max((age for age in ages if age is not None), default=None)


def _newest(aws: Aws, metric: _Metric, now: float, max_age_secs: float) -> float | None:
    # A minute ahead, in case this clock is slow.
    end = datetime.fromtimestamp(now, UTC) + timedelta(seconds=60)
    with aws_errors(f"asking CloudWatch for {metric.name} of {metric.value}"):
        points = aws.cloudwatch.get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": metric.dimension, "Value": metric.value}],
            StartTime=end - timedelta(seconds=max_age_secs),
            EndTime=end,
            Period=PERIOD_SECS,
            Statistics=["Maximum"],
        )["Datapoints"]
    newest = max(points, key=lambda point: point["Timestamp"], default=None)
    return newest["Maximum"] if newest else None
