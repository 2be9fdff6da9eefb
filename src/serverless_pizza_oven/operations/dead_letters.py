"""Dead letters: listed, chosen by id, and discarded."""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, ItemRelease, LeaseExtension, Trigger, parse, parse_fields
from pizza_oven.strict_json import read_object
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.held_messages import HeldMessages
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage, batches
from serverless_pizza_oven.text import plain


class NoSuchDeadLetterError(ToolError):
    """No dead letter has that id."""


_USED_UP = ("its baking ended as ", "its work ", "held for ", "it waited ", "it was removed ")


@dataclass(frozen=True, slots=True)
class DeadLetterEntry:
    """A message of the dead-letter queue, as the oven reads it."""

    message: ReceivedMessage
    id: str
    """The item's id if it has a valid one, else the message's."""
    content: Item | Trigger | LeaseExtension | ItemRelease | None
    """None if it is malformed."""
    flaw: str
    """Why it is malformed. Empty if it is not."""
    is_object: bool
    """Whether it is a JSON object, whose fields can be set."""
    reason: str
    """Why it is a dead letter, on one line."""

    @property
    def baking_failed(self) -> bool:
        """Whether its id is used up: it began to bake or was cancelled. The functions word the reasons so."""
        return self.message.reason.startswith(_USED_UP)

    @property
    def remedy(self) -> str:
        """What a redrive does with it, if no other item has its id."""
        match self.content:
            case Item():
                return "new id" if self.baking_failed else "as it is"
            case Trigger() | LeaseExtension() | ItemRelease():
                return "no item"
            case None:
                return "with --set" if self.is_object else "no"

    def as_json(self, now: float) -> Mapping[str, Any]:
        """For programs. `now` is in seconds since the epoch."""
        return {
            "id": self.id,
            "messageId": self.message.id,
            "reason": self.reason,
            "ageSecs": self.age_secs(now),
            "redrive": self.remedy,
            "flaw": self.flaw or None,
            "body": self.message.body,
        }

    def age_secs(self, now: float) -> int:
        """Seconds since it was sent. A message that SQS moved keeps the time at which it was first sent."""
        return max(round(now - self.message.sent_at), 0)


def read_dead_letter(message: ReceivedMessage, capacity: int, max_receives: int | None) -> DeadLetterEntry:
    """Read a dead letter of an oven of `capacity` slots. SQS allows `max_receives` of a new item."""
    content, flaw, fields = None, "", None
    try:
        fields = read_object(message.body)
        content = parse(message.body, capacity)
    except MalformedItemError as error:
        flaw = str(error)
    item_id = None if isinstance(content, Trigger | LeaseExtension | ItemRelease) else _valid_id(fields or {})
    reason = message.reason or flaw or f"SQS gave up after {max_receives} tries"
    return DeadLetterEntry(
        message, item_id or message.id, content, flaw, is_object=fields is not None, reason=plain(reason)
    )


def _valid_id(fields: Mapping[str, Any]) -> str | None:
    """The id of an item, however malformed the rest is; None if it is not valid."""
    try:
        return parse_fields({"id": fields.get("id"), "bakingTimeSecs": 0}).id
    except MalformedItemError:
        return None


def receive_letters(
    held: HeldMessages, capacity: int, max_receives: int | None
) -> Iterator[Sequence[DeadLetterEntry]]:
    """Receive and read all dead letters, up to ten at a time. Raises AwsError."""
    for messages in held.receive_all():
        yield [read_dead_letter(message, capacity, max_receives) for message in messages]


def select(ids: Collection[str], letters: Sequence[DeadLetterEntry]) -> list[DeadLetterEntry]:
    """Choose the letters with these ids, of items or of messages.

    Raises NoSuchDeadLetterError if there is none with one of the ids.
    """
    known = {name for letter in letters for name in (letter.id, letter.message.id)}
    for item_id in ids:
        if item_id not in known:
            raise NoSuchDeadLetterError(
                f"no visible dead letter has the id {item_id}: oven dlq list shows them. Nothing was done"
            )
    return [letter for letter in letters if letter.id in ids or letter.message.id in ids]


def list_dead_letters(
    dead_letters: Queue,
    capacity: int,
    max_receives: int | None,
    clock: Callable[[], float] = time.monotonic,
) -> list[DeadLetterEntry]:
    """Read all dead letters, the oldest first, and leave them in the queue. Raises AwsError."""
    with HeldMessages(dead_letters, clock) as held:
        letters = list(chain.from_iterable(receive_letters(held, capacity, max_receives)))
    return sorted(letters, key=lambda letter: letter.message.sent_at)


def discard(
    dead_letters: Queue,
    ids: Collection[str] | None,
    capacity: int,
    max_receives: int | None,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Sequence[DeadLetterEntry]]:
    """Discard the letters with these ids; for None, all. Yields ten at a time before they are deleted.

    Raises NoSuchDeadLetterError before anything is deleted, and AwsError.
    """
    with HeldMessages(dead_letters, clock) as held:
        received = receive_letters(held, capacity, max_receives)
        for some in received if ids is None else batches(select(ids, list(chain.from_iterable(received)))):
            held.extend()
            yield some
            held.delete([letter.message for letter in some])
