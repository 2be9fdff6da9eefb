"""What an idle oven costs in a month, and which parameters lower the cost at what price."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serverless_pizza_oven import prices
from serverless_pizza_oven.operations.item_cost import IDLE_CHECK, charges_for, is_enabled
from serverless_pizza_oven.prices import SECS_IN_MONTH, Charge, total

POLLERS = 5
"""The event source mapping's pollers of an idle queue. Without MaximumConcurrency they could be 2
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)."""

POLL_SECS = 20
"""How long each of them waits for a message: idle queues show 15 empty receives a minute
(https://github.com/getlift/lift/issues/132)."""

ALARM_METRICS = 11
"""The number of AWS's own metrics that the template's alarms use, without the alarm of LongestLine."""

ALARM_METRICS_OF_OURS = 4
"""The oven's own metrics that the alarms use, with Metrics=ENABLED."""

METRICS_IN_USE = 7
"""Loaded, Joined, Baked, Occupied, Waiting, OldestWaiting and WaitingTime. Others are sent after a fault."""

KEY_REUSE_SECS = 300
"""How long SQS and DynamoDB reuse a data key, for each principal, before they call KMS again
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html)."""

KEY_CALLS = 6
"""Calls of KMS in that time by an idle oven: two of EventBridge as a sender, one of Lambda as a receiver, one
each for Waiting Items, Leaving Items and the row."""

_UNIT_SECS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class IdleCostPart:
    """A line of the bill of an idle oven."""

    name: str
    charges: Sequence[Charge]
    why: str
    """What the charge is for, and which parameter lowers it at what price."""

    @property
    def dollars(self) -> float:
        return total(self.charges)


def idle_cost(parameters: Mapping[str, str]) -> list[IdleCostPart]:
    """The bill of a month in which nothing bakes, for a stack with these parameters."""
    return [
        _pollers(parameters),
        _pilot_light(parameters),
        _alarms(parameters),
        _metrics(parameters),
        _dashboard(parameters),
        _key(parameters),
        IdleCostPart(
            "all the rest", [], "unused queues, table, functions, state machine and rules cost nothing"
        ),
    ]


def checks_per_month(schedule: str) -> float:
    """How often an EventBridge schedule fires in 30 days. A cron expression counts as once a minute."""
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    every = int(rate[1]) * _UNIT_SECS[rate[2]] if rate else _UNIT_SECS["minute"]
    return SECS_IN_MONTH / every


def _pollers(parameters: Mapping[str, str]) -> IdleCostPart:
    if parameters.get("Admission") == "PAUSED":
        return IdleCostPart("pollers", [], "with Admission=PAUSED Lambda does not poll New Items")
    requests = POLLERS * SECS_IN_MONTH / POLL_SECS
    return IdleCostPart(
        "pollers",
        [Charge(prices.STANDARD_REQUEST, requests)],
        f"Lambda polls New Items {requests:,.0f} times; with Admission=PAUSED it does not",
    )


def _pilot_light(parameters: Mapping[str, str]) -> IdleCostPart:
    if parameters.get("Admission") == "PAUSED":
        return IdleCostPart("pilot light", [], "with Admission=PAUSED it is out")
    if not is_enabled(parameters, "PilotLight"):
        return IdleCostPart(
            "pilot light",
            [],
            "PilotLight=DISABLED: what a rare fault leaves stuck is mended when the next item joins the line",
        )
    checks = checks_per_month(parameters.get("PilotLightSchedule", ""))
    # An idle oven sends no metrics.
    without_metrics = {**parameters, "Metrics": "DISABLED"}
    return IdleCostPart(
        "pilot light",
        charges_for(IDLE_CHECK * checks, 1, without_metrics),
        f"{checks:,.0f} checks of the line and the row; with a rarer PilotLightSchedule, what a rare fault "
        "leaves stuck is mended later",
    )


def _alarms(parameters: Mapping[str, str]) -> IdleCostPart:
    if not is_enabled(parameters, "Alarms"):
        return IdleCostPart("alarms", [], "Alarms=DISABLED: no alarm tells of a fault")
    count = ALARM_METRICS + (parameters.get("LongestLine", "0") != "0")
    if is_enabled(parameters, "Metrics"):
        count += ALARM_METRICS_OF_OURS
    return IdleCostPart(
        "alarms",
        [Charge(prices.ALARM_MONTH, count)],
        f"they use {count} metrics; with Alarms=DISABLED no alarm tells of a fault",
    )


def _metrics(parameters: Mapping[str, str]) -> IdleCostPart:
    if not is_enabled(parameters, "Metrics"):
        return IdleCostPart("metrics", [], "Metrics=DISABLED: no numbers of items, no alarm of overdue ones")
    in_use = Charge(prices.METRIC_MONTH, METRICS_IN_USE)
    return IdleCostPart(
        "metrics",
        [],
        f"nothing while nothing bakes; {METRICS_IN_USE} metrics are ${in_use.dollars:.2f} for a month in "
        "use, unless Metrics=DISABLED",
    )


def _dashboard(parameters: Mapping[str, str]) -> IdleCostPart:
    if not is_enabled(parameters, "Dashboard"):
        return IdleCostPart("dashboard", [], "none; Dashboard=ENABLED makes one")
    return IdleCostPart("dashboard", [Charge(prices.DASHBOARD_MONTH, 1)], "Dashboard=DISABLED removes it")


def _key(parameters: Mapping[str, str]) -> IdleCostPart:
    if not parameters.get("KmsKeyArn"):
        return IdleCostPart("key", [], "AWS's own keys cost nothing; KmsKeyArn names one of your own")
    return IdleCostPart(
        "key",
        [
            Charge(prices.KEY_MONTH, 1),
            Charge(prices.KEY_REQUEST, KEY_CALLS * SECS_IN_MONTH / KEY_REUSE_SECS),
        ],
        "and its use; without KmsKeyArn AWS's own keys are used, which cost nothing",
    )
