"""The oven and all that it lives in, put together as the template puts it together on AWS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pizza_oven.bake_items import bake_items
from pizza_oven.context import CROWDED_SLOTS, LOOK_FIRST_SLOTS, Context
from pizza_oven.item import Item, Trigger
from pizza_oven.item_removed import ItemRemoved, Memory
from pizza_oven.messages import NewMessage
from pizza_oven.ports import DecisionLog
from serverless_pizza_oven.simulator.aws_operations import Operations
from serverless_pizza_oven.simulator.event_source import EventSource
from serverless_pizza_oven.simulator.executions import NAMES_KEPT, Baking, Done, Executions
from serverless_pizza_oven.simulator.faults import NONE, ActiveFaults, Faults
from serverless_pizza_oven.simulator.functions import Concurrency, Function
from serverless_pizza_oven.simulator.latencies import AWS, Latencies
from serverless_pizza_oven.simulator.line_history import LineHistory
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop
from serverless_pizza_oven.simulator.memory_queues import (
    FifoQueue,
    Letter,
    MemoryDeadLetters,
    MemoryLeavingItems,
    MemoryNewItems,
    Received,
    StandardQueue,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, Quotas, TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.remote_ports import (
    RemoteItemStates,
    remote_baked_items,
    remote_baking_table,
    remote_dead_letters,
    remote_leaving_items,
    remote_new_items,
    remote_waiting_items,
)
from serverless_pizza_oven.simulator.transport import FaultyTransport, Transport

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
    look_first_slots: int = LOOK_FIRST_SLOTS
    crowded_slots: int = CROWDED_SLOTS
    """From how many slots on Bake Items works as in a large oven."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What AWS is like today."""

    latencies: Latencies = AWS
    quotas: Quotas = LARGE_REGION
    faults: Faults = NONE
    names_kept: int = NAMES_KEPT
    """How long the names of closed executions are remembered, in microseconds: they take memory."""


class Silence:
    """Implements DecisionLog."""

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        """Nobody reads it."""


class Outlet:
    """Implements BakedItems: counts what comes out, and tells who wants to know."""

    def __init__(self, on_baked: Callable[[Item], object]) -> None:
        self.count = 0
        self._on_baked = on_baked

    def push(self, item: Item) -> None:
        self.count += 1
        self._on_baked(item)


