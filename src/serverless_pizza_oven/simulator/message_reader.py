"""Reads the messages of a simulation as the oven reads them, each text once."""

import json
from collections.abc import Callable
from functools import lru_cache

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, ItemRelease, LeaseExtension, Trigger, parse

Content = Item | Trigger | LeaseExtension | ItemRelease


@lru_cache(maxsize=1000)
def _parsed(body: str, capacity: int) -> Content:
    return parse(body, capacity)


class MessageReader:
    """Reads messages for an oven whose capacity may change."""

    def __init__(self, capacity: Callable[[], int]) -> None:
        self._capacity = capacity
        self._ids: dict[str, str | None] = {}

    def content(self, body: str) -> Content:
        """Raises MalformedItemError."""
        return _parsed(body, self._capacity())

    def item(self, body: str) -> Item | None:
        """The item of a message; None if it is malformed or a trigger."""
        try:
            content = self.content(body)
        except MalformedItemError:
            return None
        return content if isinstance(content, Item) else None

    def released(self, body: str) -> str | None:
        """The id of the item that a message releases; None if it releases none."""
        content = None if self.is_malformed(body) else self.content(body)
        return content.item_id if isinstance(content, ItemRelease) else None

    def is_malformed(self, body: str) -> bool:
        try:
            self.content(body)
        except MalformedItemError:
            return True
        return False

    def item_id(self, body: str) -> str | None:
        """The id in a message, even if the message is malformed; None if there is none."""
        if body not in self._ids:
            try:
                fields = json.loads(body)
            except ValueError:
                fields = None
            item_id = fields.get("id") if isinstance(fields, dict) else None
            self._ids[body] = item_id if isinstance(item_id, str) else None
        return self._ids[body]
