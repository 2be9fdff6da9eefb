"""The oven's queues in memory: they implement its ports."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pizza_oven.item import Item, Trigger
from pizza_oven.messages import DeadLetter, Departure, JoiningMessage, NewMessage, WaitingMessage
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import micros
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

if TYPE_CHECKING:
    from serverless_pizza_oven.simulator.queue_messages import Delivery

TRIGGER = Trigger().body
"""A trigger that names no item."""


class Receipts:
    """What was received from a queue, by the receipts with which it is deleted."""

    def __init__(self, queue: StandardQueue | FifoQueue) -> None:
        self._queue = queue
        self._received: dict[str, Delivery] = {}

    def receive(self, count: int) -> list[tuple[str, "Delivery"]]:
        """Receive up to `count` messages, each with its receipt."""
        received = [(f"{each.id}/{each.receive_count}", each) for each in self._queue.receive(count)]
        self._received.update(received)
        return received

    def get(self, receipt: str) -> "Delivery | None":
        """What has this receipt; None if it is deleted."""
        return self._received.get(receipt)

    def delete(self, receipts: Iterable[str]) -> None:
        """Delete what has these receipts, unless it is deleted already."""
        for receipt in receipts:
            if received := self._received.pop(receipt, None):
                self._queue.delete(received)


class MemoryNewItems:
    """Implements NewItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue
        self._receipts = Receipts(queue)

    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        self._queue.send(TRIGGER if item_id is None else Trigger(item_id).body, micros(delay_secs))

    def receive(self, count: int) -> list[NewMessage]:
        return [
            NewMessage(each.id, each.body, each.receive_count, each.stored.sent_at, receipt)
            for receipt, each in self._receipts.receive(count)
        ]

    def delete(self, messages: Sequence[NewMessage]) -> None:
        self._receipts.delete(message.receipt for message in messages)


class MemoryLeavingItems:
    """Implements LeavingItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue
        self._receipts = Receipts(queue)

    def push(self, item_id: str, size: int) -> None:
        self._queue.send(json.dumps({"id": item_id, "size": size}))

    def receive(self, count: int) -> list[Departure]:
        departures = []
        for receipt, received in self._receipts.receive(count):
            fields = json.loads(received.body)
            departures.append(Departure(fields["id"], fields["size"], receipt))
        return departures

    def delete(self, departures: Sequence[Departure]) -> None:
        self._receipts.delete(departure.receipt for departure in departures)


class MemoryBakedItems:
    """Implements BakedItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue

    def push(self, item: Item) -> None:
        self._queue.send(item.body)


class MemoryDeadLetters:
    """Implements DeadLetters."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue

    def push(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._queue.send(letter.body, reason=letter.reason)


class MemoryWaitingItems:
    """Implements WaitingItems."""

    def __init__(self, queue: FifoQueue, wait: Callable[[int], object] | None = None) -> None:
        """A long poll calls `wait`, which lets time pass until that moment at the latest."""
        self._queue = queue
        self._wait = wait or queue.loop.run
        self._receipts = Receipts(queue)

    def push(self, messages: Sequence[JoiningMessage], epoch: int) -> None:
        for message in messages:
            self._queue.send(message.body, message.deduplication_id, epoch, message.asked_at)

    def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
        until = self._queue.loop.now + micros(wait_secs)
        while not (received := self.receive_now(count)) and self._queue.loop.now < until:
            self._wait(until)
        return received

    def receive_now(self, count: int) -> list[WaitingMessage]:
        """Receive without waiting for the first message."""
        messages = []
        for receipt, received in self._receipts.receive(count):
            sequence = int(received.id.rpartition("-")[2])
            stored = received.stored
            messages.append(
                WaitingMessage(
                    received.body, receipt, sequence, stored.sent_at, stored.epoch, stored.asked_at
                )
            )
        return messages

    def delete(self, messages: Sequence[WaitingMessage]) -> None:
        self._receipts.delete(message.receipt for message in messages)

    def put_back(self, messages: Sequence[WaitingMessage], delay_secs: int) -> None:
        for message in messages:
            if received := self._receipts.get(message.receipt):
                self._queue.put_back(received, micros(delay_secs))

    def count(self) -> int:
        return self._queue.count()