class Observer:
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
        random_source: RandomSource,
        observer: Observer | None = None,
        log: DecisionLog | None = None,
        loop: Loop | None = None,
    ) -> None:
        """Without a `observer` nobody sees the requests, and none of them suffers a fault."""
        self.setup = setup
        self.random_source = random_source
        self.loop = loop or Loop()
        self.faults = ActiveFaults(conditions.faults)
        self.observer = observer or Observer()
        self._watched = observer is not None and (observer.sees_requests or conditions.faults != NONE)
        self._log = log or Silence()
        self._latencies = conditions.latencies
        quotas = conditions.quotas

        self.dead = StandardQueue(self.loop, "dead")
        self.new = StandardQueue(
            self.loop, "new", setup.visibility_secs * SECOND, setup.max_receives, self.dead, self._pick
        )
        self.line = FifoQueue(self.loop, setup.line_visibility_secs * SECOND)
        self.line_history = LineHistory(self.line)
        self.leaving = StandardQueue(self.loop, "leaving", setup.line_visibility_secs * SECOND)
        self.outlet = Outlet(self.observer.baked)
        self.events = 0
        """Messages that EventBridge has sent to New Items."""
        self.table = MemoryBakingTable()
        self.transitions = TokenBucket(
            self.loop, "state transitions", quotas.transitions, quotas.transitions_burst
        )
        self.executions = Executions(
            self.loop,
            self._remove,
            jitter=random_source.below,
            on_start=self.observer.started,
            on_close=self._closed,
            quota=self.transitions,
            names_kept=conditions.names_kept,
        )
        self.operations = Operations.of(self.loop, self._latencies, quotas, self.table)
        self.concurrency = Concurrency(quotas.concurrency)
        self.bake_items = self._function("BakeItems", self._bake_items)
        self.item_removed = self._function("ItemRemoved", self._item_removed)
        self.event_source = EventSource(
            self.loop,
            random_source,
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
            or self.leaving.count()
            or row.occupied
            or row.waiting
            or row.leases
            or self.bake_items.busy
            or self.item_removed.busy
            or self.executions.running
        )

    def _pick(self, count: int) -> int:
        return (
            self.random_source.below(count)
            if self.random_source.chance(self.faults.rates.out_of_order)
            else 0
        )

    # The functions

    def _function(self, name: str, new_handler: Callable[[Transport], Callable[[Any], Any]]) -> Function:
        return Function(
            self.loop,
            name,
            self.concurrency,
            self.random_source,
            self._transport,
            new_handler,
            self._latencies.cold_start,
        )

    def _transport(self, actor: str) -> Transport:
        if self._watched:
            return FaultyTransport(self.loop, self.random_source, actor, self.faults, self.observer)
        return Transport(self.loop, self.random_source, actor)

    def _clock(self) -> Callable[[], float]:
        if not self.random_source.chance(self.faults.rates.skewed_clock):
            return self.loop.seconds
        skew = self.random_source.below(2 * SKEW) - SKEW
        return lambda: (self.loop.now + skew) / SECOND

    def _bake_items(self, transport: Transport) -> Callable[[Sequence[Received]], list[str]]:
        table = remote_baking_table(transport, self.table, self.operations)
        line = remote_waiting_items(
            transport, self.line, self.line_history, self.operations, self.faults, self.random_source
        )
        new_items = remote_new_items(transport, MemoryNewItems(self.new), self.operations)
        leaving_items = remote_leaving_items(transport, MemoryLeavingItems(self.leaving), self.operations)
        dead_letters = remote_dead_letters(transport, MemoryDeadLetters(self.dead), self.operations)
        item_states = RemoteItemStates(
            transport, self.executions, self.operations, self.faults, self.random_source
        )
        now = self._clock()

        context = Context(
            self.setup.capacity,
            table,
            line,
            new_items,
            leaving_items,
            dead_letters,
            item_states,
            self._log,
            now,
            look_first_slots=self.setup.look_first_slots,
            crowded_slots=self.setup.crowded_slots,
            time_left=lambda: (transport.deadline - self.loop.now) / SECOND,
        )

        def handle(batch: Sequence[Received]) -> list[str]:
            nonlocal context
            if context.capacity != self.setup.capacity:
                context = replace(context, capacity=self.setup.capacity)
            self.observer.delivered(transport.actor, batch)
            messages = [
                NewMessage(received.id, received.body, received.receive_count, received.letter.sent_at)
                for received in batch
            ]
            return bake_items(context, messages)

        return handle

    def _item_removed(self, transport: Transport) -> Callable[[tuple[Item, bool]], None]:
        item_removed = ItemRemoved(
            remote_baking_table(transport, self.table, self.operations, attempts=1),
            remote_baked_items(transport, self.outlet, self.operations),
            remote_new_items(transport, MemoryNewItems(self.new), self.operations),
            remote_leaving_items(transport, MemoryLeavingItems(self.leaving), self.operations),
            self._log,
            self._clock(),
            self._memory(transport.actor),
        )

        def handle(event: tuple[Item, bool]) -> None:
            item, handed_out = event
            if handed_out:
                item_removed.free(item.id)
            else:
                item_removed(item)

        return handle

    def _memory(self, _actor: str) -> Memory:
        """What a new instance of Item Removed, of that name, remembers."""
        return Memory()

    # What happens by itself

    def _remove(self, baking: Baking, done: Done) -> None:
        self.loop.call_later(
            self._latencies.task.draw(self.random_source), self._invoke_removal, baking, done
        )
        if self.random_source.chance(self.faults.rates.task_twice):
            self.loop.call_later(
                self._latencies.task.draw(self.random_source),
                self._invoke_removal,
                baking,
                lambda _error: None,
            )

    def _invoke_removal(self, baking: Baking, done: Done) -> None:
        def answered(_answer: Any, error: str) -> None:
            # The function is done a moment before its execution is.
            self.loop.call_later(0, done, error)

        if not self.item_removed.invoke((baking.item, baking.handed_out), answered):
            done("throttled")

    def _done_with(self, batch: Sequence[Received], error: str) -> None:
        self.observer.done_with(batch, error)
        for received in batch:
            if self.random_source.chance(self.faults.rates.message_twice):
                self.loop.call_later(self.random_source.below(MINUTE), self.new.again, received.letter)

    def _closed(self, baking: Baking) -> None:
        self.observer.closed(baking)
        if baking.status == "SUCCEEDED":
            return
        rates = self.faults.rates
        event = Trigger(baking.item.id).body
        if self.random_source.chance(rates.event_lost):
            self.observer.happened(f"the event that {baking.item.id} is {baking.status} is lost")
            return
        self.loop.call_later(self._latencies.event.draw(self.random_source), self._send_event, event)
        if self.random_source.chance(rates.event_twice):
            self.loop.call_later(self.random_source.below(EVENT_DELAY), self._send_event, event)

    def _send_event(self, body: str) -> None:
        self.events += 1
        self.new.send(body)

    def _light(self, every: int) -> None:
        self._send_event(Trigger("pilot-light").body)
        self.loop.call_later(every, self._light, every)
