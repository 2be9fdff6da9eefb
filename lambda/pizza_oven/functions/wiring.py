"""Builds the oven of an environment: the one place where settings, clients and clocks meet.

A setting that is missing raises KeyError. While a stack is updated, a function may run for a moment with new
code and its old environment: then the messages come again, and Step Functions repeats the task.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.session import Session

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.aws.clients import CONFIG, ONE_ATTEMPT
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.aws.queues import SqsBakedItems, SqsDeadLetters, SqsLeavingItems, SqsNewItems, SqsWaitingItems
from pizza_oven.aws.task_tokens import StepFunctionsTaskTokens
from pizza_oven.context import Context
from pizza_oven.functions.metrics import MetricsLog
from pizza_oven.item_removed import ItemRemoved, Memory
from pizza_oven.ports import DecisionLog

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


class JsonLog:
    """Implements DecisionLog: one JSON line in the function's log for each decision.

    What a function sees of the row is logged only at the level DEBUG.
    """

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        log = {"failed": self._logger.warning, "looked": self._logger.debug}.get(decision, self._logger.info)
        log(decision, extra={"item_id": item_id, **facts})


class Deadline:
    """Tells how long the present invocation of a function may last."""

    def __init__(self) -> None:
        self._invocation: LambdaContext | None = None

    def begin(self, invocation: "LambdaContext") -> None:
        self._invocation = invocation

    def secs_left(self) -> float:
        return self._invocation.get_remaining_time_in_millis() / 1000 if self._invocation else 0


def decision_log(service: str, environment: Mapping[str, str]) -> MetricsLog:
    # Without the place in the code, which is the same for each line.
    log = JsonLog(Logger(service, location=None))
    # METRICS is missing for a moment while an update from 1.0.0 has changed the code, but not the
    # environment.
    enabled = environment.get("METRICS") == "ENABLED"
    return MetricsLog(log, environment.get("STACK", ""), enabled=enabled)


def bake_items_context(
    environment: Mapping[str, str],
    session: Session,
    log: DecisionLog,
    now: Callable[[], float],
    time_left: Callable[[], float],
) -> Context:
    """What Bake Items works with. `now` is in seconds since 1970, `time_left` in seconds."""
    dynamodb: DynamoDBClient = _client(session, "dynamodb")
    sqs: SQSClient = _client(session, "sqs")
    stepfunctions: SFNClient = _client(session, "stepfunctions")
    return Context(
        capacity=int(environment["CAPACITY"]),
        table=DynamoBakingTable(dynamodb, environment["BAKING_TABLE"]),
        waiting_items=SqsWaitingItems(sqs, environment["WAITING_ITEMS_URL"], lambda: str(uuid.uuid4())),
        new_items=SqsNewItems(sqs, environment["NEW_ITEMS_URL"]),
        leaving_items=SqsLeavingItems(sqs, environment["LEAVING_ITEMS_URL"]),
        dead_letters=SqsDeadLetters(sqs, environment["DLQ_URL"]),
        item_states=StepFunctionsItemStates(stepfunctions, environment["ITEM_STATES_ARN"]),
        task_tokens=StepFunctionsTaskTokens(_client(session, "stepfunctions", ONE_ATTEMPT)),
        log=log,
        now=now,
        time_left=time_left,
    )


def item_removed(
    environment: Mapping[str, str],
    session: Session,
    log: DecisionLog,
    now: Callable[[], float],
    time_left: Callable[[], float],
) -> ItemRemoved:
    """Item Removed, which serves the line as Bake Items does."""
    one_attempt: DynamoDBClient = _client(session, "dynamodb", ONE_ATTEMPT)
    return ItemRemoved(
        bake_items_context(environment, session, log, now, time_left),
        DynamoBakingTable(one_attempt, environment["BAKING_TABLE"]),
        SqsBakedItems(_client(session, "sqs"), environment["BAKED_ITEMS_URL"]),
        Memory(),
        is_paused=environment["ADMISSION"] == "PAUSED",
    )


def _client(session: Session, service: str, config: Config = CONFIG) -> Any:
    # From botocore alone, without boto3 around it: the same client, and an import that is a quarter shorter.
    return session.create_client(service, config=config)
