"""What an oven has used this month, by CloudWatch's metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from serverless_pizza_oven import prices
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.item_cost import GB, MEMORY_GB
from serverless_pizza_oven.operations.recent_metrics import Metric, metric_query
from serverless_pizza_oven.prices import Charge, Price
from serverless_pizza_oven.sdk_errors import aws_errors

DAY_SECS = 86_400

QUEUE_METRICS = (
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
)
"""SQS counts messages, not requests. A request may carry ten messages
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)."""


@dataclass(frozen=True, slots=True)
class UsageMetric:
    """A metric of CloudWatch, and what AWS charges for what it counts."""

    metric: Metric
    price: Price
    units: float = 1
    """How many units of the price one count of the metric is."""


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """What was used since a moment. At most: SQS requests are counted as if each carried one message."""

    since: datetime
    charges: Sequence[Charge]


def month_to_date(aws: Aws, stack: Stack, now: datetime) -> MonthUsage:
    """What was used since the beginning of this month, in UTC. Raises AwsError.

    CloudWatch charges a cent for 1,000 metrics; these are about 20.
    """
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    metrics = list(_metrics(stack))
    sums = _sums(aws, metrics, since, now)
    counts: dict[Price, float] = {}
    for number, metric in enumerate(metrics):
        counts[metric.price] = counts.get(metric.price, 0.0) + metric.units * sums.get(f"m{number}", 0.0)
    return MonthUsage(since, [Charge(price, count) for price, count in counts.items() if count])


def _metrics(stack: Stack) -> Iterator[UsageMetric]:
    for url in (stack.new_items, stack.waiting_items, stack.baked_items, stack.dead_letters):
        queue = url.rpartition("/")[2]
        price = prices.FIFO_REQUEST if queue.endswith(".fifo") else prices.STANDARD_REQUEST
        for name in QUEUE_METRICS:
            yield UsageMetric(Metric("AWS/SQS", name, "QueueName", queue), price)
    for output in ("BakeItemsFunctionName", "ItemRemovedFunctionName"):
        function = stack.outputs[output]
        yield UsageMetric(Metric("AWS/Lambda", "Invocations", "FunctionName", function), prices.INVOCATION)
        # In milliseconds.
        duration = Metric("AWS/Lambda", "Duration", "FunctionName", function)
        yield UsageMetric(duration, prices.GB_SECOND, MEMORY_GB / 1000)
    started = Metric("AWS/States", "ExecutionsStarted", "StateMachineArn", stack.outputs["ItemStatesArn"])
    yield UsageMetric(started, prices.TRANSITION, prices.TRANSITIONS_PER_EXECUTION)
    for name, price in (
        ("ConsumedWriteCapacityUnits", prices.WRITE_UNIT),
        ("ConsumedReadCapacityUnits", prices.READ_UNIT),
    ):
        yield UsageMetric(Metric("AWS/DynamoDB", name, "TableName", stack.table), price)
    for output in ("BakeItemsLogGroup", "ItemRemovedLogGroup"):
        logged = Metric("AWS/Logs", "IncomingBytes", "LogGroupName", stack.outputs[output])
        yield UsageMetric(logged, prices.LOG_GB, 1 / GB)


def _sums(aws: Aws, metrics: Sequence[UsageMetric], since: datetime, now: datetime) -> Mapping[str, float]:
    queries = [metric_query(f"m{number}", metric.metric, DAY_SECS) for number, metric in enumerate(metrics)]
    sums: dict[str, float] = {}
    with aws_errors("asking CloudWatch what was used"):
        pages = aws.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=since, EndTime=now
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                sums[result["Id"]] = sums.get(result["Id"], 0.0) + sum(result["Values"])
    return sums
