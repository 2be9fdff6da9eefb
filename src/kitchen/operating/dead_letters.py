"""What became dead letters, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kitchen.operating.words import plain
from kitchen.stack.queues import Message, Queue
from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, Trigger, parse, read_object

HIDE_SECS = 30
"""For how long nobody else sees the letters, if we die while we have them in hand."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, as the oven reads it."""

    message: Message
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


def read_letter(message: Message, capacity: int, tries: int | None) -> Letter:
    """Read a message for an oven of `capacity` slots, whose new items SQS tries so often."""
    content, flaw, item_id, is_object = None, "", None, False
    try:
        is_object = bool(read_object(message.body))
        content = parse(message.body, capacity)
        item_id = content.id if isinstance(content, Item) else None
    except MalformedItemError as error:
        flaw, item_id = str(error), error.item_id
    reason = message.reason or flaw or f"SQS gave up after {tries} tries"
    return Letter(message, item_id or message.id, content, flaw, is_object, plain(reason))


def list_letters(dead_letters: Queue, capacity: int, tries: int | None) -> list[Letter]:
    """Read all dead letters, the oldest first, and take none. Raises AwsError."""
    hand: list[Message] = []
    try:
        for some in dead_letters.sweep(HIDE_SECS):
            hand += some
    finally:
        dead_letters.give_back(hand)
    return [read_letter(m, capacity, tries) for m in sorted(hand, key=lambda message: message.sent_at)]
