"""What became dead letters, and why."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, Trigger, parse, read_object
from serverless_pizza_oven.errors import KitchenError
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage, batches
from serverless_pizza_oven.text import plain

HIDE_SECS = 30
"""For how long nobody else sees the letters, if we die while we have them in hand."""


class NoSuchDeadLetterError(KitchenError):
    """No dead letter goes by that name."""


@dataclass(frozen=True, slots=True)
class DeadLetterEntry:
    """A dead letter, as the oven reads it."""

    message: ReceivedMessage
    id: str
    """The item's, where it has a sound one, else the message's."""
    content: Item | Trigger | None
    """None where it is malformed."""
    flaw: str
    """Why it is malformed."""
    is_object: bool
    """Whether it has fields, which can be mended."""
    reason: str
    """Why it is a dead letter, in one line."""

    @property
    def baking_failed(self) -> bool:
        """Whether it began to bake, so that its id is used up. By its reason, as Bake Items words it."""
        return self.message.reason.startswith("its baking ended as")

    @property
    def remedy(self) -> str:
        """What a redrive would do with it, as far as it tells itself."""
        match self.content:
            case Item():
                return "new id" if self.baking_failed else "as it is"
            case Trigger():
                return "no item"
            case None:
                return "once mended" if self.is_object else "no"

    def as_json(self, now: float) -> Mapping[str, Any]:
        """All there is to know. `now` is in seconds since the epoch."""
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
        """Since it was sent; SQS keeps that time of those that it moves itself."""
        return max(round(now - self.message.sent_at), 0)


def read_dead_letter(message: ReceivedMessage, capacity: int, tries: int | None) -> DeadLetterEntry:
    """Read a message for an oven of `capacity` slots, whose new items SQS tries so often."""
    content, flaw, item_id, is_object = None, "", None, False
    try:
        read_object(message.body)
        is_object = True
        content = parse(message.body, capacity)
        item_id = content.id if isinstance(content, Item) else None
    except MalformedItemError as error:
        flaw, item_id = str(error), error.item_id
    reason = message.reason or flaw or f"SQS gave up after {tries} tries"
    return DeadLetterEntry(message, item_id or message.id, content, flaw, is_object, plain(reason))


@contextmanager
def all_in_hand(dead_letters: Queue) -> Iterator[dict[str, ReceivedMessage]]:
    """Take all dead letters, by message id. Those that are still in it at the end are given back."""
    hand: dict[str, ReceivedMessage] = {}
    try:
        for some in dead_letters.sweep(HIDE_SECS):
            hand |= {message.id: message for message in some}
        yield hand
    finally:
        dead_letters.give_back(list(hand.values()))


def select(ids: Collection[str] | None, letters: Sequence[DeadLetterEntry]) -> list[DeadLetterEntry]:
    """Those that go by these ids, of items or of messages; for None, all. Raises NoSuchLetterError."""
    if ids is None:
        return list(letters)
    known = {name for letter in letters for name in (letter.id, letter.message.id)}
    for item_id in ids:
        if item_id not in known:
            raise NoSuchDeadLetterError(
                f"there is no dead letter {item_id}, or somebody has it in hand: "
                "oven dlq lists them; nothing was done"
            )
    return [letter for letter in letters if letter.id in ids or letter.message.id in ids]


def list_dead_letters(dead_letters: Queue, capacity: int, tries: int | None) -> list[DeadLetterEntry]:
    """Read all dead letters, the oldest first, and take none. Raises AwsError."""
    with all_in_hand(dead_letters) as hand:
        letters = [read_dead_letter(message, capacity, tries) for message in hand.values()]
    return sorted(letters, key=lambda letter: letter.message.sent_at)


def discard(
    dead_letters: Queue, ids: Collection[str] | None, capacity: int, tries: int | None
) -> Generator[Sequence[DeadLetterEntry]]:
    """Throw letters away, those chosen. Each ten are deleted when the next are asked for.

    Raises NoSuchLetterError before anything is done, and AwsError.
    """
    with all_in_hand(dead_letters) as hand:
        letters = [read_dead_letter(message, capacity, tries) for message in hand.values()]
        for some in batches(select(ids, letters)):
            yield some
            dead_letters.delete([letter.message for letter in some])
            for letter in some:
                del hand[letter.message.id]
