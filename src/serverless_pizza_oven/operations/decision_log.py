"""Reads the decisions of both functions from CloudWatch Logs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef, FilterLogEventsRequestPaginateTypeDef

FUNCTIONS = ("BakeItems", "ItemRemoved")

NO_DECISION = "said"
"""The decision of a line without one: a traceback, or a message of Lambda such as a timeout."""

POLL_SECS = 2
"""Two requests each time. FilterLogEvents allows an account at least five a second
(https://docs.aws.amazon.com/general/latest/gr/cwl_region.html)."""

LATE_SECS = 60
"""How long after it was written a line may become readable."""

_COMMON_FIELDS = frozenset(
    {"level", "location", "message", "timestamp", "service", "item_id", "xray_trace_id"}
)
"""Fields that Powertools writes into each line, and fields that are attributes of `LogEntry`."""

_LAMBDA_PREFIXES = ("START ", "END ", "REPORT ", "INIT_START ", "INIT_REPORT ", "XRAY ", "EXTENSION\t")
"""The beginnings of the lines that Lambda writes for each invocation."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A decision of a function, or another line that it wrote."""

    at: float
    """In seconds since the epoch."""
    function: str
    """BakeItems or ItemRemoved."""
    decision: str
    item_id: str | None
    """None if it is about no item."""
    facts: Mapping[str, Any]
    """What else was logged. The item itself never is."""
    key: tuple[str, int, str]
    """Identifies the line, however often it is read."""

    def as_json(self) -> dict[str, Any]:
        """For programs, with names in camel case as in all JSON of the commands."""
        return {
            "at": self.at,
            "function": self.function,
            "decision": self.decision,
            "id": self.item_id,
            "facts": {_camel(name): value for name, value in self.facts.items()},
        }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def read_entries(
    aws: Aws,
    stack: Stack,
    since: float,
    until: float | None = None,
    *,
    item_id: str | None = None,
    decisions: Sequence[str] = (),
) -> list[LogEntry]:
    """Read the entries of both functions between two times, in order; of one item, or of some decisions.

    A line is readable some seconds after it was written. Raises AwsError.
    """
    wanted = filter_pattern(item_id, decisions)
    found = [
        entry
        for function in FUNCTIONS
        for event in _events(aws, stack.outputs[f"{function}LogGroup"], since, until, wanted)
        if (entry := parse_event(function, event)) is not None
        # Emulators return more than the filter pattern asks for.
        and (item_id is None or entry.item_id == item_id)
        and (not decisions or entry.decision in decisions)
    ]
    return sorted(found, key=lambda entry: entry.at)


def filter_pattern(item_id: str | None = None, decisions: Sequence[str] = ()) -> str:
    """The filter pattern for lines of JSON, in the syntax of CloudWatch Logs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    conditions = []
    if item_id is not None:
        conditions.append(f'($.item_id = "{item_id}")')
    if decisions:
        conditions.append("(" + " || ".join(f'($.message = "{decision}")' for decision in decisions) + ")")
    return f"{{ {' && '.join(conditions)} }}" if conditions else ""


def _events(
    aws: Aws, group: str, since: float, until: float | None, filter_pattern: str
) -> "Iterator[FilteredLogEventTypeDef]":
    request: FilterLogEventsRequestPaginateTypeDef = {
        "logGroupName": group,
        "startTime": max(int(since * 1000), 0),
        "filterPattern": filter_pattern,
    }
    if until is not None:
        request["endTime"] = int(until * 1000)
    with aws_errors(f"reading the log {group}"):
        for page in aws.logs.get_paginator("filter_log_events").paginate(**request):
            yield from page["events"]


def parse_event(function: str, event: "FilteredLogEventTypeDef") -> LogEntry | None:
    """Read a line of a log; None for lines of no use to an operator: Lambda's own, and metrics."""
    text = event["message"].rstrip()
    key = (event.get("logStreamName", ""), event["timestamp"], text)
    fields = _fields(text)
    if fields is None:
        if not text or text.startswith(_LAMBDA_PREFIXES):
            return None
        return LogEntry(event["timestamp"] / 1000, function, NO_DECISION, None, {"text": text}, key)
    if "message" not in fields or "_aws" in fields:
        return None
    return LogEntry(
        at=_written_at(fields, otherwise=event["timestamp"] / 1000),
        function=function,
        decision=str(fields["message"]),
        item_id=fields.get("item_id"),
        facts={name: value for name, value in fields.items() if name not in _COMMON_FIELDS},
        key=key,
    )


def _fields(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _written_at(fields: Mapping[str, Any], otherwise: float) -> float:
    """When the function wrote the line. Emulators give all lines of an invocation the time of its end."""
    try:
        return datetime.strptime(fields["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z").timestamp()
    except (KeyError, TypeError, ValueError):
        return otherwise


def follow_entries(
    aws: Aws,
    stack: Stack,
    since: float,
    clock: Callable[[], float],
    sleep: Sleep,
    *,
    item_id: str | None = None,
) -> Iterator[LogEntry]:
    """Yield the entries since a time, and then new ones, for ever. Raises AwsError.

    The `clock` tells seconds since the epoch.
    """
    seen: set[tuple[str, int, str]] = set()
    while True:
        now = clock()
        found = read_entries(aws, stack, since, item_id=item_id)
        yield from (entry for entry in found if entry.key not in seen)
        seen = {entry.key for entry in found}
        since = max(since, now - LATE_SECS)
        sleep(POLL_SECS)
