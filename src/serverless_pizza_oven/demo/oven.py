"""The oven as the demo sees it: its queues, its table, and how many of our pizzas are where."""

from collections.abc import Mapping
from dataclasses import dataclass

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.errors import ServiceError
from pizza_oven.ports import Lease
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.demo.choice import Queues
from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.queue_client import Queue


@dataclass(frozen=True, slots=True)
class Sight:
    """A look at the oven: about how many messages each queue holds, whoever sent them."""

    new: int
    waiting: int
    dead: int
    leases: Mapping[str, Lease] | None
    """What bakes, by item id; None where nobody told us of the table."""


@dataclass(frozen=True, slots=True)
class Oven:
    """What a demo needs of an oven."""

    new_items: Queue
    waiting_items: Queue
    baked_items: Queue
    dead_letters: Queue | None
    table: DynamoBakingTable | None
    capacity: int | None
    """In slots, if known."""

    def look(self) -> Sight:
        """Count what is where. Raises AwsError."""
        return Sight(
            new=self.new_items.depth(),
            waiting=self.waiting_items.depth(),
            dead=self.dead_letters.depth() if self.dead_letters else 0,
            leases=self._leases(self.table) if self.table else None,
        )

    @staticmethod
    def _leases(table: DynamoBakingTable) -> Mapping[str, Lease]:
        try:
            return table.look().leases
        except ServiceError as error:
            raise AwsError(str(error)) from error


def oven_of_stack(aws: Aws, stack: Stack) -> Oven:
    """All that the stack's outputs tell."""
    return Oven(
        Queue(aws, stack.new_items),
        Queue(aws, stack.waiting_items),
        Queue(aws, stack.baked_items),
        Queue(aws, stack.dead_letters),
        DynamoBakingTable(aws.dynamodb, stack.table),
        stack.capacity,
    )


def oven_of_queues(aws: Aws, queues: Queues) -> Oven:
    """An oven of unknown capacity. Raises AwsError where New Items is not there."""
    new_items = Queue(aws, queues.new_items)
    return Oven(
        new_items,
        Queue(aws, queues.waiting_items),
        Queue(aws, queues.baked_items),
        new_items.dead_letters(),
        DynamoBakingTable(aws.dynamodb, queues.table) if queues.table else None,
        capacity=None,
    )


@dataclass(frozen=True, slots=True)
class Bars:
    """How many of our pizzas are where."""

    new: int
    waiting: int
    baking: int
    out: int


def bars(sight: Sight, before: int, tally: Tally) -> Bars:
    """Tell ours from what others have in the same queues, as well as can be told.

    `before` is how many messages of others New Items may still hold from before we began. In the line
    first come is first served, so there the number of ours under way is the best bound.
    """
    under_way = tally.under_way
    baking = None
    if sight.leases is not None:
        baking = min(tally.leases_of(sight.leases), under_way)
        under_way -= baking
    new = min(max(sight.new - before, 0), under_way)
    waiting = min(sight.waiting, under_way - new)
    if baking is None:
        baking = under_way - new - waiting
    return Bars(new, waiting, baking, tally.out)
