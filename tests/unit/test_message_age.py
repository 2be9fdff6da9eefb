"""The age of the oldest messages, from metrics of SQS and of the oven."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.message_age import oldest_message_secs, oldest_waiting_secs

if TYPE_CHECKING:
    from serverless_pizza_oven.aws import Aws

NOW = 1_800_000_000.0
STACK = Stack("pizzeria", {"WaitingItemsQueueUrl": "https://sqs/1/p-WaitingItems.fifo"})
SQS = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "p-WaitingItems.fifo")
OWN = ("PizzaOven", "OldestWaiting", "pizzeria")


def account(metrics: dict[tuple[str, str, str], dict[float, float]]) -> "Aws":
    """An account whose CloudWatch has these values, by metric and by their age in seconds."""

    def get_metric_statistics(**request: Any) -> Any:
        (dimension,) = request["Dimensions"]
        values = metrics.get((request["Namespace"], request["MetricName"], dimension["Value"]), {})
        points = [
            {"Timestamp": datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=age), "Maximum": value}
            for age, value in values.items()
        ]
        return {
            "Datapoints": [
                point for point in points if request["StartTime"] <= point["Timestamp"] <= request["EndTime"]
            ]
        }

    return cast("Aws", SimpleNamespace(cloudwatch=SimpleNamespace(**locals())))


@pytest.mark.parametrize(
    ("metrics", "secs"),
    [
        ({}, None),
        ({SQS: {60: 30}}, 30),
        ({OWN: {60: 500}}, 500),
        # What SQS tells once the head was received three times: of the second in line.
        ({SQS: {60: 30}, OWN: {60: 500}}, 500),
        ({SQS: {60: 500}, OWN: {60: 30}}, 500),
        # The head of then was admitted since.
        ({SQS: {60: 30}, OWN: {600: 500}}, 30),
        ({SQS: {700: 9, 120: 30, 180: 20}}, 30),
    ],
)
def test_the_oldest_item_in_line_is_told_by_the_larger_of_both_metrics(
    metrics: dict[tuple[str, str, str], dict[float, float]], secs: float | None
) -> None:
    assert oldest_waiting_secs(account(metrics), STACK, NOW) == secs


def test_the_oldest_message_of_another_queue_is_that_of_sqs() -> None:
    metrics = {("AWS/SQS", "ApproximateAgeOfOldestMessage", "p-DLQ"): {60.0: 12.0}}
    assert oldest_message_secs(account(metrics), "https://sqs/1/p-DLQ", NOW) == 12
