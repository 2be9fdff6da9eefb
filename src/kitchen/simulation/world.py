"""The oven and all that it lives in, put together as the template puts it together on AWS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kitchen.simulation.dice import Dice
from kitchen.simulation.event_source import EventSource
from kitchen.simulation.executions import NAMES_KEPT, Baking, Done, Executions
from kitchen.simulation.faults import NONE, Faults, Trouble
from kitchen.simulation.functions import Concurrency, Function
from kitchen.simulation.latencies import AWS, Latencies
from kitchen.simulation.loop import MINUTE, SECOND, Loop
from kitchen.simulation.queues import (
    FifoQueue,
    Letter,
    MemoryDeadLetters,
    MemoryNewItems,
    MemoryWaitingItems,
    Received,
    StandardQueue,
)
from kitchen.simulation.quotas import LARGE_REGION, Quotas, TokenBucket
from kitchen.simulation.table import MemoryBakingTable
from kitchen.simulation.wire import FaultyWire, Wire
from kitchen.simulation.wired import (
    LineHistory,
    Operations,
    WiredBakedItems,
    WiredBakingTable,
    WiredDeadLetters,
    WiredItemStates,
    WiredNewItems,
    WiredWaitingItems,
)
from pizza_oven.baking import BakeItems, Message
from pizza_oven.item import Item, Trigger
from pizza_oven.ports import Journal
from pizza_oven.removing import ItemRemoved

SKEW = SECOND
"""How far off an instance's clock may be."""

EVENT_DELAY = 30 * SECOND
"""How late an event that is delivered twice may come the second time."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The parameters of the stack, as the template has them."""

    capacity: int = 14
    """Slots."""
    visibility_secs: int = 60
    max_receives: int = 30
    max_concurrency: int = 5
    batch_size: int = 10
    line_visibility_secs: int = 15
    pilot_light_secs: int | None = 60


