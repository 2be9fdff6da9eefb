"""The oven as the demo sees it: its queues, its table, and about how many messages and items are in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.errors import ServiceError
from pizza_oven.row import Lease, Row
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.queue_client import Queue


@dataclass(frozen=True, slots=True)
class Observation:
    """About how many messages each queue holds, whoever sent them, and what bakes."""

    new: int
    waiting: int
    dead: int
    leases: Mapping[str, Lease] | None
    """What bakes, by item id; None if the table is not known."""


@dataclass(frozen=True, slots=True)
class DemoOven:
    """What a demo needs of an oven."""

    new_items: Queue
    waiting_items: Queue
    baked_items: Queue
    dead_letters: Queue | None
    table: DynamoBakingTable | None
    capacity: int | None
    """In slots, if known."""
    stack_name: str | None = None
    """None if only its queues are known."""
    endpoint_url: str | None = None
    """The URL of an emulator. None is AWS."""

    @classmethod
    def of_stack(cls, aws: Aws, stack: Stack) -> Self:
        """All that the stack's outputs name."""
        return cls(
            Queue(aws, stack.new_items),
            Queue(aws, stack.waiting_items),
            Queue(aws, stack.baked_items),
            Queue(aws, stack.dead_letters),
            DynamoBakingTable(aws.dynamodb, stack.table),
            stack.capacity,
            stack.name,
            aws.endpoint_url,
        )

    @classmethod
    def of_queues(
        cls, aws: Aws, new_items: str, waiting_items: str, baked_items: str, table: str | None
    ) -> Self:
        """An oven of unknown capacity, by the URLs of its queues. Raises AwsError if New Items is missing."""
        queue = Queue(aws, new_items)
        return cls(
            queue,
            Queue(aws, waiting_items),
            Queue(aws, baked_items),
            queue.dead_letters(),
            DynamoBakingTable(aws.dynamodb, table) if table else None,
            capacity=None,
        )

    def observe(self) -> Observation:
        """Count the messages of each queue, and read the table. Raises AwsError."""
        row = self._row(self.table) if self.table else None
        return Observation(
            new=self.new_items.depth(),
            # A message of the line may have several items.
            waiting=row.waiting if row else self.waiting_items.depth(),
            dead=self.dead_letters.depth() if self.dead_letters else 0,
            leases=row.leases if row else None,
        )

    @staticmethod
    def _row(table: DynamoBakingTable) -> Row:
        try:
            return table.read()
        except ServiceError as error:
            raise AwsError(str(error)) from error
