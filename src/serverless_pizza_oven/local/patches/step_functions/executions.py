"""Executions: repeated starts, and a stop, a timeout or a deletion while they wait or work."""

import functools
import json
import math
import threading
from typing import Any

from serverless_pizza_oven.local.patches.step_functions.runs import Run, RunEndedError, begin, current_run

START_SECS = 0.15
"""The time from the start of an execution to its first state, as in MiniStack."""

_EVENT_NAMES = {
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "ABORTED": "Aborted",
    "TIMED_OUT": "TimedOut",
}

_ENDING = threading.Lock()
"""An execution ends once: either by itself or by a request."""


def control_executions(step_functions: Any) -> None:
    """Stop an execution at once, wherever it is, and end it when its time is over.

    MiniStack lets a stopped execution go on to the end of its state, with all retries, and then overwrites
    how it ended. It refuses to stop an execution that has succeeded or failed. AWS documents no such error:
    the answer here is the time at which it ended. MiniStack ignores the timeout of a state machine.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """
    runs: dict[str, Run] = {}

    def run(arn: str) -> None:
        execution = step_functions._executions.get(arn)
        state_machine = execution and step_functions._state_machines.get(execution["stateMachineArn"])
        if not execution or not state_machine:
            # Both were deleted.
            return
        definition = json.loads(execution.setdefault("definition", state_machine["definition"]))
        at_most = definition.get("TimeoutSeconds", math.inf)
        time_out = functools.partial(_end, step_functions, execution, "TIMED_OUT")
        this = runs[arn] = Run(execution, state_machine["roleArn"], at_most, time_out)
        leave = begin(this)
        try:
            this.sleep(START_SECS)
            _follow(step_functions, execution, definition, state_machine)
        except RunEndedError:
            pass
        finally:
            leave()
            if runs.get(arn) is this:
                del runs[arn]

    def stop(request: dict[str, Any]) -> Any:
        execution = step_functions._executions.get(request.get("executionArn"))
        if not execution:
            return unknown_execution(step_functions, request)
        _end(step_functions, execution, "ABORTED", error=request.get("error"), cause=request.get("cause"))
        if this := runs.get(execution["executionArn"]):
            this.end()
        return step_functions.json_response({"stopDate": execution["stopDate"]})

    def fail(execution: dict[str, Any], error: str, cause: str) -> None:
        _end(step_functions, execution, "FAILED", error=error, cause=cause)

    step_functions._run_execution = run
    step_functions._stop_execution = stop
    step_functions._fail_execution = fail
    _wait_interruptibly(step_functions)
    _end_branches(step_functions)


def _wait_interruptibly(step_functions: Any) -> None:
    """End waits, retries and tasks of an execution that was stopped."""
    invoke = step_functions._invoke_resource

    @functools.wraps(invoke)
    def invoked(resource: str, value: Any) -> Any:
        current_run().check()
        try:
            return invoke(resource, value)
        finally:
            current_run().check()

    def sleep(secs: float) -> None:
        current_run().sleep(secs * step_functions._SFN_WAIT_SCALE)

    step_functions._invoke_resource = invoked
    step_functions._scaled_sleep = sleep


def _end_branches(step_functions: Any) -> None:
    """End the threads in which the branches of a state run. The thread of the state ends after them."""
    run = step_functions._run_sub_machine

    @functools.wraps(run)
    def branch(*arguments: Any) -> Any:
        try:
            return run(*arguments)
        except RunEndedError:
            return None

    step_functions._run_sub_machine = branch


# The states


