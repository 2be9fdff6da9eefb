"""The ages of the oldest messages, from CloudWatch: receiving from the line would lock it."""

from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.recent_metrics import WINDOW_SECS, Metric, RecentMetrics

HEAD_SECS = 5 * 60
"""How old the last value of OldestWaiting may be. While items wait, the pilot light causes one a minute."""


def age_metrics(stack: Stack) -> tuple[Metric, ...]:
    """The metrics that the ages are read from."""
    return _of_head(stack), _of_queue(stack.waiting_items), _of_queue(stack.dead_letters)


def oldest_message_secs(recent: RecentMetrics, queue_url: str) -> float | None:
    """The age of a queue's oldest message in seconds; None if it is unknown.

    SQS leaves out a message that was received three times or more and not deleted
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
    """
    return _newest(recent, _of_queue(queue_url), WINDOW_SECS)


def oldest_waiting_secs(recent: RecentMetrics, stack: Stack) -> float | None:
    """The age of the oldest item in line in seconds; None if it is unknown.

    While the head of the line does not fit, it is received again and again, so SQS leaves it out. Bake Items
    tells its age by the metric OldestWaiting, if the stack has metrics. The larger of both counts.
    """
    head = _newest(recent, _of_head(stack), HEAD_SECS)
    ages = (head, oldest_message_secs(recent, stack.waiting_items))
    return max((age for age in ages if age is not None), default=None)


def _of_queue(queue_url: str) -> Metric:
    name = queue_url.rpartition("/")[2]
    return Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name, "Maximum")


def _of_head(stack: Stack) -> Metric:
    return Metric("PizzaOven", "OldestWaiting", "Stack", stack.name, "Maximum")


def _newest(recent: RecentMetrics, metric: Metric, within_secs: float) -> float | None:
    values = recent.values(metric, within_secs)
    return values[-1] if values else None
