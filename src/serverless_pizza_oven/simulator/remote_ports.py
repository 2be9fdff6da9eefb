"""The oven's ports inside a function of the simulation: the services in memory, behind a transport.

No port is written out here. Each of its operations becomes a request through the transport. What a service
adds to that (a long poll, an answer that is out of date, starts side by side) is a method of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from heapq import heapreplace
from inspect import signature
from operator import itemgetter
from typing import Any, TypeVar, cast

from pizza_oven.aws.clients import STARTED_AT_ONCE
from pizza_oven.errors import ServiceError
from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.messages import WaitingMessage
from pizza_oven.ports import (
    BakedItems,
    BakingTable,
    DeadLetters,
    LeavingItems,
    NewItems,
    TaskTokens,
    WaitingItems,
)
from serverless_pizza_oven.simulator.aws_operations import Operation, Operations
from serverless_pizza_oven.simulator.executions import Executions
from serverless_pizza_oven.simulator.faults import ActiveFaults
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.line_history import COUNT_LAG, LineHistory
from serverless_pizza_oven.simulator.loop import SECOND, micros
from serverless_pizza_oven.simulator.memory_queues import MemoryWaitingItems
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.transport import Transport

Service = TypeVar("Service")

DESCRIBE_LAG = 5 * SECOND
"""How old the answer of DescribeExecution may be: AWS says no more than that it may be old."""


class RemoteService:
    """A service behind a transport. It has a method for each of the given operations."""

    def __init__(self, transport: Transport, service: object, operations: Mapping[str, Operation]) -> None:
        """The operations of AWS are given by the names of the service's methods."""
        self._transport = transport
        for name, operation in operations.items():
            setattr(self, name, _requesting(transport, operation, getattr(service, name)))


def _requesting(
    transport: Transport, operation: Operation, method: Callable[..., object]
) -> Callable[..., object]:
    """A method that makes a request: bound once, since a long simulation calls it millions of times."""
    request = transport.request

    def send(*args: Any, **named: Any) -> object:
        if named:
            args = signature(method).bind(*args, **named).args
        return request(operation, method, args)

    return send


def remote(transport: Transport, service: Service, operations: Mapping[str, Operation]) -> Service:
    """The service behind a transport, as the port that it implements."""
    return cast("Service", RemoteService(transport, service, operations))


def remote_baking_table(
    transport: Transport, table: MemoryBakingTable, operations: Operations, attempts: int = 3
) -> BakingTable:
    """The table: whatever operations the port has, each is a read or a write of the row."""
    names = [name for name in vars(BakingTable) if not name.startswith("_")]
    read = operations.get_item
    write = operations.update_item if attempts > 1 else operations.update_item_once
    return remote(transport, table, {name: read if name in table.READS else write for name in names})


def remote_new_items(transport: Transport, new_items: NewItems, operations: Operations) -> NewItems:
    return remote(
        transport,
        new_items,
        {
            "trigger": operations.send_trigger,
            "receive": operations.receive_new,
            "delete": operations.delete_new,
        },
    )


def remote_leaving_items(
    transport: Transport, leaving_items: LeavingItems, operations: Operations
) -> LeavingItems:
    return remote(
        transport,
        leaving_items,
        {
            "push": operations.send_leaving,
            "receive": operations.receive_leaving,
            "delete": operations.delete_leaving,
        },
    )


def remote_baked_items(transport: Transport, baked_items: BakedItems, operations: Operations) -> BakedItems:
    return remote(transport, baked_items, {"push": operations.send_baked})


def remote_dead_letters(
    transport: Transport, dead_letters: DeadLetters, operations: Operations
) -> DeadLetters:
    return remote(transport, dead_letters, {"push": operations.send_dead})


def remote_task_tokens(transport: Transport, tokens: TaskTokens, operations: Operations) -> TaskTokens:
    return remote(transport, tokens, {"succeed": operations.send_task_success})


class RemoteWaitingItems(RemoteService):
    """The line: a short poll may miss messages, a long poll waits, a count may be out of date."""

    def __init__(
        self,
        transport: Transport,
        queue: FifoQueue,
        history: LineHistory,
        operations: Operations,
        faults: ActiveFaults,
        random_source: RandomSource,
    ) -> None:
        self._line = MemoryWaitingItems(queue)
        super().__init__(
            transport,
            self._line,
            {
                "push": operations.send_to_line,
                "delete": operations.delete_from_line,
                "put_back": operations.put_back_in_line,
            },
        )
        self._loop = queue.loop
        self._history = history
        self._operations = operations
        self._faults = faults
        self._random = random_source

    def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
        if not wait_secs and self._random.chance(self._faults.rates.false_empty):
            count = self._random.below(count)
        transport, receive = self._transport, self._line.receive_now
        received = transport.request(self._operations.receive_from_line, receive, (count,))
        until = self._loop.now + micros(wait_secs)
        while not received and self._loop.now < until:
            transport.sleep(until, self._history.listeners)
            received = transport.effect(receive, (count,))
        return received

    def count(self) -> int:
        if self._random.chance(self._faults.rates.stale_count):
            moment = self._loop.now - self._random.below(COUNT_LAG)
            return self._transport.request(self._operations.count_line, self._history.count_at, (moment,))
        return self._transport.request(self._operations.count_line, self._line.count, ())


def remote_waiting_items(
    transport: Transport,
    queue: FifoQueue,
    history: LineHistory,
    operations: Operations,
    faults: ActiveFaults,
    random_source: RandomSource,
) -> WaitingItems:
    line = RemoteWaitingItems(transport, queue, history, operations, faults, random_source)
    return cast("WaitingItems", line)


class RemoteItemStates:
    """Implements ItemStates: executions start side by side, and a description may be out of date."""

    def __init__(
        self,
        transport: Transport,
        executions: Executions,
        operations: Operations,
        faults: ActiveFaults,
        random_source: RandomSource,
    ) -> None:
        self._transport = transport
        self._loop = executions.loop
        self._executions = executions
        self._operations = operations
        self._faults = faults
        self._random = random_source

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        latency, begun = self._operations.start_execution.latency, self._loop.now
        # Side by side, so many at once: each starts in its own time, and the last one is waited for.
        threads = [begun] * STARTED_AT_ONCE
        moments = []
        for item in items:
            moments.append((threads[0] + latency.draw(self._random), item))
            heapreplace(threads, moments[-1][0])
        answers = {}
        for moment, item in sorted(moments, key=itemgetter(0)):
            self._transport.pass_time(max(moment - self._loop.now, 0))
            answers[item.id] = self._start(item)
        return [answers[item.id] for item in items]

    def describe(self, item_id: str) -> Execution | None:
        is_stale = self._random.chance(self._faults.rates.stale_describe)
        lag = self._random.below(DESCRIBE_LAG) if is_stale else 0
        return self._transport.request(
            self._operations.describe_execution, self._executions.describe, (item_id, lag)
        )

    def stop(self, item_id: str) -> bool:
        return self._transport.request(self._operations.stop_execution, self._executions.stop, (item_id,))

    def _start(self, item: Item) -> Execution | ServiceError:
        try:
            started = self._transport.attempt(
                self._operations.start_execution, self._executions.start_one, (item,)
            )
            if started is None:
                started = self.describe(item.id)
        except ServiceError as error:
            return error
        return started or ServiceError(f"{item.id}: its execution exists, and is not to be found")
