"""The age of the oldest messages, from metrics of SQS and of the oven."""

from collections.abc import Mapping

import pytest

from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.message_age import age_metrics, oldest_message_secs, oldest_waiting_secs
from serverless_pizza_oven.operations.recent_metrics import RecentMetrics, read_recent
from tests.unit.cloudwatch import CloudWatch, MetricName

NOW = 1_800_000_000.0
STACK = Stack(
    "pizzeria",
    {"WaitingItemsQueueUrl": "https://sqs/1/p-WaitingItems.fifo", "NewItemsDLQUrl": "https://sqs/1/p-DLQ"},
)
SQS = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "p-WaitingItems.fifo")
OWN = ("PizzaOven", "OldestWaiting", "pizzeria")


def recent(metrics: Mapping[MetricName, Mapping[float, float]]) -> RecentMetrics:
    """What a CloudWatch with these values tells, by metric and by their age in seconds."""
    return read_recent(CloudWatch(NOW, metrics).aws, age_metrics(STACK), NOW)


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
        # A clock that is behind that of CloudWatch.
        ({SQS: {-60: 30, 120: 20}}, 30),
        ({SQS: {960: 30}}, None),
    ],
)
def test_the_oldest_item_in_line_is_told_by_the_larger_of_both_metrics(
    metrics: Mapping[MetricName, Mapping[float, float]], secs: float | None
) -> None:
    assert oldest_waiting_secs(recent(metrics), STACK) == secs


def test_the_oldest_message_of_another_queue_is_that_of_sqs() -> None:
    metrics = {("AWS/SQS", "ApproximateAgeOfOldestMessage", "p-DLQ"): {60.0: 12.0}}
    assert oldest_message_secs(recent(metrics), STACK.dead_letters) == 12
