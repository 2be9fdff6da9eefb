"""The Lambda function BakeItems: New Items invokes it with batches of messages."""

import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.bake_items import bake_items
from pizza_oven.functions import wiring
from pizza_oven.messages import NewMessage

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _bake_items() -> Callable[[Sequence[NewMessage], "LambdaContext"], list[str]]:
    log, deadline = wiring.decision_log("BakeItems", os.environ), wiring.Deadline()
    context = wiring.bake_items_context(os.environ, Session(), log, time.time, deadline.secs_left)

    def invoke(messages: Sequence[NewMessage], invocation: "LambdaContext") -> list[str]:
        deadline.begin(invocation)
        return bake_items(context, messages)

    return log.flushed_after(invoke)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer with the messages that must come again
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""
    failed = _bake_items()([_message(record) for record in event["Records"]], context)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _message(record: dict[str, Any]) -> NewMessage:
    attributes = record["attributes"]
    return NewMessage(
        record["messageId"],
        record["body"],
        int(attributes["ApproximateReceiveCount"]),
        sent_at=int(attributes["SentTimestamp"]) / 1000,
    )
