"""A CloudWatch that has some values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from serverless_pizza_oven.aws import Aws, local

MetricName = tuple[str, str, str]
"""The namespace, the name, and the resource that the metric is of."""


class CloudWatch:
    """Answers requests of a client of the SDK, which checks them."""

    def __init__(self, now: float, values: Mapping[MetricName, Mapping[float, float]]) -> None:
        """`values` are by the age of their minute in seconds: CloudWatch has one a minute."""
        self.requests: list[Any] = []
        self.aws: Aws = local("http://127.0.0.1:1")
        self._now = now
        self._values = values
        events: Any = self.aws.cloudwatch.meta.events
        events.register("before-parameter-build.cloudwatch.GetMetricData", self._hear)
        events.register("before-call.cloudwatch.GetMetricData", self._answer)

    def _hear(self, params: Mapping[str, Any], **_: object) -> None:
        self.requests.append(params)

    def _answer(self, **_: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        results = [self._result(query) for query in self.requests[-1]["MetricDataQueries"]]
        return SimpleNamespace(status_code=200), {"MetricDataResults": results}

    def _result(self, query: Mapping[str, Any]) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        name = (metric["Namespace"], metric["MetricName"], metric["Dimensions"][0]["Value"])
        found = [
            (datetime.fromtimestamp(self._now - age, UTC), value)
            for age, value in self._values.get(name, {}).items()
        ]
        request = self.requests[-1]
        # The newest first, as by default.
        asked = sorted((at, v) for at, v in found if request["StartTime"] <= at < request["EndTime"])[::-1]
        return {"Id": query["Id"], "Timestamps": [at for at, _ in asked], "Values": [v for _, v in asked]}
