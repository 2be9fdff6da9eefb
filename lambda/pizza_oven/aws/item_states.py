"""Item States: one Step Functions execution for each item, named by its id."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pizza_oven.aws.clients import STARTED_AT_ONCE, error_code, service_errors
from pizza_oven.errors import ServiceError
from pizza_oven.execution import RELEASED, Execution
from pizza_oven.item import Item

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


_REFUSALS = ("InvalidExecutionInput", "InvalidName", "ValidationException")
"""Step Functions will never start an item that it refuses with these codes
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""


class StepFunctionsItemStates:
    """Implements ItemStates."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        if len(items) == 1:
            return [self._start(items[0])]
        with ThreadPoolExecutor(max_workers=STARTED_AT_ONCE) as pool:
            return list(pool.map(self._start, items))

    def describe(self, item_id: str) -> Execution | None:
        try:
            with service_errors(f"describing the baking of {item_id}"):
                found = self._client.describe_execution(executionArn=self.execution_arn(item_id))
                return Execution(
                    status=found["status"],
                    started_at=found["startDate"].timestamp(),
                    body=found.get("input", "{}"),
                    cause=": ".join(filter(None, [found.get("error"), found.get("cause")])),
                )
        except ServiceError as error:
            if error_code(error.__cause__) == "ExecutionDoesNotExist":
                return None
            raise

    def stop(self, item_id: str) -> bool:
        try:
            with service_errors(f"stopping the execution of {item_id}"):
                # One that has ended stays as it is:
                # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
                self._client.stop_execution(executionArn=self.execution_arn(item_id), error=RELEASED)
        except ServiceError as error:
            code = error_code(error.__cause__)
            if code == "ExecutionDoesNotExist":
                return False
            # Of an execution that has ended, an emulator says that it is not valid.
            if code != "ValidationException":
                raise
        return True

    def execution_arn(self, item_id: str) -> str:
        return f"{self._state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{item_id}"

    def _start(self, item: Item) -> Execution | ServiceError:
        try:
            with service_errors(f"starting {item.id}"):
                started = self._client.start_execution(
                    stateMachineArn=self._state_machine_arn, name=item.id, input=item.body
                )
                # For a running execution with the same input, AWS repeats the first answer with its date
                # (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
                return Execution("RUNNING", started["startDate"].timestamp())
        except ServiceError as error:
            return self._not_started(item, error)

    def _not_started(self, item: Item, error: ServiceError) -> Execution | ServiceError:
        code = error_code(error.__cause__)
        if code in _REFUSALS:
            # Without its message, which quotes the item: the cause is logged.
            return Execution("FAILED", 0, item.body, f"Step Functions refused it: {code}")
        if code != "ExecutionAlreadyExists":
            return error
        try:
            # Closed, or running with another input. Some emulators say so of the same input, too.
            return self.describe(item.id) or error
        except ServiceError as unknown:
            return unknown
