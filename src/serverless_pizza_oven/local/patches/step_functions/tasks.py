"""Tasks: limits how many run at the same time; adds client contexts, timeouts and nested executions."""

import base64
import binascii
import functools
import json
import threading
from typing import Any

from serverless_pizza_oven.local.patches.lambda_workers import CLIENT_CONTEXT
from serverless_pizza_oven.local.patches.step_functions.runs import RunEndedError, current_run

TURN_SECS = 1
"""A task that takes longer than this no longer counts towards the limit, since it hardly computes."""

CHILD_POLL_SECS = 0.05


def limit_parallel_tasks(step_functions: Any, limit: int) -> None:
    """Start at most `limit` tasks at the same time; the others wait for their turn.

    AWS has a thousand environments for them. Here each is a Python process, and a hundred that start at the
    same time only slow each other down.
    """
    call = step_functions._call_lambda
    turns = threading.Semaphore(limit)

    @functools.wraps(call)
    def in_turn(function: Any, event: Any) -> Any:
        once = threading.Lock()

        def give_up() -> None:
            if once.acquire(blocking=False):
                turns.release()

        turns.acquire()
        later = threading.Timer(TURN_SECS, give_up)
        later.daemon = True
        later.start()
        try:
            return call(function, event)
        finally:
            later.cancel()
            give_up()

    step_functions._call_lambda = in_turn


def pass_client_contexts(step_functions: Any) -> None:
    """Give the function of a task its `ClientContext`, which MiniStack drops.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    """
    invoke = step_functions._invoke_resource

    @functools.wraps(invoke)
    def invoked(resource: str, value: Any) -> Any:
        if not resource.endswith("states:::lambda:invoke") or "ClientContext" not in value:
            return invoke(resource, value)
        try:
            context = json.loads(base64.b64decode(value["ClientContext"], validate=True))
        except (binascii.Error, ValueError) as error:
            raise step_functions._ExecutionError(
                "Lambda.InvalidRequestContentException",
                "Client context must be a valid Base64-encoded JSON object.",
            ) from error
        outer = CLIENT_CONTEXT.set(context)
        try:
            return invoke(resource, value)
        finally:
            CLIENT_CONTEXT.reset(outer)

    step_functions._invoke_resource = invoked


def resolve_timeouts(step_functions: Any) -> None:
    """Take a task's timeout and heartbeat from its input, too: `TimeoutSecondsPath`, `HeartbeatSecondsPath`.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    execute = step_functions._execute_task

    @functools.wraps(execute)
    def executed(state: dict[str, Any], value: Any, execution: Any, context: Any) -> Any:
        for field in ("TimeoutSeconds", "HeartbeatSeconds"):
            if (path := state.get(f"{field}Path")) is None:
                continue
            given = step_functions._apply_input_path(state, value, context)
            secs = step_functions._resolve_path_or_ctx(path, given, context)
            if type(secs) is not int or secs <= 0:
                raise step_functions._ExecutionError(
                    "States.Runtime", f"The {field}Path {path} is not a positive integer: {json.dumps(secs)}"
                )
            state = {**state, field: secs}
        return execute(state, value, execution, context)

    step_functions._execute_task = executed


def run_nested_executions(step_functions: Any) -> None:
    """Have `startExecution.sync` start an execution, wait until it ends, and stop it with its parent.

    MiniStack runs it as an express workflow: with no events, under a name that may be taken. Whether AWS
    stops it when the task times out is not documented; here it goes on.

    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
    """

    def run(resource: str, value: Any) -> Any:
        status, _, body = step_functions._start_execution(
            step_functions._nested_start_execution_request(value)
        )
        answer = json.loads(body)
        if status >= 400:
            raise step_functions._ExecutionError(
                f"StepFunctions.{answer['__type']}Exception", answer["message"]
            )
        arn = answer["executionArn"]
        child = step_functions._executions[arn]
        try:
            while child["status"] == "RUNNING":
                current_run().sleep(CHILD_POLL_SECS)
        except RunEndedError:
            step_functions._stop_execution(
                {"executionArn": arn, "cause": "The parent execution was stopped."}
            )
            raise
        ended = _described(step_functions, arn, parse=resource.endswith(".sync:2"))
        if ended["Status"] != "SUCCEEDED":
            raise step_functions._ExecutionError("States.TaskFailed", json.dumps(ended))
        return ended

    step_functions._invoke_nested_start_execution_sync = run


def _described(step_functions: Any, arn: str, *, parse: bool) -> dict[str, Any]:
    """An execution as the output of the task that started it."""
    _, _, body = step_functions._describe_execution({"executionArn": arn})
    described = {
        key[0].upper() + key[1:]: value for key, value in json.loads(body).items() if value is not None
    }
    for date in ("StartDate", "StopDate", "RedriveDate"):
        if date in described:
            described[date] = step_functions._iso_to_epoch_ms(described[date])
    if parse:
        for document in ("Input", "Output"):
            if document in described:
                described[document] = json.loads(described[document])
    return described
