"""The quotas of AWS that limit an oven, and what they refused in the last minutes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.recent_metrics import PERIOD_SECS, Metric, RecentMetrics
from serverless_pizza_oven.simulator.quotas import LARGE_REGION

WITHIN_SECS = 5 * 60
"""How far back refused requests are told: the period of the alarm Throttles."""

ROW_WRITES = LARGE_REGION.row_writes
"""Write units of one row a second, in every region."""


@dataclass(frozen=True, slots=True)
class OvenQuota:
    """A quota of AWS that an oven may use up, and the metrics that tell."""

    name: str
    """As `oven simulate` names it."""
    service: str
    request: str
    """What the service throttles: a noun."""
    of: str
    """The resource, or the account, whose requests are counted."""
    throttled: tuple[Metric, ...]
    """They count the throttled requests."""
    advice: str
    used: Metric | None = None
    """It counts the units that were used."""
    units_a_second: float = 0
    """How many there are. 0 if that is unknown."""


@dataclass(frozen=True, slots=True)
class ThrottledRequests:
    """How many requests were throttled in the last minutes, since a quota was used up."""

    quota: OvenQuota
    count: int
    used: float | None = None
    """The share of the quota that was used in the busiest minute. None if it is unknown."""

    def in_words(self) -> str:
        """Which quota limits the oven, by figures, and what to do: one line."""
        used = "" if self.used is None else f", with {100 * self.used:.0f} % of the {self.quota.name} used"
        minutes = WITHIN_SECS // 60
        return f"{self.briefly()} {self.quota.of} in the last {minutes} minutes{used}. {self.quota.advice}"

    def briefly(self) -> str:
        """The service, and how many requests it throttled."""
        plural = "" if self.count == 1 else "s"
        return f"{self.quota.service} throttled {self.count:,} {self.quota.request}{plural}"

    def as_json(self) -> dict[str, Any]:
        """`used` is a share: 1 is all of the quota."""
        return {
            "quota": self.quota.name,
            "throttled": self.count,
            "withinSecs": WITHIN_SECS,
            "used": None if self.used is None else round(self.used, 3),
            "note": self.in_words(),
        }


def quotas_of(stack: Stack) -> tuple[OvenQuota, ...]:
    """The quotas that limit an oven, with the metrics of the alarm Throttles.

    DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    Lambda: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    functions = (stack.outputs["BakeItemsFunctionName"], stack.outputs["ItemRemovedFunctionName"])
    machine = stack.outputs["ItemStatesArn"]
    return (
        OvenQuota(
            "write units of the row",
            "DynamoDB",
            "write",
            "of the Baking Table",
            (Metric("AWS/DynamoDB", "WriteThrottleEvents", "TableName", stack.table),),
            "If it lasts, deploy a second oven: docs/scaling.md",
            # The table has no other row.
            Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", stack.table),
            ROW_WRITES,
        ),
        OvenQuota(
            "StartExecution",
            "Step Functions",
            "StartExecution request",
            # Step Functions does not count them by state machine.
            "of the account",
            (Metric("AWS/States", "ThrottledEvents", "APIName", "StartExecution"),),
            "If it lasts, have the quota raised: docs/runbook.md#throttles",
        ),
        OvenQuota(
            "state transitions",
            "Step Functions",
            "state transition",
            "of Item States",
            (Metric("AWS/States", "ExecutionThrottled", "StateMachineArn", machine),),
            "If it lasts, have the quota raised: docs/runbook.md#throttles",
        ),
        OvenQuota(
            "functions at work",
            "Lambda",
            "invocation",
            "of the oven's functions",
            tuple(Metric("AWS/Lambda", "Throttles", "FunctionName", function) for function in functions),
            "If it lasts, have the quota of concurrent executions raised: docs/runbook.md#throttles",
        ),
    )


def throttling_metrics(stack: Stack) -> Iterator[Metric]:
    """The metrics of all quotas."""
    for quota in quotas_of(stack):
        yield from quota.throttled
        if quota.used:
            yield quota.used


def throttled_requests(recent: RecentMetrics, stack: Stack) -> tuple[ThrottledRequests, ...]:
    """What each quota has refused in the last minutes, where it has refused anything.

    CloudWatch may have the values some minutes late, or not at all.
    """
    found = []
    for quota in quotas_of(stack):
        count = round(sum(sum(recent.values(metric, WITHIN_SECS)) for metric in quota.throttled))
        if count:
            found.append(ThrottledRequests(quota, count, _share(recent, quota)))
    return tuple(found)


def _share(recent: RecentMetrics, quota: OvenQuota) -> float | None:
    """The mean of the busiest minute: a second of it may have used more."""
    used = recent.values(quota.used, WITHIN_SECS) if quota.used else []
    return max(used) / PERIOD_SECS / quota.units_a_second if used else None
