"""CloudWatch: metrics that MiniStack lacks."""

import functools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

POISON_RECEIVES = 3
"""A message that was received this often and not deleted does not count for the age of its queue."""


def measure_queues(cloudwatch: Any, sqs: Any) -> None:
    """Publish the age of each queue's oldest message whenever somebody asks for a metric.

    SQS itself publishes it once a minute, and leaves out messages that were received three times or more
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
    """
    for name in ("_get_metric_statistics", "_get_metric_data"):
        setattr(cloudwatch, name, _after(cloudwatch, sqs, getattr(cloudwatch, name)))


def _after(cloudwatch: Any, sqs: Any, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Publish the ages, then answer."""

    @functools.wraps(answer)
    def measured(*request: Any) -> Any:
        now = time.time()
        for queue in sqs._queues.values():
            ages = (
                now - message["sent_at"]
                for message in list(queue["messages"])
                if message["receive_count"] < POISON_RECEIVES or _was_moved(message)
            )
            of_queue = {"QueueName": queue["name"]}
            age = max(ages, default=0)
            cloudwatch.record_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", age, "Seconds", of_queue)
        return answer(*request)

    return measured


def _was_moved(message: dict[str, Any]) -> bool:
    """Whether SQS moved it to a dead-letter queue: its receives were those of the other queue."""
    return "DeadLetterQueueSourceArn" in message["sys"]


def publish_embedded_metrics(cloudwatch: Any, lambda_service: Any) -> None:
    """Publish the metrics that functions write into their logs. MiniStack leaves them there.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    write = lambda_service._emit_lambda_logs

    @functools.wraps(write)
    def written(function: Any, request_id: str, log: str, *rest: Any, **named: Any) -> None:
        write(function, request_id, log, *rest, **named)
        for line in log.splitlines():
            for value in _embedded_metrics(line):
                cloudwatch.record_metric(
                    value.namespace, value.name, value.value, value.unit, value.dimensions
                )

    lambda_service._emit_lambda_logs = written


@dataclass(frozen=True, slots=True)
class _MetricValue:
    """One value of a metric."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]


def _embedded_metrics(line: str) -> Iterator[_MetricValue]:
    """All metric values of a log line; none, where it has no metrics."""
    if '"_aws"' not in line:
        return
    try:
        content = json.loads(line)
    except ValueError:
        return
    for directive in content["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: content[name] for name in names}
            for metric in directive["Metrics"]:
                found = content[metric["Name"]]
                for value in found if isinstance(found, list) else [found]:
                    unit = metric.get("Unit", "None")
                    yield _MetricValue(directive["Namespace"], metric["Name"], value, unit, dimensions)
