"""An oven in memory, whose functions tests invoke by hand, and whose requests may fail."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from pizza_oven.bake_items import bake_items
from pizza_oven.context import (
    CROWDED_SLOTS,
    LOOK_FIRST_SLOTS,
    RECEIVE_MORE_SLOTS,
    SLOTS_PER_PACKED_ITEM,
    Context,
)
from pizza_oven.errors import ServiceError, StillHeldError
from pizza_oven.item import Item, cancelled
from pizza_oven.item_removed import ItemRemoved, Memory
from pizza_oven.messages import NewMessage
from pizza_oven.row import Row
from serverless_pizza_oven.simulator.executions import Baking, Done, Executions
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import SECOND, Loop
from serverless_pizza_oven.simulator.memory_queues import (
    MemoryBakedItems,
    MemoryDeadLetters,
    MemoryLeavingItems,
    MemoryNewItems,
    MemoryWaitingItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.memory_tokens import MemoryTaskTokens
from serverless_pizza_oven.simulator.standard_queue import StandardQueue


class CrashError(BaseException):
    """The function dies."""


class RequestFaults:
    """Lets each request pass, until told what is to happen to some."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refused: set[str] = set()
        self.crash_before: int | None = None
        self.crash_after: int | None = None

    def on(self, port: object) -> Any:
        return Unsteady(port, self)

    def request(self, name: str, send: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self.crash_before:
            raise CrashError
        if name in self.refused:
            raise ServiceError(f"{name} was refused")
        answer = send()
        if number == self.crash_after:
            raise CrashError
        return answer


class Unimpeded:
    """Lets each request pass."""

    def on(self, port: Any) -> Any:
        return port


class Unsteady:
    """A port whose requests may fail."""

    def __init__(self, port: object, faults: RequestFaults) -> None:
        self._port = port
        self._faults = faults

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args: self._faults.request(name, lambda: method(*args))


class Records:
    """Implements DecisionLog."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str | None]] = []
        self.facts: list[dict[str, Any]] = []

    def record(self, decision: str, item_id: str | None = None, **facts: Any) -> None:
        self.taken.append((decision, item_id))
        self.facts.append(facts)

    def facts_of(self, decision: str, item_id: str | None = None) -> dict[str, Any]:
        """What was said of a decision when it was noted last."""
        return next(
            facts
            for taken, facts in zip(reversed(self.taken), reversed(self.facts), strict=True)
            if taken == (decision, item_id)
        )


class Oven:
    """An oven in memory. Bake Items is invoked by hand, or by `settle` as long as there are messages."""

    def __init__(self, capacity: int) -> None:
        self.loop = Loop()
        self.faults = RequestFaults()
        self.records = Records()
        self.new = StandardQueue(self.loop, "new", 60 * SECOND)
        self.dead = StandardQueue(self.loop, "dead")
        self.leaving = StandardQueue(self.loop, "leaving", 15 * SECOND)
        self.baked = StandardQueue(self.loop, "baked")
        self.fifo = FifoQueue(self.loop, 15 * SECOND)
        self.table = MemoryBakingTable(Row(packs_since=1))
        self.executions = Executions(self.loop, self._remove)
        self.task_tokens = MemoryTaskTokens()
        self.waiting_items = MemoryWaitingItems
        self.capacity = capacity
        self.look_first_slots, self.crowded_slots = LOOK_FIRST_SLOTS, CROWDED_SLOTS
        self.slots_per_packed_item, self.receive_more_slots = SLOTS_PER_PACKED_ITEM, RECEIVE_MORE_SLOTS
        self._numbers = itertools.count()

    def bake_items(self, messages: Sequence[NewMessage], time_left: float = 10) -> list[str]:
        """Invoke a new instance of the function, with the present capacity."""
        return bake_items(self.context(self.faults, time_left), messages)

    def context(self, faults: "RequestFaults | Unimpeded", time_left: float = 10) -> Context:
        """What a new instance of a function works with."""
        return Context(
            capacity=self.capacity,
            table=faults.on(self.table),
            waiting_items=faults.on(self.waiting_items(self.fifo)),
            new_items=faults.on(MemoryNewItems(self.new)),
            leaving_items=faults.on(MemoryLeavingItems(self.leaving)),
            dead_letters=faults.on(MemoryDeadLetters(self.dead)),
            item_states=faults.on(self.executions),
            task_tokens=faults.on(self.task_tokens),
            log=self.records,
            now=self.loop.seconds,
            time_left=lambda: time_left,
            look_first_slots=self.look_first_slots,
            crowded_slots=self.crowded_slots,
            slots_per_packed_item=self.slots_per_packed_item,
            receive_more_slots=self.receive_more_slots,
        )

    def bake(self, *bodies: str, time_left: float = 10) -> list[str]:
        """Invoke Bake Items with new messages. Returns the bodies of those that must come again."""
        messages = [NewMessage(f"m{next(self._numbers)}", body) for body in bodies]
        failed = self.bake_items(messages, time_left)
        return [message.body for message in messages if message.id in failed]

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.new.send(body)

    def deliver(self) -> bool:
        """Invoke Bake Items with a batch of what is in New Items, if anything is."""
        batch = self.new.receive(10)
        if not batch:
            return False
        messages = [
            NewMessage(received.id, received.body, received.receive_count, received.stored.sent_at)
            for received in batch
        ]
        try:
            failed = self.bake_items(messages)
        except CrashError:
            return True
        for received in batch:
            if received.id not in failed:
                self.new.delete(received)
        return True

    def settle(self, secs: int = 600) -> None:
        """Let time pass, with a pilot light each minute."""
        for sec in range(secs):
            if sec % 60 == 59:
                self.send(PILOT_LIGHT)
            while self.deliver():
                pass
            self.pass_time(1)

    def pass_time(self, secs: float) -> None:
        self.loop.run(self.loop.now + round(secs * SECOND))

    def running(self) -> list[str]:
        return [name for name, baking in self.executions.bakings.items() if baking.running]

    def in_line(self) -> list[str]:
        return [json.loads(letter.body)["id"] for letter in self.fifo.messages()]

    def out(self) -> list[str]:
        return sorted(json.loads(letter.body)["id"] for letter in self.baked.messages())

    def letters(self) -> list[tuple[str, str | None]]:
        return [(letter.body, letter.reason) for letter in self.dead.messages()]

    def item_removed(self, item: Item, failure: str = "") -> None:
        """Invoke a new instance of the function."""
        baked_items = MemoryBakedItems(self.baked)
        remove = ItemRemoved(self.context(Unimpeded()), self.table, baked_items, Memory())
        remove(item, failure=failure)

    def _remove(self, baking: Baking, done: Done) -> None:
        try:
            if cancelled(baking.item.body) is None:
                self.item_removed(baking.item)
        except StillHeldError as held:
            done(f"StillHeldError: {held}")
        else:
            done("")


def item(item_id: str, size: int = 1, secs: int = 60) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": secs, "size": size}, separators=(",", ":"))


PILOT_LIGHT = '{"type":"trigger","item":"pilot-light"}'
"""As template.yml has it: it names an item, so that Bake Items reconciles."""


def trigger(item_id: str | None = None) -> str:
    return json.dumps({"type": "trigger"} | ({"item": item_id} if item_id else {}))
