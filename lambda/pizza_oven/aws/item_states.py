"""Item States: one Step Functions execution for each item, named by its id."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pizza_oven.aws.clients import service_errors
from pizza_oven.errors import ServiceError
from pizza_oven.item import Item
from pizza_oven.ports import Execution

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


_REFUSALS = ("InvalidExecutionInput", "InvalidName", "ValidationException")
"""Of an item that Step Functions will never start
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""


class StepFunctionsItemStates:
    """Implements ItemStates."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        if len(items) == 1:
            return [self._start(items[0])]
        with ThreadPoolExecutor(max_workers=max(len(items), 1)) as pool:
            return list(pool.map(self._start, items))

    def describe(self, item_id: str) -> Execution | None:
        try:
            with service_errors(f"describing the baking of {item_id}"):
                found = self._client.describe_execution(executionArn=self.execution_arn(item_id))
        except ServiceError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return None
            raise
        return Execution(
            status=found["status"],
            started_at=found["startDate"].timestamp(),
            body=found.get("input", "{}"),
            cause=": ".join(filter(None, [found.get("error"), found.get("cause")])),
        )

    def execution_arn(self, item_id: str) -> str:
        return f"{self._state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{item_id}"

    def _start(self, item: Item) -> Execution | ServiceError:
        try:
            try:
                with service_errors(f"starting {item.id}"):
                    started = self._client.start_execution(
                        stateMachineArn=self._state_machine_arn, name=item.id, input=item.body
                    )
            except ServiceError as error:
                code = _code(error)
                if code in _REFUSALS:
                    # Not in its words, which quote the item: the cause is written to the log, too.
                    return Execution("FAILED", 0, item.body, f"Step Functions refused it: {code}")
                if code != "ExecutionAlreadyExists":
                    raise
                # Closed, or running with another input; some emulators say so of the same input, too.
                existing = self.describe(item.id)
                if existing is None:
                    raise
                return existing
        except ServiceError as error:
            return error
        # Of a running execution with the same input, AWS repeats the first answer, its start date included
        # (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
        return Execution("RUNNING", started["startDate"].timestamp())


def _code(error: ServiceError) -> str:
    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
