"""The oven among its services, connected as the template connects them on AWS."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pizza_oven.bake_items import bake_items
from pizza_oven.context import Context
from pizza_oven.item import Item, cancelled
from pizza_oven.item_removed import ItemRemoved, Memory
from pizza_oven.messages import NewMessage
from pizza_oven.ports import DecisionLog
from pizza_oven.row import Row
from serverless_pizza_oven.simulator.aws_operations import Operations
from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.event_bridge import EventBridge
from serverless_pizza_oven.simulator.event_source import EventSource
from serverless_pizza_oven.simulator.executions import Baking, Done, Executions
from serverless_pizza_oven.simulator.faults import NONE, ActiveFaults
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.functions import Concurrency, Function
from serverless_pizza_oven.simulator.line_history import LineHistory
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop
from serverless_pizza_oven.simulator.memory_queues import (
    MemoryDeadLetters,
    MemoryLeavingItems,
    MemoryNewItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.memory_tokens import MemoryTaskTokens
from serverless_pizza_oven.simulator.observer import Observer
from serverless_pizza_oven.simulator.queue_messages import Delivery, StoredMessage
from serverless_pizza_oven.simulator.quotas import TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.remote_ports import (
    RemoteItemStates,
    remote_baked_items,
    remote_baking_table,
    remote_dead_letters,
    remote_leaving_items,
    remote_new_items,
    remote_task_tokens,
    remote_waiting_items,
)
from serverless_pizza_oven.simulator.standard_queue import StandardQueue
from serverless_pizza_oven.simulator.transport import FaultyTransport, Transport

SKEW = SECOND
"""The clock of an instance may be off by so much."""


class NoDecisionLog:
    """Implements DecisionLog: drops everything."""

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        """Does nothing."""


class BakedItemsCounter:
    """Implements BakedItems: counts the items, and passes each on."""

    def __init__(self, on_baked: Callable[[Item], object]) -> None:
        self.count = 0
        self._on_baked = on_baked

    def push(self, item: Item) -> None:
        self.count += 1
        self._on_baked(item)


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
        """Without an `observer` there are no faults of requests."""
        self.setup = setup
        self.random_source = random_source
        self.loop = loop or Loop()
        self.faults = ActiveFaults(conditions.faults)
        self.observer = observer or Observer()
        self._watched = observer is not None and (observer.sees_requests or conditions.faults != NONE)
        self._log = log or NoDecisionLog()
        self._latencies = latencies = conditions.latencies
        quotas = conditions.quotas

        self.dead_letters = StandardQueue(self.loop, "dead")
        self.new_items = StandardQueue(
            self.loop,
            "new",
            setup.visibility_secs * SECOND,
            setup.max_receives,
            self.dead_letters,
            self._pick,
        )
        self.line = FifoQueue(self.loop, setup.line_visibility_secs * SECOND)
        self.line_history = LineHistory(self.line)
        self.leaving_items = StandardQueue(self.loop, "leaving", setup.leaving_visibility_secs * SECOND)
        self.baked_items = BakedItemsCounter(self.observer.item_baked)
        # Not the first items of an oven that was just updated.
        self.table = MemoryBakingTable(Row(packs_since=1))
        self.transitions = TokenBucket(
            self.loop, "state transitions", quotas.transitions, quotas.transitions_burst
        )
        self.executions = Executions(
            self.loop,
            self._remove,
            jitter=random_source.below,
            on_start=self.observer.execution_started,
            on_redrive=self.observer.execution_redriven,
            on_end=self._execution_ended,
            quota=self.transitions,
            names_kept=conditions.names_kept,
        )
        self.task_tokens = MemoryTaskTokens(self.observer.owner_told)
        self.operations = Operations.of(self.loop, latencies, quotas, self.table)
        self.concurrency = Concurrency(quotas.concurrency)
        self.bake_items = self._function("BakeItems", self._bake_items)
        self.item_removed = self._function("ItemRemoved", self._item_removed)
        self.event_source = EventSource(
            self.loop,
            random_source,
            self.new_items,
            self.bake_items,
            setup.max_concurrency,
            setup.batch_size,
            latencies.poll,
            self._batch_handled,
        )
        self.event_bridge = EventBridge(
            self.new_items, latencies.event, self.faults, random_source, self.observer
        )
        if setup.pilot_light_secs:
            self.event_bridge.start_pilot_light(setup.pilot_light_secs)

    def send(self, body: str) -> StoredMessage:
        """Send a message to New Items."""
        return self.new_items.send(body)

    def set_capacity(self, capacity: int) -> None:
        """Deploy the oven with another capacity, which each invocation has from now on."""
        self.setup = replace(self.setup, capacity=capacity)

    def close(self) -> None:
        """End all function instances. Nothing happens in this world afterwards."""
        self.bake_items.close()
        self.item_removed.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do or to tidy up."""
        row = self.table.row
        return not (
            self.new_items.count()
            or self.line.count()
            or self.leaving_items.count()
            or row.occupied
            or row.waiting
            or row.leases
            or self.bake_items.busy
            or self.item_removed.busy
            or self.executions.running
        )

    def _pick(self, count: int) -> int:
        """Which of so many messages New Items delivers next."""
        is_out_of_order = self.random_source.chance(self.faults.rates.out_of_order)
        return self.random_source.below(count) if is_out_of_order else 0

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

    def _context(self, transport: Transport) -> Context:
        """What a new instance of a function works with."""
        return Context(
            self.setup.capacity,
            remote_baking_table(transport, self.table, self.operations),
            remote_waiting_items(
                transport, self.line, self.line_history, self.operations, self.faults, self.random_source
            ),
            remote_new_items(transport, MemoryNewItems(self.new_items), self.operations),
            remote_leaving_items(transport, MemoryLeavingItems(self.leaving_items), self.operations),
            remote_dead_letters(transport, MemoryDeadLetters(self.dead_letters), self.operations),
            RemoteItemStates(transport, self.executions, self.operations, self.faults, self.random_source),
            remote_task_tokens(transport, self.task_tokens, self.operations),
            self._log,
            self._clock(),
            look_first_slots=self.setup.look_first_slots,
            crowded_slots=self.setup.crowded_slots,
            slots_per_packed_item=self.setup.slots_per_packed_item,
            receive_more_slots=self.setup.receive_more_slots,
            full_batch=self.setup.full_batch,
            time_left=lambda: (transport.deadline - self.loop.now) / SECOND,
        )

    def _bake_items(self, transport: Transport) -> Callable[[Sequence[Delivery]], list[str]]:
        """A new instance of Bake Items."""
        context = self._context(transport)

        def handle(batch: Sequence[Delivery]) -> list[str]:
            nonlocal context
            if context.capacity != self.setup.capacity:
                context = replace(context, capacity=self.setup.capacity)
            self.observer.batch_delivered(transport.actor, batch)
            messages = [
                NewMessage(received.id, received.body, received.receive_count, received.stored.sent_at)
                for received in batch
            ]
            return bake_items(context, messages)

        return handle

    def _item_removed(self, transport: Transport) -> Callable[[tuple[Item, bool, int, int]], None]:
        """A new instance of Item Removed."""
        item_removed = ItemRemoved(
            self._context(transport),
            remote_baking_table(transport, self.table, self.operations, attempts=1),
            remote_baked_items(transport, self.baked_items, self.operations),
            self._memory(transport.actor),
        )

        def handle(event: tuple[Item, bool, int, int]) -> None:
            nonlocal item_removed
            if item_removed.context.capacity != self.setup.capacity:
                context = replace(item_removed.context, capacity=self.setup.capacity)
                item_removed = replace(item_removed, context=context)
            item, handed_out, retries, redrives = event
            if cancelled(item.body) is not None:
                return
            if handed_out:
                item_removed.free(item.id, redrives=redrives)
            else:
                item_removed(item, retries, redrives)

        return handle

    def _memory(self, _actor: str) -> Memory:
        """What a new instance of Item Removed remembers from one invocation to the next."""
        return Memory()

    # Step Functions

    def _remove(self, baking: Baking, done: Done) -> None:
        """Invoke Item Removed, as a task of an execution does."""
        task = self._latencies.task
        self.loop.call_later(task.draw(self.random_source), self._invoke_removal, baking, done)
        if self.random_source.chance(self.faults.rates.task_twice):
            self.loop.call_later(
                task.draw(self.random_source), self._invoke_removal, baking, lambda _error: None
            )

    def _invoke_removal(self, baking: Baking, done: Done) -> None:
        def answered(_answer: Any, error: str) -> None:
            # The function ends a moment before its execution does.
            self.loop.call_later(0, done, error)

        event = (baking.item, baking.handed_out, baking.tries - 1, baking.redrives)
        if not self.item_removed.invoke(event, answered):
            done("throttled")

    def _execution_ended(self, baking: Baking) -> None:
        self.observer.execution_ended(baking)
        if baking.status != "SUCCEEDED":
            self.event_bridge.execution_failed(baking)

    # New Items

    def _batch_handled(self, batch: Sequence[Delivery], error: str) -> None:
        self.observer.batch_handled(batch, error)
        for received in batch:
            if self.random_source.chance(self.faults.rates.message_twice):
                self.loop.call_later(
                    self.random_source.below(MINUTE), self.new_items.redeliver, received.stored
                )
