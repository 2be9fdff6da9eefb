"""An SQS queue, as those around the oven use it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from pizza_oven.ports import BATCH
from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment import contents
from serverless_pizza_oven.errors import AwsError

Thing = TypeVar("Thing")

ATTEMPTS = 5
"""How often entries of a batch are sent before SQS is believed not to want them."""

PAUSE_SECS = 0.1
"""Before the second of them; each further pause is twice as long."""


class NotSentError(AwsError):
    """SQS did not take some messages of a batch, however often they were sent."""

    def __init__(self, message: str, positions: Sequence[int]) -> None:
        super().__init__(message)
        self.positions = positions
        """Of those not taken, in the batch. The others were."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in our hand: nobody else sees it meanwhile."""

    id: str
    receipt: str
    item_id: str | None
    """None where it is no item."""
    body: str
    sent_at: float
    """When it came into the queue, in seconds since the epoch."""
    receive_count: int
    """How often somebody has received it, this time included."""
    reason: str
    """Why it is a dead letter, if it is one and says so."""


class Queue:
    """A queue of an oven. Every method raises AwsError."""

    def __init__(self, aws: Aws, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._aws = aws
        self.url = url
        self._sleep = sleep

    def depth(self) -> int:
        """About how many messages there are, in hand or not."""
        with _told(self.url):
            return contents.depth(self._aws, self.url)

    def send(self, bodies: Sequence[str]) -> None:
        """Append up to 10. Raises NotSentError where some are not taken, and AwsError where nobody knows."""
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

    def receive(self, wait_secs: int, hide_secs: int, most: int = BATCH) -> list[Message]:
        """Take up to 10, waiting for the first; the others see them again after `hide_secs`."""
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

    def sweep(self, hide_secs: int) -> Iterator[list[Message]]:
        """Take all there is, up to 10 at a time, in no order.

        Who is at it for longer than `hide_secs` sees the first ones come again: that is the end, too. Of such
        a message the last one counts, since the receipt of an earlier one deletes it no more
        (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html).
        """
        seen: set[str] = set()
        # A long poll asks every server of SQS; a short one may come back empty although the queue is not.
        while messages := self.receive(wait_secs=1, hide_secs=hide_secs):
            yield messages
            ids = {message.id for message in messages}
            if ids <= seen:
                return
            seen |= ids

    def delete(self, messages: Sequence[Message]) -> None:
        """What cannot be deleted comes again."""
        for some in batches(messages):
            entries: list[Any] = [{"Id": str(n), "ReceiptHandle": m.receipt} for n, m in enumerate(some)]
            with self._errors("deleting from"):
                self._aws.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)

    def give_back(self, messages: Sequence[Message]) -> None:
        """Let anybody receive them again, now."""
        for some in batches(messages):
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": m.receipt, "VisibilityTimeout": 0} for n, m in enumerate(some)
            ]
            with self._errors("giving back to"):
                self._aws.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def max_receives(self) -> int | None:
        """How often a message is received before SQS makes it a dead letter; None: for ever."""
        count = self._redrive_policy().get("maxReceiveCount")
        return None if count is None else int(count)

    def dead_letters(self) -> "Queue | None":
        """The queue that this one's messages end in when they fail, if there is one that we may see."""
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
        with _told(self.url), aws_errors(f"{doing} {self.url}"):
            yield


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Say what to do where there is no such queue."""
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


def _message(received: Mapping[str, Any]) -> Message:
    attributes = received["Attributes"]
    return Message(
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
    """As many at a time as a request carries."""
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
