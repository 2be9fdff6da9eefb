"""What a run of the acceptance test sends through the oven, and what it receives.

Every id begins with the run's own, so that whatever else is in the queues is told apart, and given back.
"""

import json
from collections.abc import Iterable
from typing import Any

from pizza_oven.messages import BATCH
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage, batches

HIDE_SECS = 10
"""When others see again what we have received, if we die with it."""

Fields = dict[str, Any]
"""An item, as its sender writes it."""


class Traffic:
    """Sends items, and receives those that come out and the dead letters. Every method raises AwsError."""

    def __init__(self, aws: Aws, stack: Stack, run: str) -> None:
        self.run = run
        self.sent: dict[str, Fields] = {}
        """The items, by id."""
        self.baked: list[ReceivedMessage] = []
        """What came out, and is deleted."""
        self.letters: list[ReceivedMessage] = []
        """The dead letters, which are deleted."""
        self._new_items = Queue(aws, stack.new_items)
        self._baked_items = Queue(aws, stack.baked_items)
        self._dead_letters = Queue(aws, stack.dead_letters)

    def item(self, name: str, secs: int, size: int = 1, **others: Any) -> Fields:
        """An item of this run."""
        return {"id": f"{self.run}-{name}", "bakingTimeSecs": secs, "size": size, **others}

    def send(self, *items: Fields) -> None:
        """Send items, ten with a request."""
        self.sent |= {item["id"]: item for item in items}
        self.send_bodies(json.dumps(item, separators=(",", ":")) for item in items)

    def send_bodies(self, bodies: Iterable[str]) -> None:
        """Send messages that may be anything, ten with a request."""
        for some in batches(list(bodies)):
            self._new_items.send(some)

    def receive_baked(self) -> int:
        """Receive some of what came out, waiting a second for it. Returns how many were of this run."""
        return self._receive_own(self._baked_items, self.baked)

    def receive_letters(self) -> int:
        """Receive some dead letters, waiting a second for them. Returns how many were of this run."""
        return self._receive_own(self._dead_letters, self.letters)

    def received(self, item_id: str) -> list[Fields]:
        """The copies of an item that came out so far, as they came."""
        return [json.loads(message.body) for message in self.baked if message.item_id == item_id]

    def letters_of(self, item_id: str) -> list[ReceivedMessage]:
        """The dead letters of an item so far."""
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
