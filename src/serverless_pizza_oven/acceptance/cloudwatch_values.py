"""Values of CloudWatch metrics since the start of a run."""

from collections.abc import Mapping
from datetime import UTC, datetime

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.operations.recent_metrics import PERIOD_SECS, data_query
from serverless_pizza_oven.sdk_errors import aws_errors


def values(
    context: CheckContext,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, str],
    statistics: tuple[str, ...],
) -> dict[str, list[float]]:
    """The values of a metric by statistic: one for each minute since the run began that has one.

    CloudWatch charges a cent for 1,000 values. Needs `cloudwatch:GetMetricData`. Raises AwsError.
    """
    queries = [
        data_query(f"m{number}", namespace, metric, dimensions, statistic)
        for number, statistic in enumerate(statistics)
    ]
    context.metrics_asked += len(queries)
    # The first minute includes some time before the run. The oven was idle then.
    since = context.began_at - context.began_at % PERIOD_SECS
    with aws_errors(f"asking CloudWatch for {metric}"):
        results = context.aws.cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(since, UTC),
            EndTime=datetime.fromtimestamp(context.clock() + PERIOD_SECS, UTC),
        )["MetricDataResults"]
    found = {result["Id"]: list(result["Values"]) for result in results}
    return {statistic: found.get(f"m{number}", []) for number, statistic in enumerate(statistics)}
