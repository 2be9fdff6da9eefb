"""The interface between the page and an oven."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.endpoints import is_on_this_machine
from serverless_pizza_oven.operations.dead_letters import read_dead_letter
from serverless_pizza_oven.operations.sending import read_item, send
from serverless_pizza_oven.operations.status import Status, status
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.web.ordering import PizzaOrder

HIDE_SECS = 5
"""The visibility timeout of dead letters that are read: how long a killed process hides them."""

MAX_REASON_CHARS = 300
"""The part of a reason that the page shows."""


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """A dead letter, as the page shows it. Both texts may contain anything."""

    id: str
    reason: str


class WatchedOven(Protocol):
    """An oven that the page shows. Every method raises PizzaOvenError."""

    name: str
    """The name of its stack."""
    where: str
    """The account, region or address of the oven, in words."""
    capacity: int
    """In slots."""
    is_local: bool
    """Whether it is in an emulator on this machine. Only then may the page send pizzas."""

    def read_status(self) -> Status: ...

    def read_dead_letters(self) -> Sequence[DeadLetterSummary]:
        """Read up to ten dead letters, and leave them in the queue."""

    def send(self, order: PizzaOrder) -> None:
        """Send some pizzas. Raises MalformedItemError if the oven would reject them."""


class DeployedOven:
    """Implements WatchedOven for the oven of a stack. One thread may read while others send."""

    def __init__(
        self, aws: Aws, stack: Stack, clock: Callable[[], float], new_token: Callable[[], str]
    ) -> None:
        """The `clock` tells seconds since the epoch. A token begins the ids of the pizzas of one order."""
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
        # Made in this thread: a session of the SDK cannot make clients in two threads at once.
        _ = aws.sqs

    def read_status(self) -> Status:
        self._last = status(self._aws, self._stack, self._clock(), self._last)
        self.capacity = self._last.capacity
        return self._last

    def read_dead_letters(self) -> list[DeadLetterSummary]:
        messages = self._dead_letters.receive(wait_secs=1, hide_secs=HIDE_SECS)
        self._dead_letters.give_back(messages)
        max_receives = self._new_items.max_receives()
        letters = [read_dead_letter(message, self.capacity, max_receives) for message in messages]
        return [DeadLetterSummary(letter.id, letter.reason[:MAX_REASON_CHARS]) for letter in letters]

    def send(self, order: PizzaOrder) -> None:
        token = self._new_token()
        items = [
            read_item(_body(f"page-{token}-{number}", order), self.capacity)
            for number in range(1, order.count + 1)
        ]
        for _ in send(self._new_items, items):
            """Each batch is in SQS."""


def _body(item_id: str, order: PizzaOrder) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": order.baking_time_secs, "size": order.size})