@dataclass(frozen=True, slots=True)
class Conditions:
    """What AWS is like today."""

    latencies: Latencies = AWS
    quotas: Quotas = LARGE_REGION
    faults: Faults = NONE
    names_kept: int = NAMES_KEPT
    """How long the names of closed executions are remembered, in microseconds: they take memory."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """The code that runs in the two functions, and the conditions of their writes."""

    bake_items: type[BakeItems] = BakeItems
    item_removed: type[ItemRemoved] = ItemRemoved
    baking_table: type[MemoryBakingTable] = MemoryBakingTable


class Silence:
    """Implements Journal."""

    def note(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        """Nobody reads it."""


class Outlet:
    """Implements BakedItems: counts what comes out, and tells who wants to know."""

    def __init__(self, on_baked: Callable[[Item], object]) -> None:
        self.count = 0
        self._on_baked = on_baked

    def push(self, item: Item) -> None:
        self.count += 1
        self._on_baked(item)


class Spectator:
    """Sees what happens in a world. Nothing in here: see what you like by overriding."""

    sees_requests = True
    """Whether it is told of each request even if none suffers a fault; that takes time."""

    def landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        """A request has taken effect."""

    def struck(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        """A fault strikes a request."""

    def happened(self, what: str) -> None:
        """Something else went wrong, or began, or ended: in words."""

    def delivered(self, actor: str, batch: Sequence[Received]) -> None:
        """A batch of New Items is with an instance of Bake Items."""

    def done_with(self, batch: Sequence[Received], error: str) -> None:
        """Bake Items is done with a batch; its messages are deleted or come again."""

    def started(self, baking: Baking) -> None:
        """An execution has begun."""

    def closed(self, baking: Baking) -> None:
        """An execution has ended."""

    def baked(self, item: Item) -> None:
        """An item has come out."""


class World:
    """An oven, its services and functions, and time."""

    def __init__(
        self,
        setup: Setup,
        conditions: Conditions,
        dice: Dice,
        spectator: Spectator | None = None,
        journal: Journal | None = None,
        loop: Loop | None = None,
        protocol: Protocol | None = None,
    ) -> None:
        """Without a `spectator` nobody sees the requests, and none of them suffers a fault."""
        self.setup = setup
        self.dice = dice
        self.loop = loop or Loop()
        self.trouble = Trouble(conditions.faults)
        self.spectator = spectator or Spectator()
        self._watched = spectator is not None and (spectator.sees_requests or conditions.faults != NONE)
        self._journal = journal or Silence()
        self._protocol = protocol or Protocol()
        self._latencies = conditions.latencies
        quotas = conditions.quotas

        self.dead = StandardQueue(self.loop, "dead")
        self.new = StandardQueue(
            self.loop, "new", setup.visibility_secs * SECOND, setup.max_receives, self.dead, self._pick
        )
        self.line = FifoQueue(self.loop, setup.line_visibility_secs * SECOND)
        self.line_history = LineHistory(self.line)
        self.outlet = Outlet(self.spectator.baked)
        self.events = 0
        """Messages that EventBridge has sent to New Items."""
        self.table = self._protocol.baking_table()
        self.transitions = TokenBucket(
            self.loop, "state transitions", quotas.transitions, quotas.transitions_burst
        )
        self.executions = Executions(
            self.loop,
            self._remove,
            jitter=dice.below,
            on_start=self.spectator.started,
            on_close=self._closed,
            quota=self.transitions,
            names_kept=conditions.names_kept,
        )
        self.operations = Operations.of(self.loop, self._latencies, quotas)
        self.concurrency = Concurrency(quotas.concurrency)
        self.bake_items = self._function("BakeItems", self._bake_items)
        self.item_removed = self._function("ItemRemoved", self._item_removed)
        self.event_source = EventSource(
            self.loop,
            dice,
            self.new,
            self.bake_items,
            setup.max_concurrency,
            setup.batch_size,
            self._latencies.poll,
            self._done_with,
        )
        if setup.pilot_light_secs:
            self.loop.call_later(
                setup.pilot_light_secs * SECOND, self._light, setup.pilot_light_secs * SECOND
            )

    def send(self, body: str) -> Letter:
        """Put a message into New Items."""
        return self.new.send(body)

    def lower(self, capacity: int) -> None:
        """Deploy the oven with another capacity: each invocation from now on has it."""
        self.setup = replace(self.setup, capacity=capacity)

    def close(self) -> None:
        """Let go of everything: nothing happens here any more."""
        self.bake_items.close()
        self.item_removed.close()

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to do or to tidy up."""
        row = self.table.row
        return not (
            self.new.count()
            or self.line.count()
            or row.occupied
            or row.waiting
            or row.leases
            or self.bake_items.busy
            or self.item_removed.busy
            or self.executions.running
        )

    def _pick(self, count: int) -> int:
        return self.dice.below(count) if self.dice.chance(self.trouble.rates.out_of_order) else 0

    # The functions

    def _function(self, name: str, new_handler: Callable[[Wire], Callable[[Any], Any]]) -> Function:
        return Function(
            self.loop,
            name,
            self.concurrency,
            self.dice,
            self._wire,
            new_handler,
            self._latencies.cold_start,
        )

    def _wire(self, actor: str) -> Wire:
        if self._watched:
            return FaultyWire(self.loop, self.dice, actor, self.trouble, self.spectator)
        return Wire(self.loop, self.dice, actor)

    def _clock(self) -> Callable[[], float]:
        if not self.dice.chance(self.trouble.rates.skewed_clock):
            return self.loop.seconds
        skew = self.dice.below(2 * SKEW) - SKEW
        return lambda: (self.loop.now + skew) / SECOND

    def _bake_items(self, wire: Wire) -> Callable[[Sequence[Received]], list[str]]:
        new_items = WiredNewItems(wire, MemoryNewItems(self.new), self.operations)
        table = WiredBakingTable(wire, self.table, self.operations)
        line = WiredWaitingItems(
            wire,
            self.dice,
            self.line,
            MemoryWaitingItems(self.line),
            self.line_history,
            self.trouble,
            self.operations,
        )
        dead_letters = WiredDeadLetters(wire, MemoryDeadLetters(self.dead), self.operations)
        item_states = WiredItemStates(wire, self.dice, self.executions, self.trouble, self.operations)
        now = self._clock()

        def oven() -> BakeItems:
            return self._protocol.bake_items(
                self.setup.capacity, table, line, new_items, dead_letters, item_states, self._journal, now
            )

        bake_items = oven()

        def handle(batch: Sequence[Received]) -> list[str]:
            nonlocal bake_items
            if bake_items.capacity != self.setup.capacity:
                bake_items = oven()
            self.spectator.delivered(wire.actor, batch)
            messages = [
                Message(received.id, received.body, received.receive_count, received.letter.sent_at)
                for received in batch
            ]
            return bake_items(messages, lambda: (wire.deadline - self.loop.now) / SECOND)

        return handle

    def _item_removed(self, wire: Wire) -> Callable[[tuple[Item, bool]], None]:
        item_removed = self._protocol.item_removed(
            WiredBakingTable(wire, self.table, self.operations),
            WiredBakedItems(wire, self.outlet, self.operations),
            WiredNewItems(wire, MemoryNewItems(self.new), self.operations),
            self._journal,
            self._clock(),
        )

        def handle(event: tuple[Item, bool]) -> None:
            item, handed_out = event
            if handed_out:
                item_removed.free(item.id)
            else:
                item_removed(item)

        return handle

    # What happens by itself

    def _remove(self, baking: Baking, done: Done) -> None:
        self.loop.call_later(self._latencies.task.draw(self.dice), self._invoke_removal, baking, done)
        if self.dice.chance(self.trouble.rates.task_twice):
            self.loop.call_later(
                self._latencies.task.draw(self.dice), self._invoke_removal, baking, lambda _error: None
            )

    def _invoke_removal(self, baking: Baking, done: Done) -> None:
        def answered(_answer: Any, error: str) -> None:
            # The function is done a moment before its execution is.
            self.loop.call_later(0, done, error)

        if not self.item_removed.invoke((baking.item, baking.handed_out), answered):
            done("throttled")

    def _done_with(self, batch: Sequence[Received], error: str) -> None:
        self.spectator.done_with(batch, error)
        for received in batch:
            if self.dice.chance(self.trouble.rates.message_twice):
                self.loop.call_later(self.dice.below(MINUTE), self.new.again, received.letter)

    def _closed(self, baking: Baking) -> None:
        self.spectator.closed(baking)
        if baking.status == "SUCCEEDED":
            return
        rates = self.trouble.rates
        event = Trigger(baking.item.id).body
        if self.dice.chance(rates.event_lost):
            self.spectator.happened(f"the event that {baking.item.id} is {baking.status} is lost")
            return
        self.loop.call_later(self._latencies.event.draw(self.dice), self._send_event, event)
        if self.dice.chance(rates.event_twice):
            self.loop.call_later(self.dice.below(EVENT_DELAY), self._send_event, event)

    def _send_event(self, body: str) -> None:
        self.events += 1
        self.new.send(body)

    def _light(self, every: int) -> None:
        self._send_event(Trigger().body)
        self.loop.call_later(every, self._light, every)
