"""The story of an oven: what its functions decided, as CloudWatch Logs keeps it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef, FilterLogEventsRequestPaginateTypeDef

FUNCTIONS = ("BakeItems", "ItemRemoved")

NO_DECISION = "said"
"""Of a line that is none of the functions' decisions: a traceback, or word of Lambda that it cut one off."""

POLL_SECS = 2
"""FilterLogEvents allows an account five requests a second at least, and this makes two each time
(https://docs.aws.amazon.com/general/latest/gr/cwl_region.html)."""

LATE_SECS = 60
"""How long after it was written a line may be there to be read."""

_OF_EVERY_LINE = frozenset(
    {"level", "location", "message", "timestamp", "service", "item_id", "xray_trace_id"}
)
"""What Powertools writes into each line, or what has a place of its own here."""

_OF_LAMBDA = ("START ", "END ", "REPORT ", "INIT_START ", "INIT_REPORT ", "XRAY ", "EXTENSION\t")
"""How the lines begin that Lambda writes about each invocation."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A decision of a function."""

    at: float
    """In seconds since the epoch."""
    function: str
    """BakeItems or ItemRemoved."""
    decision: str
    item_id: str | None
    """None where it is about no item."""
    facts: Mapping[str, Any]
    """What else it says: never the item itself."""
    key: tuple[str, int, str]
    """The same for the same line, however often it is asked for."""

    def as_json(self) -> dict[str, Any]:
        """The names are those of all our JSON, and not of the log."""
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
    """What both functions decided between two times, in order: about one item, or of some kinds, if named.

    A line can be asked for some seconds after it was written. Raises AwsError.
    """
    wanted = filter_pattern(item_id, decisions)
    found = [
        line
        for function in FUNCTIONS
        for event in _events(aws, stack.outputs[f"{function}LogGroup"], since, until, wanted)
        if (line := parse_event(function, event)) is not None
        # Asked for above; but emulators may give more.
        and (item_id is None or line.item_id == item_id)
        and (not decisions or line.decision in decisions)
    ]
    return sorted(found, key=lambda line: line.at)


def filter_pattern(item_id: str | None = None, decisions: Sequence[str] = ()) -> str:
    """What CloudWatch is asked for: its own language for lines of JSON.

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
    asked: FilterLogEventsRequestPaginateTypeDef = {
        "logGroupName": group,
        "startTime": max(int(since * 1000), 0),
        "filterPattern": filter_pattern,
    }
    if until is not None:
        asked["endTime"] = int(until * 1000)
    with aws_errors(f"reading the log {group}"):
        for page in aws.logs.get_paginator("filter_log_events").paginate(**asked):
            yield from page["events"]


def parse_event(function: str, event: "FilteredLogEventTypeDef") -> LogEntry | None:
    """Read a line of a log; None of one that says nothing to an operator: Lambda's own, and metrics."""
    text = event["message"].rstrip()
    key = (event.get("logStreamName", ""), event["timestamp"], text)
    fields = _fields(text)
    if fields is None:
        if not text or text.startswith(_OF_LAMBDA):
            return None
        return LogEntry(event["timestamp"] / 1000, function, NO_DECISION, None, {"text": text}, key)
    if "message" not in fields or "_aws" in fields:
        return None
    return LogEntry(
        at=_written_at(fields, otherwise=event["timestamp"] / 1000),
        function=function,
        decision=str(fields["message"]),
        item_id=fields.get("item_id"),
        facts={name: value for name, value in fields.items() if name not in _OF_EVERY_LINE},
        key=key,
    )


def _fields(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _written_at(fields: Mapping[str, Any], otherwise: float) -> float:
    """By the function's own clock: emulators stamp all lines of an invocation with its end."""
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
    """What the functions decided since a time, and what they decide from now on, for ever. Raises AwsError.

    The `clock` tells seconds since the epoch.
    """
    seen: set[tuple[str, int, str]] = set()
    while True:
        now = clock()
        found = read_entries(aws, stack, since, item_id=item_id)
        yield from (line for line in found if line.key not in seen)
        seen = {line.key for line in found}
        since = max(since, now - LATE_SECS)
        sleep(POLL_SECS)
