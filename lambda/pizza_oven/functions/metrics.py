"""What CloudWatch makes metrics of: one line in the function's log for each invocation that did something."""

from collections import Counter
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from pizza_oven.ports import DecisionLog

NAMESPACE = "PizzaOven"

COUNTED = {
    "loaded": "Loaded",
    "joined": "Joined",
    "baked": "Baked",
    "rejected": "Rejected",
    "duplicate": "Duplicates",
    "evicted": "Evicted",
    "failed": "Failed",
    "released": "Released",
    "extended": "Extended",
    "expired": "Expired",
    "cancelled": "Cancelled",
}
"""The metrics of decisions: how many there were of each. Where there were none, nothing is sent."""

SEEN = {
    "occupied": "Occupied",
    "waiting": "Waiting",
    "overdue": "Overdue",
    "oldest_waiting_secs": "OldestWaiting",
}
"""The metrics of facts: how many slots or items there were, when the function last looked."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


class MetricsLog:
    """Implements DecisionLog: passes each record on, and counts it if metrics are enabled.

    The metrics have one dimension, the stack, since each further value of one is a metric that costs.
    CloudWatch takes them out of the log
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
    """

    def __init__(self, log: DecisionLog, stack: str, *, enabled: bool) -> None:
        self._log = log
        self._enabled = enabled
        self._stack = stack
        self._counts: Counter[str] = Counter()
        self._seen: dict[str, int] = {}
        self._waits: list[float] = []

    def record(self, decision: str, item_id: str | None = None, **facts: Any) -> None:
        self._log.record(decision, item_id, **facts)
        if decision in COUNTED:
            self._counts[COUNTED[decision]] += 1
        if decision in ("looked", "baked"):
            self._seen |= {name: facts[fact] for fact, name in SEEN.items() if fact in facts}
        if "waited_secs" in facts:
            self._waits.append(facts["waited_secs"])

    def flushed_after(self, work: Callable[_P, _R]) -> Callable[_P, _R]:
        """The same work, after which the line is written, however it ends."""

        def flushed(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return work(*args, **kwargs)
            finally:
                self._flush()

        return flushed

    def _flush(self) -> None:
        # Of an empty oven in which nothing happens there is no line: CloudWatch charges for a metric by the
        # hours in which it is told something.
        if self._enabled and (self._counts or any(self._seen.values())):
            self._write()
        self._counts.clear()
        self._seen.clear()
        self._waits.clear()

    def _write(self) -> None:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_dimension("Stack", self._stack)
        for secs in self._waits:
            # Powertools begins another line after each hundred, which is what the format allows.
            metrics.add_metric("WaitingTime", MetricUnit.Seconds, secs)
        for name, number in {**self._counts, **self._seen}.items():
            if name != "Overdue" or number:
                metrics.add_metric(name, MetricUnit.Count, number)
        metrics.flush_metrics()
