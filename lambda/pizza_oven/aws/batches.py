"""Requests of SQS that carry many messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pizza_oven.aws.clients import service_errors
from pizza_oven.errors import ServiceError
from pizza_oven.messages import BATCH

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_BATCH_BYTES = 1024 * 1024
"""Of a request, attributes included
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""

_GONE = ("ReceiptHandleIsInvalid", "InvalidParameterValue")
"""The codes for a message that is deleted already, or was received by another function since: that one
deletes it."""


def delete_messages(client: "SQSClient", queue_url: str, receipts: Sequence[str]) -> None:
    doing = f"deleting from {queue_url.rpartition('/')[2]}"
    entries: list[Any] = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
    with service_errors(doing):
        response = client.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    _check(response, doing, len(entries), fine=_GONE)


def send_messages(client: "SQSClient", queue_url: str, entries: Iterable[dict[str, Any]]) -> None:
    """Send in as few requests as SQS allows, in order. Raises ServiceError at the first that is refused."""
    doing = f"sending to {queue_url.rpartition('/')[2]}"
    for batch in _batches(entries):
        with service_errors(doing):
            response = client.send_message_batch(QueueUrl=queue_url, Entries=batch)
        _check(response, doing, len(batch))


def _check(response: Mapping[str, Any], doing: str, count: int, fine: Sequence[str] = ()) -> None:
    """Raise ServiceError unless SQS answers for all `count` entries, and none of them failed."""
    answered = len(response.get("Successful", [])) + len(response.get("Failed", []))
    if answered < count:
        raise ServiceError(f"{doing}: SQS answered for {answered} of {count} messages")
    failed = [entry for entry in response.get("Failed", []) if entry["Code"] not in fine]
    if failed:
        raise ServiceError(f"{doing}: {failed[0]['Code']}: {failed[0].get('Message', '')}")


def _batches(entries: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    batch: list[dict[str, Any]] = []
    room = MAX_BATCH_BYTES
    for entry in entries:
        if batch and (len(batch) == BATCH or bytes_of(entry) > room):
            yield batch
            batch, room = [], MAX_BATCH_BYTES
        batch.append({"Id": str(len(batch)), **entry})
        room -= bytes_of(entry)
    if batch:
        yield batch


def bytes_of(entry: Mapping[str, Any]) -> int:
    """As SQS counts: the body, and each attribute's name, type and value."""
    attributes = entry.get("MessageAttributes", {})
    texts = [entry["MessageBody"]]
    for name, attribute in attributes.items():
        texts += [name, attribute["DataType"], attribute["StringValue"]]
    return sum(len(text.encode()) for text in texts)
