"""The messages of the queues, as the oven handles them."""

from dataclasses import dataclass

BATCH = 10
"""The most messages that one SQS request carries
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message of New Items."""

    id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0
    """In seconds since 1970."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that was received from Waiting Items and is not deleted yet."""

    body: str
    receipt: str
    sequence: int
    """Its place in the line. Grows from message to message, with gaps."""
    sent_at: float
    """When it was enqueued, in seconds since 1970."""
    epoch: int | None = None
    """The epoch in which it joined. None if release 1.0.0 enqueued it."""
    asked_at: float | None = None
    """When its item was sent to New Items, in seconds since 1970. Only told of items that wait for so long at
    most."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A message of Leaving Items: an item that is in Baked Items, and whose slots are still to be freed."""

    item_id: str
    size: int
    """In slots."""
    receipt: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that will not be baked, and why."""

    body: str
    reason: str
    """For the sender. May quote the message."""
    log_reason: str
    """For the log: the reason without a word of the message."""
    item_id: str | None = None
    """The id of the item, if it has a valid one."""
