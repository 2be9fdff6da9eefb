"""Metrics of the last minutes, from CloudWatch in one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

PERIOD_SECS = 60
"""AWS's services send a value a minute, and the oven does, too."""

WINDOW_SECS = 15 * 60
"""How far back it is asked. SQS sends its values some minutes late."""


class Metric(NamedTuple):
    """A metric of one resource, and the statistic of it that is of use."""

    namespace: str
    name: str
    dimension: str
    value: str
    statistic: str = "Sum"


@dataclass(frozen=True, slots=True)
class RecentMetrics:
    """What CloudWatch has of the last 15 minutes."""

    at: float
    """When it was asked, in seconds since the epoch."""
    minutes: Mapping[Metric, Mapping[float, float]]
    """The values of each metric, by the second in which their minute began."""

    def values(self, metric: Metric, within_secs: float) -> list[float]:
        """The values of the minutes that began within so many seconds, the oldest first."""
        minutes = self.minutes.get(metric, {})
        return [value for begin, value in sorted(minutes.items()) if begin >= self.at - within_secs]


def read_recent(aws: Aws, metrics: Sequence[Metric], now: float) -> RecentMetrics:
    """Ask CloudWatch for these metrics, in one request.

    CloudWatch charges a cent for 1,000 metrics, from the first on
    (https://aws.amazon.com/cloudwatch/pricing/). Needs `cloudwatch:GetMetricData`. Raises AwsError.
    """
    minute = now - now % PERIOD_SECS
    with aws_errors("asking CloudWatch for the metrics of the last minutes"):
        results = aws.cloudwatch.get_metric_data(
            MetricDataQueries=[
                metric_query(f"m{number}", metric, PERIOD_SECS) for number, metric in enumerate(metrics)
            ],
            StartTime=datetime.fromtimestamp(minute - WINDOW_SECS, UTC),
            # A minute ahead, in case this clock is slow.
            EndTime=datetime.fromtimestamp(minute + 2 * PERIOD_SECS, UTC),
        )["MetricDataResults"]
    found = {
        result["Id"]: {
            begin.timestamp(): value
            for begin, value in zip(result["Timestamps"], result["Values"], strict=True)
        }
        for result in results
    }
    return RecentMetrics(now, {metric: found.get(f"m{number}", {}) for number, metric in enumerate(metrics)})


def metric_query(query_id: str, metric: Metric, period_secs: int) -> "MetricDataQueryTypeDef":
    """A query of GetMetricData for the values of a metric, one for each period."""
    dimensions = {metric.dimension: metric.value}
    return data_query(query_id, metric.namespace, metric.name, dimensions, metric.statistic, period_secs)


def data_query(
    query_id: str,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    statistic: str,
    period_secs: int = PERIOD_SECS,
) -> "MetricDataQueryTypeDef":
    """As `metric_query`, for a metric of any number of dimensions."""
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": period_secs,
            "Stat": statistic,
        },
    }
