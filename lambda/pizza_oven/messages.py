"""The messages of the queues, as the oven handles them."""

import json
from collections.abc import Sequence
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
    receipt: str = ""
    """Empty if Lambda received the message, and deletes it."""


def pack(bodies: Sequence[str]) -> str:
    """The body of one message of the line with these items."""
    return bodies[0] if len(bodies) == 1 else json.dumps(bodies, ensure_ascii=False)


def unpack(body: str) -> list[str]:
    """The bodies of the items in a message of the line. Each is a JSON object, so a list has several."""
    return json.loads(body) if body.startswith("[") else [body]


@dataclass(frozen=True, slots=True)
class JoiningMessage:
    """A message that is to be enqueued in Waiting Items."""

    deduplication_id: str
    """SQS drops a message whose id it has seen in the last 5 minutes."""
    body: str
    asked_at: float | None = None
    """As in `WaitingMessage`."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that was received from Waiting Items and is not deleted yet."""

    body: str
    """An item, or several that joined together: a JSON list of their bodies."""
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

    @property
    def bodies(self) -> list[str]:
        """The bodies of its items."""
        return unpack(self.body)


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
