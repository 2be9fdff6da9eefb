"""CloudFormation: resources of the template that MiniStack refuses."""

import functools
from typing import Any


def accept_metric_math_alarms(provisioners: Any) -> None:
    """Create an alarm on metric math as an alarm on its first metric. MiniStack would roll the stack back."""
    record = provisioners._cw_metric_alarm_record

    @functools.wraps(record)
    def recorded(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        metrics = [query["MetricStat"] for query in properties.get("Metrics", ()) if "MetricStat" in query]
        if not metrics:
            alarm: dict[str, Any] = record(name, properties)
            return alarm
        others = {key: value for key, value in properties.items() if key != "Metrics"}
        first = {"Statistic": metrics[0]["Stat"], "Period": metrics[0]["Period"]}
        return {**record(name, {**others, **metrics[0]["Metric"], **first}), "Metrics": properties["Metrics"]}

    provisioners._cw_metric_alarm_record = recorded
