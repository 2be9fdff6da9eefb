"""The five queues on SQS."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pizza_oven.aws.batches import MAX_BATCH_BYTES, bytes_of, delete_messages, send_messages
from pizza_oven.aws.clients import service_errors
from pizza_oven.item import Item, Trigger
from pizza_oven.messages import DeadLetter, Departure, JoiningMessage, NewMessage, WaitingMessage
from pizza_oven.strict_json import UNSENDABLE

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MAX_REASON_CHARS = 1000
"""Enough of a cause to act on."""

_GROUP = "line"
_EPOCH = "era"
"""The message attribute with the epoch in which an item joined: a historic name that must stay."""
_ASKED_AT = "askedAt"
"""The message attribute with the time at which an item was sent to New Items, in seconds since 1970."""


class SqsNewItems:
    """Implements NewItems."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        with service_errors("sending a trigger"):
            self._client.send_message(
                QueueUrl=self._queue_url, MessageBody=Trigger(item_id).body, DelaySeconds=delay_secs
            )

    def receive(self, count: int) -> list[NewMessage]:
        with service_errors("receiving from New Items"):
            response = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=count,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return [_new_message(message) for message in response.get("Messages", [])]

    def delete(self, messages: Sequence[NewMessage]) -> None:
        delete_messages(self._client, self._queue_url, [message.receipt for message in messages])


class SqsLeavingItems:
    """Implements LeavingItems. A message is `{"id": ID, "size": SLOTS}`."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def push(self, item_id: str, size: int) -> None:
        with service_errors(f"leaving the slots of {item_id} to Bake Items"):
            self._client.send_message(
                QueueUrl=self._queue_url, MessageBody=json.dumps({"id": item_id, "size": size})
            )

    def receive(self, count: int) -> list[Departure]:
        with service_errors("receiving from Leaving Items"):
            response = self._client.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=count)
        return [_departure(message) for message in response.get("Messages", [])]

    def delete(self, departures: Sequence[Departure]) -> None:
        delete_messages(self._client, self._queue_url, [departure.receipt for departure in departures])


class SqsBakedItems:
    """Implements BakedItems."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def push(self, item: Item) -> None:
        with service_errors(f"handing out {item.id}"):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=item.body)


class SqsDeadLetters:
    """Implements DeadLetters: the reason is the message attribute `reason`."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def push(self, letters: Sequence[DeadLetter]) -> None:
        send_messages(self._client, self._queue_url, [_letter_entry(letter) for letter in letters])


class SqsWaitingItems:
    """Implements WaitingItems on a FIFO queue."""

    def __init__(self, client: "SQSClient", queue_url: str, new_id: Callable[[], str]) -> None:
        """Each `new_id` is another one, at most 128 characters."""
        self._client = client
        self._queue_url = queue_url
        self._new_id = new_id

    def push(self, messages: Sequence[JoiningMessage], epoch: int) -> None:
        entries = [
            {
                "MessageBody": message.body,
                "MessageAttributes": _stamps(epoch, message.asked_at),
                "MessageGroupId": _GROUP,
                "MessageDeduplicationId": message.deduplication_id,
            }
            for message in messages
        ]
        send_messages(self._client, self._queue_url, entries)

    def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
        with service_errors("receiving from the line"):
            response = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=count,
                WaitTimeSeconds=wait_secs,
                MessageSystemAttributeNames=["SequenceNumber", "SentTimestamp"],
                MessageAttributeNames=[_EPOCH, _ASKED_AT],
                # If the answer is lost, the SDK asks again with the same id, and gets the same messages.
                # Without it, they would lock the line until their visibility timeout is over:
                # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
                ReceiveRequestAttemptId=self._new_id(),
            )
        return [_waiting_message(message) for message in response.get("Messages", [])]

    def delete(self, messages: Sequence[WaitingMessage]) -> None:
        delete_messages(self._client, self._queue_url, [message.receipt for message in messages])

    def put_back(self, messages: Sequence[WaitingMessage], delay_secs: int) -> None:
        entries: list[Any] = [
            {"Id": str(n), "ReceiptHandle": message.receipt, "VisibilityTimeout": delay_secs}
            for n, message in enumerate(messages)
        ]
        with service_errors("putting items back in line"):
            # An entry that fails becomes visible anyway when its visibility timeout is over.
            self._client.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)

    def count(self) -> int:
        with service_errors("counting the line"):
            response = self._client.get_queue_attributes(
                QueueUrl=self._queue_url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
            return sum(map(int, response["Attributes"].values()))


def _stamps(epoch: int, asked_at: float | None) -> dict[str, Any]:
    numbers: dict[str, float] = {_EPOCH: epoch}
    if asked_at is not None:
        numbers[_ASKED_AT] = asked_at
    return {name: {"DataType": "Number", "StringValue": str(number)} for name, number in numbers.items()}


def _new_message(message: "MessageTypeDef") -> NewMessage:
    attributes = message["Attributes"]
    return NewMessage(
        message["MessageId"],
        message["Body"],
        int(attributes["ApproximateReceiveCount"]),
        int(attributes["SentTimestamp"]) / 1000,
        message["ReceiptHandle"],
    )


def _waiting_message(message: "MessageTypeDef") -> WaitingMessage:
    stamps = message.get("MessageAttributes", {})
    stamp, asked_at = stamps.get(_EPOCH), stamps.get(_ASKED_AT)
    return WaitingMessage(
        message["Body"],
        message["ReceiptHandle"],
        int(message["Attributes"]["SequenceNumber"]),
        int(message["Attributes"]["SentTimestamp"]) / 1000,
        int(stamp["StringValue"]) if stamp else None,
        float(asked_at["StringValue"]) if asked_at else None,
    )


def _departure(message: "MessageTypeDef") -> Departure:
    fields = json.loads(message["Body"])
    return Departure(fields["id"], fields["size"], message["ReceiptHandle"])


def _letter_entry(letter: DeadLetter) -> dict[str, Any]:
    entry: dict[str, Any] = {"MessageBody": letter.body}
    reason = {"DataType": "String", "StringValue": UNSENDABLE.sub("?", letter.reason[:MAX_REASON_CHARS])}
    # A body that fills the whole megabyte goes without, rather than not at all.
    if bytes_of({**entry, "MessageAttributes": {"reason": reason}}) <= MAX_BATCH_BYTES:
        entry["MessageAttributes"] = {"reason": reason}
    return entry
