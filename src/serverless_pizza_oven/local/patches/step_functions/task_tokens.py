"""Task tokens: the callback pattern, `.waitForTaskToken`.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

import base64
import functools
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from serverless_pizza_oven.local.patches.step_functions.runs import Run, current_run

TOKEN_BYTES = 510
"""Tokens of AWS are some 700 characters long; 2,048 at most."""


class _Task:
    """A task that waits for an answer to its token."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._answered = threading.Event()
        self._lock = threading.Lock()
        self._closed = False
        self._last_beat = time.monotonic()
        self.outcome: dict[str, Any] | None = None

    def answer(self, outcome: dict[str, Any]) -> bool:
        """Give the outcome. False if the task has ended."""
        with self._lock:
            if self._closed or self._run.ended:
                return False
            self._closed = True
            self.outcome = outcome
        self._answered.set()
        return True

    def beat(self) -> bool:
        """Begin the time to the next heartbeat. False if the task has ended."""
        with self._lock:
            self._last_beat = time.monotonic()
            return not (self._closed or self._run.ended)

    def wait(self, timeout: float | None, heartbeat: float | None) -> dict[str, Any] | None:
        """The outcome; None if the time is over. Raises RunEndedError if the execution is stopped."""
        begun = time.monotonic()
        while True:
            ends = []
            if timeout is not None:
                ends.append(begun + timeout)
            if heartbeat is not None:
                ends.append(self._last_beat + heartbeat)
            left = min(ends) - time.monotonic() if ends else None
            if left is not None and left <= 0:
                self.close()
                return self.outcome
            self._run.wait(self._answered, left)
            if self._answered.is_set():
                return self.outcome

    def close(self) -> None:
        """Refuse further answers."""
        with self._lock:
            self._closed = True


def wait_for_task_tokens(step_functions: Any) -> None:
    """Give each attempt of a task a token, which ends with the attempt.

    MiniStack keeps one token for all attempts, knows no heartbeats, keeps the tokens of stopped executions,
    and takes a second answer. As on AWS, the token of a task that has ended is refused with TaskTimedOut, and
    any other one with InvalidToken
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html).
    """
    tasks: dict[str, _Task] = {}
    apply_parameters = step_functions._apply_parameters

    @functools.wraps(apply_parameters)
    def applied(state: dict[str, Any], value: Any, context: Any = None) -> Any:
        if ".waitForTaskToken" in state.get("Resource", ""):
            context["Task"] = {"Token": base64.b64encode(secrets.token_bytes(TOKEN_BYTES)).decode()}
        return apply_parameters(state, value, context)

    def wait(resource: str, value: Any, token: str, state: dict[str, Any]) -> Any:
        task = tasks[token] = _Task(current_run())
        try:
            step_functions._invoke_resource(resource.replace(".waitForTaskToken", ""), value)
            outcome = task.wait(state.get("TimeoutSeconds"), state.get("HeartbeatSeconds"))
        finally:
            task.close()
        if outcome is None:
            raise step_functions._ExecutionError("States.Timeout", "")
        if "output" in outcome:
            return json.loads(outcome["output"])
        raise step_functions._ExecutionError(outcome.get("error", ""), outcome.get("cause", ""))

    step_functions._apply_parameters = applied
    step_functions._invoke_with_callback = wait
    _answer_tokens(step_functions, tasks)


def _answer_tokens(step_functions: Any, tasks: dict[str, _Task]) -> None:
    refuse = functools.partial(step_functions.error_response_json, status=400)

    def answering(ministacks: Any, answer: Callable[[_Task, dict[str, Any]], bool]) -> Any:
        @functools.wraps(ministacks)
        def answered(request: dict[str, Any]) -> Any:
            token = request.get("taskToken")
            if token in step_functions._task_tokens:
                # This token is of an activity, not of a callback.
                return ministacks(request)
            if token not in tasks:
                return refuse("InvalidToken", "Invalid Token: 'Invalid token'")
            if not _is_json(request.get("output", "{}")):
                return refuse("InvalidOutput", "Invalid Output: it is not JSON")
            if not answer(tasks[token], request):
                return refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            return step_functions.json_response({})

        return answered

    step_functions._send_task_success = answering(step_functions._send_task_success, _Task.answer)
    step_functions._send_task_failure = answering(step_functions._send_task_failure, _Task.answer)
    step_functions._send_task_heartbeat = answering(
        step_functions._send_task_heartbeat, lambda task, _request: task.beat()
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
