"""Classifying the messages of New Items: items, triggers, and what is malformed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pizza_oven.context import Context
from pizza_oven.errors import MalformedItemError
from pizza_oven.item import LEAVING_ITEMS, PILOT_LIGHT, Item, ItemRelease, LeaseExtension, Trigger, parse
from pizza_oven.messages import DeadLetter, NewMessage
from pizza_oven.rejecting import letter_of


@dataclass(slots=True)
class Batch:
    """The messages of one invocation, by what they contain."""

    items: dict[str, Item] = field(default_factory=dict)
    """The items by id, in the order of their messages."""
    messages: dict[str, list[NewMessage]] = field(default_factory=dict)
    """The messages that brought each item, by its id."""
    triggers: list[NewMessage] = field(default_factory=list)
    """All triggers."""
    named: dict[str, list[NewMessage]] = field(default_factory=dict)
    """The triggers that name an item, by its id."""
    asking_for_departures: list[NewMessage] = field(default_factory=list)
    """The triggers that ask for the slots of Leaving Items."""
    extensions: dict[str, LeaseExtension] = field(default_factory=dict)
    """The extensions, by the ids of their messages."""
    releases: dict[str, ItemRelease] = field(default_factory=dict)
    """The releases, by the ids of their messages."""
    malformed: dict[str, DeadLetter] = field(default_factory=dict)
    """The dead letters of malformed messages, by the id of the message."""

    @property
    def wake_ups(self) -> int:
        """The triggers that may each stand for a freed slot: slots of Leaving Items are not free before."""
        return len(self.triggers) - len(self.asking_for_departures) + len(self.named.get(PILOT_LIGHT, []))


def classify(context: Context, messages: Sequence[NewMessage]) -> Batch:
    """Read all messages. An item that comes twice is one item."""
    batch = Batch()
    for message in messages:
        try:
            content = parse(message.body, context.capacity)
        except MalformedItemError as error:
            batch.malformed[message.id] = letter_of(message.body, error)
            continue
        match content:
            case Trigger():
                _add_trigger(batch, content, message)
            case LeaseExtension():
                batch.extensions[message.id] = content
            case ItemRelease():
                batch.releases[message.id] = content
            case Item():
                if content.id in batch.items:
                    context.log.record("duplicate", content.id)
                batch.items.setdefault(content.id, content)
                batch.messages.setdefault(content.id, []).append(message)
    return batch


def _add_trigger(batch: Batch, trigger: Trigger, message: NewMessage) -> None:
    batch.triggers.append(message)
    if trigger.item_id in (LEAVING_ITEMS, PILOT_LIGHT):
        batch.asking_for_departures.append(message)
    if trigger.item_id not in (None, LEAVING_ITEMS):
        batch.named.setdefault(trigger.item_id, []).append(message)
