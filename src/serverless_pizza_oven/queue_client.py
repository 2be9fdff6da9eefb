"""A client of one SQS queue: send, receive, delete, count."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from pizza_oven.messages import BATCH
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.sdk_errors import aws_errors

Thing = TypeVar("Thing")

ATTEMPTS = 5
"""How often the entries of a batch are sent before `NotSentError` is raised."""

PAUSE_SECS = 0.1
"""The pause before the second attempt. Each further pause is twice as long."""


class NotSentError(AwsError):
    """SQS refused some messages of a batch, in every attempt."""

    def __init__(self, message: str, positions: Sequence[int]) -> None:
        super().__init__(message)
        self.positions = positions
        """Where the refused messages stand in the batch. SQS took the others."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that was received. SQS hides it from other receivers until its visibility timeout ends."""

    id: str
    receipt: str
    item_id: str | None
    """None if the body is not an item."""
    body: str
    sent_at: float
    """When it was sent to this queue, in seconds since the epoch."""
    receive_count: int
    """How often it was received, this time included."""
    reason: str
    """The message attribute `reason`: why it is a dead letter. Empty if there is none."""


class Queue:
    """A queue. Every method raises AwsError."""

    def __init__(self, aws: Aws, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._aws = aws
        self.url = url
        self._sleep = sleep

    def depth(self) -> int:
        """About how many messages there are: visible, in flight and delayed."""
        with _missing_queue_explained(self.url):
            return count_messages(self._aws, self.url)

    def send(self, bodies: Sequence[str]) -> None:
        """Send up to 10 messages.

        Raises NotSentError if SQS refuses some of them, and AwsError if it is unknown which were sent.
        """
        left: list[Any] = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(PAUSE_SECS * 2 ** (attempt - 1))
            with self._errors("sending to"):
                response = self._aws.sqs.send_message_batch(QueueUrl=self.url, Entries=left)
            failed = {entry["Id"]: entry for entry in response.get("Failed", [])}
            if not failed:
                return
            left = [entry for entry in left if entry["Id"] in failed]
        reason = next(iter(failed.values()))
        raise NotSentError(
            f"sending to {self.url}: {reason['Code']}: {reason.get('Message', '')}",
            [int(entry["Id"]) for entry in left],
        )

    def receive(self, wait_secs: int, hide_secs: int, most: int = BATCH) -> list[ReceivedMessage]:
        """Receive up to `most` messages, waiting up to `wait_secs` for the first.

        Other receivers see them again after `hide_secs`.
        """
        with self._errors("receiving from"):
            response = self._aws.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait_secs,
                VisibilityTimeout=hide_secs,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
                MessageAttributeNames=["reason"],
            )
        return [_message(message) for message in response.get("Messages", [])]

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages. One that SQS cannot delete is received again later."""
        for some in batches(messages):
            entries: list[Any] = [{"Id": str(n), "ReceiptHandle": m.receipt} for n, m in enumerate(some)]
            with self._errors("deleting from"):
                self._aws.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)

    def give_back(self, messages: Sequence[ReceivedMessage]) -> None:
        """Make messages visible again, now."""
        self.hide(messages, 0)

    def hide(self, messages: Sequence[ReceivedMessage], secs: int) -> None:
        """Hide messages from other receivers for `secs` from now.

        One that became visible meanwhile stays so.
        """
        for some in batches(messages):
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": m.receipt, "VisibilityTimeout": secs}
                for n, m in enumerate(some)
            ]
            with self._errors("changing the visibility of messages in"):
                self._aws.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def max_receives(self) -> int | None:
        """How often a message is received before SQS makes it a dead letter. None: there is no limit."""
        count = self._redrive_policy().get("maxReceiveCount")
        return None if count is None else int(count)

    def dead_letters(self) -> "Queue | None":
        """The dead-letter queue of this queue. None if there is none, or if we may not look it up."""
        account, _, name = self._redrive_policy().get("deadLetterTargetArn", "").rpartition(":")
        if not name:
            return None
        try:
            found = self._aws.sqs.get_queue_url(
                QueueName=name, QueueOwnerAWSAccountId=account.rpartition(":")[2]
            )
        except ClientError:
            return None
        return Queue(self._aws, found["QueueUrl"])

    def _redrive_policy(self) -> Mapping[str, Any]:
        with self._errors("looking for the dead letters of"):
            response = self._aws.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
        policy: Mapping[str, Any] = json.loads(response.get("Attributes", {}).get("RedrivePolicy", "{}"))
        return policy

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        with _missing_queue_explained(self.url), aws_errors(f"{doing} {self.url}"):
            yield


def count_messages(aws: Aws, queue_url: str) -> int:
    """About how many messages a queue has: visible, in flight and delayed. Raises AwsError."""
    with aws_errors(f"counting {queue_url}"):
        response = aws.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return sum(map(int, response["Attributes"].values()))


@contextmanager
def _missing_queue_explained(url: str) -> Iterator[None]:
    """Say what to do if there is no such queue."""
    try:
        yield
    except AwsError as error:
        cause = error.__cause__
        code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
        if "NonExistentQueue" in code or "QueueDoesNotExist" in code:
            raise AwsError(
                f"there is no queue {url}: the outputs of the oven's stack have the right URLs"
            ) from error
        raise


def _message(received: Mapping[str, Any]) -> ReceivedMessage:
    attributes = received["Attributes"]
    return ReceivedMessage(
        id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        item_id=_item_id(received["Body"]),
        body=received["Body"],
        sent_at=int(attributes["SentTimestamp"]) / 1000,
        receive_count=int(attributes["ApproximateReceiveCount"]),
        reason=received.get("MessageAttributes", {}).get("reason", {}).get("StringValue", ""),
    )


def _item_id(body: str) -> str | None:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    item_id = fields.get("id") if isinstance(fields, dict) else None
    return item_id if isinstance(item_id, str) else None


def batches(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """Split into batches of 10, the most that one request to SQS carries."""
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
