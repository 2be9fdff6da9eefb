"""The oven's ports inside a function of the simulation: the services in memory, at the end of a transport."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVarTuple

from pizza_oven.errors import ServiceError
from pizza_oven.item import Item
from pizza_oven.ports import Answer, BakedItems, DeadLetter, Execution, Lease, Leaving, Row, Waiting
from serverless_pizza_oven.simulator.executions import Executions
from serverless_pizza_oven.simulator.faults import ActiveFaults
from serverless_pizza_oven.simulator.latencies import Latencies, Latency
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop, micros
from serverless_pizza_oven.simulator.memory_queues import (
    FifoQueue,
    MemoryDeadLetters,
    MemoryNewItems,
    MemoryWaitingItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.quotas import Quotas, TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.transport import Operation, Transport

Ts = TypeVarTuple("Ts")

DESCRIBE_LAG = 5 * SECOND
"""How old the answer of DescribeExecution may be: AWS says no more than that it may be old."""

COUNT_LAG = MINUTE
"""How old the count of a queue may be
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html)."""


@dataclass(slots=True)
class Operations:
    """Every kind of request that the oven makes."""

    get_item: Operation
    update_item: Operation
    send_to_line: Operation
    receive_from_line: Operation
    delete_from_line: Operation
    put_back_in_line: Operation
    count_line: Operation
    send_trigger: Operation
    send_baked: Operation
    send_dead: Operation
    start_execution: Operation
    describe_execution: Operation

    @classmethod
    def of(cls, loop: Loop, latencies: Latencies, quotas: Quotas) -> "Operations":
        def line(name: str, latency: Latency, *, batch: bool = False) -> Operation:
            bucket = TokenBucket(loop, f"{name} on the line", quotas.line_requests, quotas.line_requests)
            return Operation(f"sqs.{name}", latency, bucket, batch=batch)

        def states(name: str, latency: Latency, rate: int, burst: int) -> Operation:
            return Operation(f"states.{name}", latency, TokenBucket(loop, name, rate, burst))

        reads = TokenBucket(loop, "read units of the row", quotas.row_reads, quotas.row_reads)
        writes = TokenBucket(loop, "write units of the row", quotas.row_writes, quotas.row_writes)
        send, receive = latencies.send, latencies.receive
        return cls(
            get_item=Operation("dynamodb.GetItem", latencies.read_row, reads),
            update_item=Operation("dynamodb.UpdateItem", latencies.write_row, writes),
            send_to_line=line("SendMessageBatch", send, batch=True),
            receive_from_line=line("ReceiveMessage", receive),
            delete_from_line=line("DeleteMessageBatch", send, batch=True),
            put_back_in_line=line("ChangeMessageVisibilityBatch", send),
            count_line=line("GetQueueAttributes", receive),
            send_trigger=Operation("sqs.SendMessage", send),
            send_baked=Operation("sqs.SendMessage", send),
            send_dead=Operation("sqs.SendMessageBatch", send, batch=True),
            start_execution=states(
                "StartExecution", latencies.start_execution, quotas.starts, quotas.starts_burst
            ),
            describe_execution=states(
                "DescribeExecution", latencies.describe_execution, quotas.describes, quotas.describes_burst
            ),
        )


class LineHistory:
    """How long the line was, and who waits for it to open."""

    def __init__(self, queue: FifoQueue) -> None:
        self.listeners: list[Callable[[], object]] = []
        self._queue = queue
        self._counts = deque([(queue.loop.now, 0)])
        queue.on_message = self._opened

    def record(self) -> None:
        """Take down how long the line is now."""
        now, count = self._queue.loop.now, self._queue.count()
        if count != self._counts[-1][1]:
            self._counts.append((now, count))
            while len(self._counts) > 1 and self._counts[1][0] <= now - COUNT_LAG:
                self._counts.popleft()

    def count_at(self, moment: int) -> int:
        """How long it was at a moment of the last minute."""
        return next((count for when, count in reversed(self._counts) if when <= moment), 0)

    def _opened(self) -> None:
        listeners, self.listeners = self.listeners, []
        for wake in listeners:
            wake()


@dataclass(frozen=True, slots=True)
class RemoteBakingTable:
    """Implements BakingTable."""

    transport: Transport
    table: MemoryBakingTable
    operations: Operations

    def look(self) -> Row:
        return self.transport.request(
            self.operations.get_item, self.table.look, (), -(-self.table.write_units // 4)
        )

    def load_directly(self, leases: Mapping[str, Lease], capacity: int, joining: int, now: float) -> Answer:
        return self._write(self.table.load_directly, leases, capacity, joining, now)

    def load_from_line(
        self,
        leases: Mapping[str, Lease],
        capacity: int,
        leaving: Leaving,
        next_size: int | None,
    ) -> Answer:
        return self._write(self.table.load_from_line, leases, capacity, leaving, next_size)

    def unload(self, item_id: str, now: float) -> Answer:
        return self._write(self.table.unload, item_id, now)

    def answer_call(self, capacity: int, head_size: int) -> Answer:
        return self._write(self.table.answer_call, capacity, head_size)

    def come_again(self, now: float, at: float) -> Answer:
        return self._write(self.table.come_again, now, at)

    def drop_call(self) -> Answer:
        return self._write(self.table.drop_call)

    def undo(self, item_id: str) -> Answer:
        return self._write(self.table.undo, item_id)

    def renew(self, item_id: str, until: float) -> Answer:
        return self._write(self.table.renew, item_id, until)

    def evict(self, item_id: str, until: float) -> Answer:
        return self._write(self.table.evict, item_id, until)

    def recount(self, seen: Row) -> Answer:
        return self._write(self.table.recount, seen)

    def forget(self, seen: Row, eras: Sequence[int]) -> Answer:
        return self._write(self.table.forget, seen, eras)

    def _write(self, send: Callable[[*Ts], Answer], *args: *Ts) -> Answer:
        return self.transport.request(self.operations.update_item, send, args, self.table.write_units)


@dataclass(frozen=True, slots=True)
class RemoteWaitingItems:
    """Implements WaitingItems."""

    transport: Transport
    random_source: RandomSource
    queue: FifoQueue
    line: MemoryWaitingItems
    history: LineHistory
    faults: ActiveFaults
    operations: Operations

    def push(self, tickets: Mapping[str, Item], era: int) -> None:
        self.transport.request(self.operations.send_to_line, self.line.push, (tickets, era))

    def receive(self, count: int, wait_secs: int) -> list[Waiting]:
        if not wait_secs and self.random_source.chance(self.faults.rates.false_empty):
            count = self.random_source.below(count)
        hand = self.transport.request(self.operations.receive_from_line, self.line.receive_now, (count,))
        loop = self.queue.loop
        until = loop.now + micros(wait_secs)
        while not hand and loop.now < until:
            self.transport.sleep(until, self.history.listeners)
            hand = self.transport.effect(self.line.receive_now, (count,))
        return hand

    def delete(self, hand: Sequence[Waiting]) -> None:
        self.transport.request(self.operations.delete_from_line, self.line.delete, (hand,))

    def put_back(self, hand: Sequence[Waiting], delay_secs: int) -> None:
        self.transport.request(self.operations.put_back_in_line, self.line.put_back, (hand, delay_secs))

    def count(self) -> int:
        if self.random_source.chance(self.faults.rates.stale_count):
            moment = self.queue.loop.now - self.random_source.below(COUNT_LAG)
            return self.transport.request(self.operations.count_line, self.history.count_at, (moment,))
        return self.transport.request(self.operations.count_line, self.line.count, ())


@dataclass(frozen=True, slots=True)
class RemoteNewItems:
    """Implements NewItems."""

    transport: Transport
    new_items: MemoryNewItems
    operations: Operations

    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        self.transport.request(self.operations.send_trigger, self.new_items.trigger, (delay_secs, item_id))


@dataclass(frozen=True, slots=True)
class RemoteBakedItems:
    """Implements BakedItems."""

    transport: Transport
    baked_items: BakedItems
    operations: Operations

    def push(self, item: Item) -> None:
        self.transport.request(self.operations.send_baked, self.baked_items.push, (item,))


@dataclass(frozen=True, slots=True)
class RemoteDeadLetters:
    """Implements DeadLetters."""

    transport: Transport
    dead_letters: MemoryDeadLetters
    operations: Operations

    def push(self, letters: Sequence[DeadLetter]) -> None:
        self.transport.request(self.operations.send_dead, self.dead_letters.push, (letters,))


@dataclass(frozen=True, slots=True)
class RemoteItemStates:
    """Implements ItemStates."""

    transport: Transport
    random_source: RandomSource
    executions: Executions
    faults: ActiveFaults
    operations: Operations

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        start = self.operations.start_execution
        # Side by side: the slowest one is waited for.
        self.transport.travel(max(start.latency.draw(self.random_source) for _ in items))
        return [self._start(item) for item in items]

    def describe(self, item_id: str) -> Execution | None:
        lag = (
            self.random_source.below(DESCRIBE_LAG)
            if self.random_source.chance(self.faults.rates.stale_describe)
            else 0
        )
        return self.transport.request(
            self.operations.describe_execution, self.executions.describe, (item_id, lag)
        )

    def _start(self, item: Item) -> Execution | ServiceError:
        try:
            started = self.transport.attempt(self.operations.start_execution, self.executions.begin, (item,))
            if started is None:
                started = self.describe(item.id)
        except ServiceError as error:
            return error
        return started or ServiceError(f"{item.id}: its execution exists, and is not to be found")
