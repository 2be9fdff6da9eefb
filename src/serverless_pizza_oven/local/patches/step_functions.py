"""Step Functions: how many tasks run at the same time, and starts that are repeated."""

import functools
import threading
from typing import Any


def limit_parallel_tasks(step_functions: Any, limit: int) -> None:
    """Run at most `limit` tasks at the same time; the others wait for their turn.

    AWS has a thousand environments for them. Here each is a Python process, and a hundred that start at the
    same time only slow each other down.
    """
    call = step_functions._call_lambda
    turns = threading.Semaphore(limit)

    @functools.wraps(call)
    def in_turn(function: Any, event: Any) -> Any:
        with turns:
            return call(function, event)

    step_functions._call_lambda = in_turn


def answer_repeated_starts(step_functions: Any) -> None:
    """Answer a StartExecution with the name and the input of a running execution as the first time.

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

    Those that run end at their next transition, as on AWS
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html).
    """
    for execution in list(step_functions._executions.values()):
        if execution["stateMachineArn"] == state_machine_arn and execution["status"] == "RUNNING":
            execution["status"] = "ABORTED"
    step_functions._delete_state_machine({"stateMachineArn": state_machine_arn})
