"""CloudWatch: metrics that MiniStack lacks."""

import functools
import time
from typing import Any


def measure_queues(cloudwatch: Any, sqs: Any) -> None:
    """Publish the age of each queue's oldest message whenever somebody asks for a metric.

    SQS itself publishes it once a minute.
    """
    answer = cloudwatch._get_metric_statistics

    @functools.wraps(answer)
    def measured(*request: Any) -> Any:
        now = time.time()
        for queue in sqs._queues.values():
            age = max((now - message["sent_at"] for message in list(queue["messages"])), default=0)
            of_queue = {"QueueName": queue["name"]}
            cloudwatch.record_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", age, "Seconds", of_queue)
        return answer(*request)

    cloudwatch._get_metric_statistics = measured
