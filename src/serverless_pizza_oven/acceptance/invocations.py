"""The invocations of a function, read from its log.

Lambda writes a line at the start of an invocation and two at its end, and the function's lines are between
(https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.decision_log import LogEntry, parse_event
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

_DURATION = re.compile(r"\tDuration: ([0-9.]+) ms")
_INIT = re.compile(r"\tInit Duration: ([0-9.]+) ms")


@dataclass(slots=True)
class Invocation:
    """An invocation. Times are in seconds since the epoch, by the clocks of AWS."""

    began_at: float
    init_secs: float | None = None
    """How long its environment took to start. None if it was warm."""
    decisions: list[LogEntry] = field(default_factory=list)

    def decision(self, name: str) -> Iterator[LogEntry]:
        """The log entries of a decision."""
        return (entry for entry in self.decisions if entry.decision == name)


def invocations(aws: Aws, stack: Stack, function: str, since: float) -> list[Invocation]:
    """The invocations of BakeItems or ItemRemoved that ended since a time, in order. Raises AwsError.

    A line can be read some seconds after it was written. Needs `logs:FilterLogEvents`.
    """
    group = stack.outputs[f"{function}LogGroup"]
    streams: dict[str, list[FilteredLogEventTypeDef]] = defaultdict(list)
    with aws_errors(f"reading the log {group}"):
        pages = aws.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=max(int(since * 1000), 0)
        )
        for page in pages:
            for event in page["events"]:
                streams[event.get("logStreamName", "")].append(event)
    found = [invocation for events in streams.values() for invocation in _of_stream(function, events)]
    return sorted(found, key=lambda invocation: invocation.began_at)


def _of_stream(function: str, events: "Sequence[FilteredLogEventTypeDef]") -> Iterator[Invocation]:
    """The invocations of one environment, which come one after another."""
    now: Invocation | None = None
    for event in events:
        text, at = event["message"], event["timestamp"] / 1000
        if text.startswith("START "):
            now = Invocation(at)
        elif now is not None and text.startswith("REPORT "):
            took = _DURATION.search(text)
            if took:
                # An emulator may stamp all lines of an invocation with its end.
                now.began_at = min(now.began_at, at - float(took[1]) / 1000)
            init = _INIT.search(text)
            now.init_secs = float(init[1]) / 1000 if init else None
            yield now
            now = None
        elif now is not None and (entry := parse_event(function, event)) is not None:
            now.decisions.append(entry)
