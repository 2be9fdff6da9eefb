"""The functions' logs."""

import json
from typing import Any, Literal, get_args

from serverless_pizza_oven.local.oven import LocalOven
from tests.stack.ovens import local_session

Function = Literal["BakeItems", "ItemRemoved"]


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
    """The log lines about invocations that timed out or whose process died. Their work is repeated.

    That happens on a busy machine, and the oven must tolerate it.
    """
    lines = [line for function in get_args(Function) for line in log_lines(oven, function)]
    return [line for line in lines if "Task timed out" in line or "Worker process died" in line]
