"""Messages of queues in memory."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class StoredMessage:
    """A message as a queue keeps it."""

    id: str
    body: str
    reason: str | None = None
    """A message attribute: why the message is in the dead-letter queue."""
    sent_at: float = field(default=0, repr=False)
    """In seconds since 1970. No decision depends on this time, so explored states leave it out."""
    epoch: int | None = None
    """A message attribute: the epoch in which its item joined the waiting line."""
    asked_at: float | None = field(default=None, repr=False)
    """A message attribute: when an item that does not wait for ever was sent to New Items."""
    receive_count: int = 0
    hidden_until: int = 0
    """When it is visible again, in microseconds since 1970. It also tells one receipt from the next."""
    deleted: bool = False


@dataclass(slots=True)
class Delivery:
    """One delivery of a message to a receiver."""

    stored: StoredMessage
    id: str
    body: str
    receipt: int
    receive_count: int
