"""Which quota of AWS limits an oven, from the metrics of the last minutes."""

from collections.abc import Mapping

import pytest

from serverless_pizza_oven.operations.measured_status import (
    MEASURED_SECS,
    MeasuredStatus,
    measured_status,
    status_metrics,
)
from serverless_pizza_oven.web.watching_cost import METRICS
from tests.unit.cloudwatch import CloudWatch, MetricName
from tests.unit.test_oven_cost import STACK

NOW = 1_800_000_000.0
WRITES = ("AWS/DynamoDB", "WriteThrottleEvents", "mine-table")
UNITS = ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "mine-table")
STARTS = ("AWS/States", "ThrottledEvents", "StartExecution")
TRANSITIONS = ("AWS/States", "ExecutionThrottled", STACK.outputs["ItemStatesArn"])
BAKE_ITEMS = ("AWS/Lambda", "Throttles", "mine-BakeItems")
ITEM_REMOVED = ("AWS/Lambda", "Throttles", "mine-ItemRemoved")


def measured(values: Mapping[MetricName, Mapping[float, float]]) -> MeasuredStatus:
    return measured_status(CloudWatch(NOW, values).aws, STACK, NOW)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {WRITES: {60: 300, 120: 12}, UNITS: {60: 58_800, 120: 30_000}},
            (
                "DynamoDB throttled 312 writes of the Baking Table in the last 5 minutes, with 98 % of the "
                "write units of the row used. If it lasts, deploy a second oven: docs/scaling.md"
            ),
        ),
        (
            {WRITES: {300: 1}},
            (
                "DynamoDB throttled 1 write of the Baking Table in the last 5 minutes. "
                "If it lasts, deploy a second oven: docs/scaling.md"
            ),
        ),
        (
            {STARTS: {240: 5700}},
            (
                "Step Functions throttled 5,700 StartExecution requests of the account in the last 5 "
                "minutes. If it lasts, have the quota raised: docs/runbook.md#throttles"
            ),
        ),
        (
            {TRANSITIONS: {0: 2}},
            (
                "Step Functions throttled 2 state transitions of Item States in the last 5 "
                "minutes. If it lasts, have the quota raised: docs/runbook.md#throttles"
            ),
        ),
        (
            {BAKE_ITEMS: {60: 2}, ITEM_REMOVED: {120: 5}},
            (
                "Lambda throttled 7 invocations of the oven's functions in the last 5 minutes. "
                "If it lasts, have the quota of concurrent executions raised: docs/runbook.md#throttles"
            ),
        ),
    ],
    ids=["row", "row, units unknown", "starts", "transitions", "functions"],
)
def test_a_quota_that_was_used_up_is_told_in_a_line_with_figures_and_what_to_do(
    values: Mapping[MetricName, Mapping[float, float]], said: str
) -> None:
    (throttled,) = measured(values).throttled

    assert throttled.in_words() == said


@pytest.mark.parametrize(
    "values",
    [{}, {WRITES: {60: 0}, BAKE_ITEMS: {60: 0}}, {WRITES: {360: 312}}, {UNITS: {60: 60_000}}],
    ids=["no values", "none", "longer ago", "nothing was throttled"],
)
def test_where_nothing_was_throttled_lately_nothing_is_told(
    values: Mapping[MetricName, Mapping[float, float]],
) -> None:
    assert measured(values).throttled == ()


def test_several_quotas_are_told_the_row_first() -> None:
    throttled = measured({BAKE_ITEMS: {60: 1}, STARTS: {60: 1}, WRITES: {60: 1}}).throttled

    assert [requests.quota.name for requests in throttled] == [
        "write units of the row",
        "StartExecution",
        "functions at work",
    ]


def test_the_metrics_are_asked_for_at_once_and_at_most_once_a_minute() -> None:
    cloudwatch = CloudWatch(NOW, {WRITES: {60: 1}})

    first = measured_status(cloudwatch.aws, STACK, NOW)
    again = measured_status(cloudwatch.aws, STACK, NOW + MEASURED_SECS - 1, first)
    assert again is first
    assert len(cloudwatch.requests) == 1
    assert len(cloudwatch.requests[0]["MetricDataQueries"]) == len(status_metrics(STACK)) == METRICS

    later = measured_status(cloudwatch.aws, STACK, NOW + MEASURED_SECS, again)
    assert later.at == NOW + MEASURED_SECS
    assert len(cloudwatch.requests) == 2
