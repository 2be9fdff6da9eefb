"""The messages that a run sends and receives.

Every id begins with the name of the run. Messages of others are made visible again.
"""

import json
from collections.abc import Iterable
from typing import Any

from pizza_oven.item import ItemRelease
from pizza_oven.messages import BATCH
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage, batches

HIDE_SECS = 10
"""How long received messages stay hidden if this process is killed."""

Fields = dict[str, Any]
"""An item as JSON."""


class Traffic:
    """Sends items, and receives baked items and dead letters. The methods that do raise AwsError."""

    def __init__(self, aws: Aws, stack: Stack, run: str) -> None:
        self.run = run
        self.sent: dict[str, Fields] = {}
        """The items sent, by id."""
        self.released: set[str] = set()
        """The ids of items that were released, and so come out nowhere."""
        self.baked: list[ReceivedMessage] = []
        """The baked items received. They are deleted from the queue."""
        self.letters: list[ReceivedMessage] = []
        """The dead letters received. They are deleted from the queue."""
        self._new_items = Queue(aws, stack.new_items)
        self._baked_items = Queue(aws, stack.baked_items)
        self._dead_letters = Queue(aws, stack.dead_letters)

    def item(self, name: str, secs: int, size: int = 1, **others: Any) -> Fields:
        """An item of this run."""
        return {"id": f"{self.run}-{name}", "bakingTimeSecs": secs, "size": size, **others}

    def send(self, *items: Fields) -> None:
        """Send items, ten in a request."""
        self.sent |= {item["id"]: item for item in items}
        self.send_bodies(json.dumps(item, separators=(",", ":")) for item in items)

    def send_bodies(self, bodies: Iterable[str]) -> None:
        """Send message bodies, ten in a request."""
        for some in batches(list(bodies)):
            self._new_items.send(some)

    def release(self, item_id: str) -> None:
        """Release a held item."""
        self.released.add(item_id)
        self.send_bodies([ItemRelease(item_id).body])

    def receive_baked(self) -> int:
        """Receive up to ten baked items, waiting up to a second. Returns how many were of this run."""
        return self._receive_own(self._baked_items, self.baked)

    def receive_letters(self) -> int:
        """Receive up to ten dead letters, waiting up to a second. Returns how many were of this run."""
        return self._receive_own(self._dead_letters, self.letters)

    def received(self, item_id: str) -> list[Fields]:
        """The copies of an item received so far."""
        return [json.loads(message.body) for message in self.baked if message.item_id == item_id]

    def letters_of(self, item_id: str) -> list[ReceivedMessage]:
        """The dead letters of an item received so far."""
        return [letter for letter in self.letters if _mentions(letter, item_id)]

    def _receive_own(self, queue: Queue, kept: list[ReceivedMessage]) -> int:
        messages = queue.receive(wait_secs=1, hide_secs=HIDE_SECS, most=BATCH)
        own = [message for message in messages if _mentions(message, self.run)]
        queue.give_back([message for message in messages if message not in own])
        kept += own
        queue.delete(own)
        return len(own)


def _mentions(message: ReceivedMessage, text: str) -> bool:
    return text in message.body
