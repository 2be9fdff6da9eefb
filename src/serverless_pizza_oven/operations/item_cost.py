"""What an oven costs: for being there, and for a million items, at the prices of `prices`."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from pizza_oven.row import Lease
from pizza_oven.settlement import Settlement
from serverless_pizza_oven import prices
from serverless_pizza_oven.prices import MILLION, SECS_IN_MONTH, Charge, total
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable

POLLERS = 5
"""That ask an idle queue for messages. Without MaximumConcurrency it could be 2
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)."""

POLL_SECS = 20
"""How long each of them waits for an answer: 15 empty receives a minute are seen in idle queues
(https://github.com/getlift/lift/issues/132)."""

MEMORY_GB = 0.5
"""Of both functions, as in the template."""

FRAME_BYTES = 370
DECISION_BYTES = 240
METRICS_BYTES = 350
"""Of a log: what Lambda writes of an invocation, a decision, and the metrics of an invocation. As counted in
the embedded AWS, with ids of 36 characters, and the 26 bytes that CloudWatch adds to each line."""

GB = 1_000_000_000

ALARM_METRICS = 11
"""Metrics of AWS's services that the template's alarms use, without that of LongestLine."""

ALARM_METRICS_OF_OURS = 4
"""The oven's own metrics that the alarms use, with Metrics=ENABLED."""

METRICS_IN_USE = 6
"""Loaded, Joined, Baked, Occupied, Waiting and WaitingTime; others are sent when something goes wrong."""

KEY_REUSE_SECS = 300
"""How long SQS and DynamoDB keep a data key, and so how often each who uses them calls KMS
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html)."""

KEY_CALLS = 5
"""In that time, of an idle oven: two of the pilot light as a sender, one of Lambda as a receiver, one for the
look into the line, one for the look at the row."""

_UNIT_SECS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What something uses of AWS, on average."""

    standard_requests: float
    """To New Items and Baked Items: the event source mapping's are among them."""
    fifo_requests: float
    """To the line."""
    writes: float
    """Of the row, each of as many units as the row has KB."""
    invocations: float
    function_secs: float
    """Of all functions together."""
    decisions: float
    """Lines in the logs."""
    transitions: float = 0

    def __add__(self, other: "ResourceUse") -> "ResourceUse":
        return ResourceUse(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(ResourceUse))
        )

    def __mul__(self, times: float) -> "ResourceUse":
        return ResourceUse(*(getattr(self, field.name) * times for field in fields(ResourceUse)))


IDLE_CHECK = ResourceUse(
    standard_requests=3, fifo_requests=1, writes=1, invocations=1, function_secs=0.03, decisions=0
)
"""A look at an idle oven, as the pilot light causes one."""

ADMITTED_AT_ONCE = ResourceUse(
    standard_requests=3.3,
    fifo_requests=0,
    writes=2,
    invocations=2,
    function_secs=0.07,
    decisions=2,
    transitions=2,
)
"""An item that finds room."""

ADMITTED_FROM_LINE = ResourceUse(
    standard_requests=6.1,
    fifo_requests=2.9,
    writes=4.9,
    invocations=2.9,
    function_secs=0.14,
    decisions=3,
    transitions=2,
)
"""An item that waits in line.

As FINDS_ROOM and LOOK it is what the simulator counts, with the latencies of AWS, if items come and go one
at a time; of those that come in tens it is less. The sender and the receiver take ten at a time.
"""


@dataclass(frozen=True, slots=True)
class IdleCostPart:
    """A line of the bill of an idle oven."""

    name: str
    charges: Sequence[Charge]
    why: str
    """What it is for, and which parameter trades what for it."""

    @property
    def dollars(self) -> float:
        return total(self.charges)


def idle(parameters: Mapping[str, str]) -> list[IdleCostPart]:
    """What a month costs in which nothing bakes, for a stack of these parameters. Absent ones are off."""
    return [
        _pollers(parameters),
        _pilot_light(parameters),
        _alarms(parameters),
        _metrics(parameters),
        _dashboard(parameters),
        _key(parameters),
        IdleCostPart(
            "all the rest",
            [],
            "queues, table, functions, state machine and rules cost nothing while nobody uses them",
        ),
    ]


