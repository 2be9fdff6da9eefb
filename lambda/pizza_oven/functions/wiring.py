"""Builds the oven of an environment: the one place where settings, clients and clocks meet."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.session import Session

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.aws.clients import CONFIG
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.aws.queues import SqsBakedItems, SqsDeadLetters, SqsNewItems, SqsWaitingItems
from pizza_oven.baking import BakeItems
from pizza_oven.functions.metrics import MetricsJournal
from pizza_oven.ports import Journal
from pizza_oven.removing import ItemRemoved

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


class LogJournal:
    """Implements Journal: one JSON line in the function's log for each decision.

    A look is none, and is written only when the function is debugged.
    """

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def note(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        log = {"failed": self._logger.warning, "looked": self._logger.debug}.get(decision, self._logger.info)
        log(decision, extra={"item_id": item_id, **facts})


def journal_of(service: str, environment: Mapping[str, str]) -> MetricsJournal:
    # The place in the code is always the journal's.
    logs = LogJournal(Logger(service, location=None))
    # Not there yet while an update from the first version has changed the code, but not the environment.
    enabled = environment.get("METRICS") == "ENABLED"
    return MetricsJournal(logs, environment.get("STACK", ""), enabled=enabled)


def bake_items(environment: Mapping[str, str], session: Session, journal: Journal) -> BakeItems:
    dynamodb: DynamoDBClient = _client(session, "dynamodb")
    sqs: SQSClient = _client(session, "sqs")
    stepfunctions: SFNClient = _client(session, "stepfunctions")
    return BakeItems(
        capacity=int(environment["CAPACITY"]),
        table=DynamoBakingTable(dynamodb, environment["BAKING_TABLE"]),
        line=SqsWaitingItems(sqs, environment["WAITING_ITEMS_URL"]),
        new_items=SqsNewItems(sqs, environment["NEW_ITEMS_URL"]),
        dead_letters=SqsDeadLetters(sqs, environment["DLQ_URL"]),
        item_states=StepFunctionsItemStates(stepfunctions, environment["ITEM_STATES_ARN"]),
        journal=journal,
        now=time.time,
    )


def item_removed(environment: Mapping[str, str], session: Session, journal: Journal) -> ItemRemoved:
    dynamodb: DynamoDBClient = _client(session, "dynamodb")
    sqs: SQSClient = _client(session, "sqs")
    return ItemRemoved(
        table=DynamoBakingTable(dynamodb, environment["BAKING_TABLE"]),
        baked_items=SqsBakedItems(sqs, environment["BAKED_ITEMS_URL"]),
        new_items=SqsNewItems(sqs, environment["NEW_ITEMS_URL"]),
        journal=journal,
        now=time.time,
    )


def _client(session: Session, service: str) -> Any:
    # From botocore alone, without boto3 around it: the same client, and an import that is a quarter shorter.
    return session.create_client(service, config=CONFIG)
