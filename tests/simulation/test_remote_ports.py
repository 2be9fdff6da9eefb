"""A service behind a transport: each operation of its port is a request."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from pizza_oven.errors import ServiceError
from pizza_oven.ports import BakingTable
from pizza_oven.row import Lease, Row
from pizza_oven.settlement import Settlement
from serverless_pizza_oven.simulator.aws_operations import Operation, Operations
from serverless_pizza_oven.simulator.latencies import AWS, Latency
from serverless_pizza_oven.simulator.loop import MILLISECOND, MINUTE, START, Loop
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.remote_ports import remote, remote_baking_table
from serverless_pizza_oven.simulator.transport import Transport

T = TypeVar("T")


class Scale:
    def __init__(self) -> None:
        self.total = 0

    def add(self, weight: int, times: int = 1) -> int:
        self.total += weight * times
        return self.total


def transport(loop: Loop) -> Transport:
    """The transport of a function with a minute left."""
    made = Transport(loop, RandomSource(0), "Function 1")
    made.deadline = loop.now + MINUTE
    return made


def answer(loop: Loop, ask: Callable[[], T]) -> T:
    """The answer to a request while the loop runs."""
    answers: list[T] = []
    loop.call_later(0, lambda: answers.append(ask()))
    loop.run(loop.now + MINUTE // 2)
    return answers[0]


def test_a_method_takes_effect_after_the_latency_of_its_operation() -> None:
    loop, scale = Loop(), Scale()
    operation = Operation("Add", Latency.always(7))
    far = remote(transport(loop), scale, {"add": operation})

    assert answer(loop, lambda: (far.add(5), loop.now - START)) == (5, 7 * MILLISECOND)
    assert operation.requests == operation.units == 1


def test_arguments_may_be_named() -> None:
    loop = Loop()
    far = remote(transport(loop), Scale(), {"add": Operation("Add", Latency.always(0))})

    assert answer(loop, lambda: far.add(times=3, weight=2)) == 6


def test_a_throttled_request_takes_no_effect() -> None:
    loop, scale = Loop(), Scale()
    none_left = TokenBucket(loop, "additions", rate=1, burst=0)
    operation = Operation("Add", Latency.always(0), none_left)
    far = remote(transport(loop), scale, {"add": operation})

    def add() -> None:
        with pytest.raises(ServiceError, match="Add: throttled"):
            far.add(1)

    answer(loop, add)
    assert (scale.total, operation.requests, operation.units) == (0, 3, 0)


def test_every_operation_of_the_table_reads_or_writes_the_row() -> None:
    loop, table = Loop(), MemoryBakingTable()
    far = remote_baking_table(transport(loop), table, Operations.of(loop, AWS, LARGE_REGION, table))

    names = {name for name in vars(BakingTable) if not name.startswith("_")}
    assert names == {name for name in vars(far) if not name.startswith("_")}
    assert names > MemoryBakingTable.READS


def test_a_request_about_the_row_takes_units_by_its_size() -> None:
    loop, table = Loop(), MemoryBakingTable()
    operations = Operations.of(loop, AWS, LARGE_REGION, table)
    far = remote_baking_table(transport(loop), table, operations)
    leases = {f"item-{number}": Lease(1, until=60) for number in range(250)}
    table.settle(Settlement(loads=leases), 250, 0)

    assert answer(loop, far.read) == table.row != Row()
    answer(loop, lambda: far.unload("item-7", 1))

    assert (operations.get_item.units, operations.update_item.units) == (2, 5)
