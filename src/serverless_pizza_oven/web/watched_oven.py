"""What the page asks of an oven."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from serverless_pizza_oven.aws import Aws, is_on_this_machine
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.dead_letters import read_dead_letter
from serverless_pizza_oven.operations.sending import read_item, send
from serverless_pizza_oven.operations.status import Status, status
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.web.ordering import PizzaOrder

HIDE_SECS = 5
"""For how long nobody else sees a dead letter, if we die while we read it."""

MOST_CHARS = 300
"""Of a reason, on the page."""


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """A dead letter, as the page shows it. Both texts may hold anything."""

    id: str
    reason: str


class WatchedOven(Protocol):
    """One oven. What may be sent to it is asked before. Every method raises PizzaOvenError."""

    name: str
    """That of its stack."""
    where: str
    """In words."""
    capacity: int
    """In slots."""
    is_local: bool
    """Whether it is in an emulator on this machine; only then may the page send."""

    def look(self) -> Status: ...

    def letters(self) -> Sequence[DeadLetterSummary]:
        """Peek at some of the dead letters, and take none."""

    def send(self, order: PizzaOrder) -> None:
        """Send some pizzas. Raises MalformedItemError, too, where the oven would not take them."""


class DeployedOven:
    """Implements Oven for that of a stack. One thread looks, others may send."""

    def __init__(
        self, aws: Aws, stack: Stack, clock: Callable[[], float], new_token: Callable[[], str]
    ) -> None:
        """The `clock` tells seconds since the epoch; a token begins the ids of what is sent together."""
        self.name = stack.name
        self.capacity = stack.capacity
        self.is_local = is_on_this_machine(aws.endpoint_url)
        self.where = "on this machine" if self.is_local else aws.whereabouts
        self._aws = aws
        self._stack = stack
        self._clock = clock
        self._new_token = new_token
        self._last: Status | None = None
        self._new_items = Queue(aws, stack.new_items)
        self._dead_letters = Queue(aws, stack.dead_letters)
        # Made here, since the SDK's sessions make no clients in two threads at once.
        _ = aws.sqs

    def look(self) -> Status:
        self._last = status(self._aws, self._stack, self._clock(), self._last)
        self.capacity = self._last.capacity
        return self._last

    def letters(self) -> list[DeadLetterSummary]:
        hand = self._dead_letters.receive(wait_secs=1, hide_secs=HIDE_SECS)
        self._dead_letters.give_back(hand)
        tries = self._new_items.max_receives()
        read = [read_dead_letter(message, self.capacity, tries) for message in hand]
        return [DeadLetterSummary(letter.id, letter.reason[:MOST_CHARS]) for letter in read]

    def send(self, order: PizzaOrder) -> None:
        token = self._new_token()
        items = [
            read_item(_body(f"page-{token}-{number}", order), self.capacity)
            for number in range(1, order.count + 1)
        ]
        for _ in send(self._new_items, items):
            pass


def _body(item_id: str, order: PizzaOrder) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": order.baking_time_secs, "size": order.size})