def _follow(
    step_functions: Any, execution: dict[str, Any], definition: dict[str, Any], state_machine: dict[str, Any]
) -> None:
    """Go from state to state until the execution ends."""
    given = json.loads(execution["input"])
    context = {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": given,
            "Name": execution["name"],
            "RoleArn": state_machine["roleArn"],
            "StartTime": execution["startDate"],
            "RedriveCount": execution.get("redriveCount", 0),
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": state_machine["name"]},
        "variables": {},
    }
    name, value = execution.get("redrivenFrom") or (definition["StartAt"], given)
    try:
        while name:
            value, name = _enter(step_functions, execution, definition["States"], name, value, context)
    except step_functions._ExecutionError as error:
        step_functions._fail_execution(execution, error.error, error.cause)
    except Exception as error:
        step_functions.logger.exception("execution %s", execution["executionArn"])
        step_functions._fail_execution(execution, "States.Runtime", str(error))
    else:
        _end(step_functions, execution, "SUCCEEDED", output=json.dumps(value))


def _enter(
    step_functions: Any,
    execution: dict[str, Any],
    states: dict[str, Any],
    name: str,
    value: Any,
    context: dict[str, Any],
) -> tuple[Any, str | None]:
    """Returns the output of the state, and the name of the next one."""
    state = states[name]
    kind = state["Type"]
    context["State"] = {"Name": name, "EnteredTime": step_functions.now_iso(), "RetryCount": 0}
    _record(step_functions, execution, f"{kind}StateEntered", name=name, input=json.dumps(value))
    following: str | None = None
    if kind == "Fail":
        raise step_functions._ExecutionError(*step_functions._fail_state_error(state, value, context))
    if kind == "Succeed":
        value = step_functions._apply_input_path(state, value, context)
        value = step_functions._apply_output_path(state, value, context)
    else:
        execute = getattr(step_functions, f"_execute_{kind.lower()}")
        arguments = (execution, context) if kind in ("Task", "Parallel", "Map") else (context,)
        value, following = execute(state, value, *arguments)
    current_run().check()
    _record(step_functions, execution, f"{kind}StateExited", name=name, output=json.dumps(value))
    return value, following


def _record(step_functions: Any, execution: dict[str, Any], event: str, **details: str) -> None:
    key = "stateEnteredEventDetails" if event.endswith("Entered") else "stateExitedEventDetails"
    step_functions._add_event(execution, event, {key: details})


def _end(step_functions: Any, execution: dict[str, Any], status: str, **outcome: str | None) -> None:
    """End an execution, if it runs."""
    with _ENDING:
        if execution["status"] != "RUNNING":
            return
        execution.update(outcome, status=status, stopDate=step_functions.now_iso())
    name = _EVENT_NAMES[status]
    details = {key: value for key, value in outcome.items() if value is not None}
    step_functions._add_event(execution, f"Execution{name}", {f"execution{name}EventDetails": details})
    step_functions._emit_execution_status_event(execution)


def unknown_execution(step_functions: Any, request: dict[str, Any]) -> Any:
    """The refusal of a request for an execution that is not there."""
    message = f"Execution Does Not Exist: '{request.get('executionArn')}'"
    return step_functions.error_response_json("ExecutionDoesNotExist", message, 400)


# Names


def answer_repeated_starts(step_functions: Any) -> None:
    """Answer a repeated StartExecution with the first answer if name and input are those of a running
    execution.

    MiniStack refuses it (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
    """
    start = step_functions._start_execution

    @functools.wraps(start)
    def started(request: dict[str, Any]) -> Any:
        response = start(request)
        _, _, body = response
        if b"ExecutionAlreadyExists" not in body:
            return response
        state_machine = step_functions._resolve_state_machine_arn(request["stateMachineArn"])
        arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{request['name']}"
        running = step_functions._executions[arn]
        if running["status"] != "RUNNING" or running["input"] != request.get("input", "{}"):
            return response
        return step_functions.json_response({"executionArn": arn, "startDate": running["startDate"]})

    step_functions._start_execution = started


def forget_executions(step_functions: Any, state_machine_arn: str) -> None:
    """Delete a state machine with its executions, whose names may be used anew.

    Running executions end at their next transition, as on AWS
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html).
    """
    for execution in list(step_functions._executions.values()):
        if execution["stateMachineArn"] == state_machine_arn and execution["status"] == "RUNNING":
            execution["status"] = "ABORTED"
    step_functions._delete_state_machine({"stateMachineArn": state_machine_arn})
