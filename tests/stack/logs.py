"""The functions' logs."""

import json
import re
from typing import Any, Literal, get_args

from serverless_pizza_oven.local.oven import LocalOven
from tests.stack.ovens import local_session

Function = Literal["BakeItems", "ItemRemoved"]

ANSWER_SECS = 2
"""The functions' SDK repeats a request that has no answer for so long: `read_timeout` in
pizza_oven/aws/clients.py."""


def log_lines(oven: LocalOven, function: Function) -> list[str]:
    """The log of a function of the oven, with Lambda's own lines."""
    logs = local_session().client("logs", endpoint_url=oven.endpoint_url)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=oven.stack.outputs[f"{function}LogGroup"]
    )
    return [event["message"] for page in pages for event in page["events"]]


def decisions(oven: LocalOven, function: Function) -> list[dict[str, Any]]:
    """The decisions that the function logged, as JSON objects. Metrics are left out."""
    lines = [json.loads(line) for line in log_lines(oven, function) if line.startswith("{")]
    return [line for line in lines if "message" in line]


def cut_off(oven: LocalOven) -> list[str]:
    """The log lines about invocations that timed out, whose process died, or that lasted so long that the SDK
    may have repeated a request. Their work may be done twice.

    That happens on a busy machine, and the oven must tolerate it.
    """
    lines = [line for function in get_args(Function) for line in log_lines(oven, function)]
    return [
        line
        for line in lines
        if "Task timed out" in line or "Worker process died" in line or _secs(line) >= ANSWER_SECS
    ]


def _secs(line: str) -> float:
    """The duration in a line in which Lambda reports an invocation, in seconds; 0 in any other line."""
    found = re.search(r"^REPORT .*?\tDuration: ([\d.]+) ms", line)
    return float(found[1]) / 1000 if found else 0