def per_million(parameters: Mapping[str, str], size: int, waiting: float) -> list[Charge]:
    """What a million items cost, of `size` slots each, of which a share of `waiting` waits, from 0 to 1.

    The oven is full all the time: the fuller it is, the larger is the row, and the more units does a write
    take. How long they bake makes no difference.
    """
    slots = int(parameters.get("BakingTableCapacityCount", "1"))
    use = ADMITTED_AT_ONCE * (1 - waiting) + ADMITTED_FROM_LINE * waiting
    return charges(use * MILLION, row_units(max(slots // size, 1), size), parameters)


def row_units(items: int, size: int) -> int:
    """The units that a write of the row takes while so many items of `size` slots are in the oven.

    An id is 36 characters long, as a UUID is.
    """
    table = MemoryBakingTable()
    leases = {f"{number:036}": Lease(size, 0) for number in range(items)}
    table.settle(Settlement(loads=leases), sys.maxsize, now=0)
    return table.write_units


def charges(use: ResourceUse, row_units: int, parameters: Mapping[str, str]) -> list[Charge]:
    """What AWS charges for a use."""
    log_bytes = use.invocations * FRAME_BYTES + use.decisions * DECISION_BYTES
    if _is_on(parameters, "Metrics"):
        log_bytes += use.invocations * METRICS_BYTES
    found = [
        Charge(prices.TRANSITION, use.transitions),
        Charge(prices.STANDARD_REQUEST, use.standard_requests),
        Charge(prices.FIFO_REQUEST, use.fifo_requests),
        Charge(prices.WRITE_UNIT, use.writes * row_units),
        Charge(prices.INVOCATION, use.invocations),
        Charge(prices.GB_SECOND, use.function_secs * MEMORY_GB),
        Charge(prices.LOG_GB, log_bytes / GB),
    ]
    if _is_on(parameters, "Tracing"):
        # An execution and its task are one trace. At most: of more than one a second X-Ray takes 5 %
        # (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html).
        found.append(Charge(prices.TRACE, use.invocations))
    return [charge for charge in found if charge.count]


def checks_per_month(schedule: str) -> float:
    """How often an EventBridge schedule comes in 30 days. A cron expression counts as each minute."""
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    every = int(rate[1]) * _UNIT_SECS[rate[2]] if rate else _UNIT_SECS["minute"]
    return SECS_IN_MONTH / every


def _pollers(parameters: Mapping[str, str]) -> IdleCostPart:
    if parameters.get("Admission") == "PAUSED":
        return IdleCostPart("pollers", [], "while Admission=PAUSED nobody asks New Items for messages")
    requests = POLLERS * SECS_IN_MONTH / POLL_SECS
    return IdleCostPart(
        "pollers",
        [Charge(prices.STANDARD_REQUEST, requests)],
        f"Lambda asks New Items {requests:,.0f} times for messages; while Admission=PAUSED it does not",
    )


def _pilot_light(parameters: Mapping[str, str]) -> IdleCostPart:
    if parameters.get("Admission") == "PAUSED":
        return IdleCostPart("pilot light", [], "while Admission=PAUSED it is out")
    if not _is_on(parameters, "PilotLight"):
        return IdleCostPart(
            "pilot light",
            [],
            "PilotLight=DISABLED: what a rare fault leaves stuck stays so until the next item joins the line",
        )
    looks = checks_per_month(parameters.get("PilotLightSchedule", ""))
    # Of an idle oven there are no metrics.
    quiet = {**parameters, "Metrics": "DISABLED"}
    return IdleCostPart(
        "pilot light",
        charges(IDLE_CHECK * looks, 1, quiet),
        f"{looks:,.0f} looks at the line and the row; with a rarer PilotLightSchedule, what a rare fault "
        "leaves stuck stays so for longer",
    )


def _alarms(parameters: Mapping[str, str]) -> IdleCostPart:
    if not _is_on(parameters, "Alarms"):
        return IdleCostPart("alarms", [], "Alarms=DISABLED: nobody is told when the oven is ill")
    count = ALARM_METRICS + (parameters.get("LongestLine", "0") != "0")
    if _is_on(parameters, "Metrics"):
        count += ALARM_METRICS_OF_OURS
    return IdleCostPart(
        "alarms",
        [Charge(prices.ALARM_MONTH, count)],
        f"they look at {count} metrics; with Alarms=DISABLED nobody is told when the oven is ill",
    )


def _metrics(parameters: Mapping[str, str]) -> IdleCostPart:
    if not _is_on(parameters, "Metrics"):
        return IdleCostPart(
            "metrics", [], "Metrics=DISABLED: no numbers of items, and no alarm of overdue ones"
        )
    in_use = Charge(prices.METRIC_MONTH, METRICS_IN_USE)
    return IdleCostPart(
        "metrics",
        [],
        f"nothing while nothing bakes; {METRICS_IN_USE} of an oven in use for the whole month are "
        f"${in_use.dollars:.2f}, unless Metrics=DISABLED",
    )


def _dashboard(parameters: Mapping[str, str]) -> IdleCostPart:
    if not _is_on(parameters, "Dashboard"):
        return IdleCostPart("dashboard", [], "none; Dashboard=ENABLED makes one")
    return IdleCostPart("dashboard", [Charge(prices.DASHBOARD_MONTH, 1)], "Dashboard=DISABLED removes it")


def _key(parameters: Mapping[str, str]) -> IdleCostPart:
    if not parameters.get("KmsKeyArn"):
        return IdleCostPart("key", [], "those of AWS cost nothing; KmsKeyArn names one of your own")
    return IdleCostPart(
        "key",
        [
            Charge(prices.KEY_MONTH, 1),
            Charge(prices.KEY_REQUEST, KEY_CALLS * SECS_IN_MONTH / KEY_REUSE_SECS),
        ],
        "and its use; without KmsKeyArn AWS's own keys are used, which cost nothing",
    )


def _is_on(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name) == "ENABLED"
