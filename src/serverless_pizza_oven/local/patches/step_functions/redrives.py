"""Redrives: an execution that ended without success goes on from the state in which it ended."""

import contextvars
import functools
import json
import threading
from typing import Any

from serverless_pizza_oven.local.patches.step_functions.executions import unknown_execution


def redrive_executions(step_functions: Any) -> None:
    """Serve RedriveExecution, which MiniStack does not know, and describe executions with their redrives.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
    """
    handle = step_functions.handle_request

    @functools.wraps(handle)
    async def handled(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
        if headers.get("x-amz-target", "").rpartition(".")[2] != "RedriveExecution":
            return await handle(method, path, headers, body, query)
        return step_functions._finalize_response(_redrive(step_functions, json.loads(body)))

    step_functions.handle_request = handled
    _describe_redrives(step_functions)


def _redrive(step_functions: Any, request: dict[str, Any]) -> Any:
    execution = step_functions._executions.get(request.get("executionArn"))
    if not execution:
        return unknown_execution(step_functions, request)
    if not _is_redrivable(execution):
        return step_functions.error_response_json("ExecutionNotRedrivable", _why_not(execution), 400)
    entered = [event for event in execution["events"] if event["type"].endswith("StateEntered")]
    last = entered[-1]["stateEnteredEventDetails"] if entered else None
    count = execution.get("redriveCount", 0) + 1
    execution.update(
        status="RUNNING",
        stopDate=None,
        error=None,
        cause=None,
        redriveCount=count,
        redriveDate=step_functions.now_iso(),
        redrivenFrom=last and (last["name"], json.loads(last["input"])),
    )
    details = {"executionRedrivenEventDetails": {"redriveCount": count}}
    step_functions._add_event(execution, "ExecutionRedriven", details)
    step_functions._emit_execution_status_event(execution)
    follow = contextvars.copy_context().run
    arguments = (step_functions._run_execution, execution["executionArn"])
    threading.Thread(target=follow, args=arguments, daemon=True).start()
    return step_functions.json_response({"redriveDate": execution["redriveDate"]})


def _describe_redrives(step_functions: Any) -> None:
    describe = step_functions._describe_execution

    @functools.wraps(describe)
    def described(request: dict[str, Any]) -> Any:
        status, headers, body = describe(request)
        execution = step_functions._executions.get(request.get("executionArn"))
        if not execution:
            return status, headers, body
        description = json.loads(body) | {"redriveCount": execution.get("redriveCount", 0)}
        if _is_redrivable(execution):
            description |= {"redriveStatus": "REDRIVABLE"}
        else:
            description |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": _why_not(execution)}
        if date := execution.get("redriveDate"):
            description |= {"redriveDate": date}
        return step_functions.json_response(description)

    step_functions._describe_execution = described


def _is_redrivable(execution: dict[str, Any]) -> bool:
    return execution["status"] in ("FAILED", "ABORTED", "TIMED_OUT")


def _why_not(execution: dict[str, Any]) -> str:
    return f"Execution is {execution['status']} and cannot be redriven."
