"""The Lambda function BakeItems: New Items invokes it with batches of messages."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.baking import Message
from pizza_oven.functions import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _bake_items() -> Callable[[Sequence[Message], Callable[[], float]], list[str]]:
    journal = wiring.journal_of("BakeItems", os.environ)
    return journal.flushed_after(wiring.bake_items(os.environ, Session(), journal))


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer with the messages that must come again
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""
    messages = [_message(record) for record in event["Records"]]
    failed = _bake_items()(messages, lambda: context.get_remaining_time_in_millis() / 1000)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _message(record: dict[str, Any]) -> Message:
    attributes = record["attributes"]
    return Message(
        record["messageId"],
        record["body"],
        int(attributes["ApproximateReceiveCount"]),
        sent_at=int(attributes["SentTimestamp"]) / 1000,
    )
