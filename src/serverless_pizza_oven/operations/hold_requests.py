"""The requests of a holder, which keeps slots while its own work runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

from pizza_oven.aws.baking_table import look_request, row_of
from pizza_oven.execution import Execution
from pizza_oven.row import Lease
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.holder_lookup import description_of
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.sdk_errors import aws_errors


@dataclass(frozen=True, slots=True)
class LeaseSighting:
    """What a consistent read of the row says of one item."""

    lease: Lease | None
    """None if the item has no slots."""
    read_before: float
    """A moment after the read by AWS's clock, in seconds since 1970: at most a second after the answer."""
    occupied: int = 0
    """Slots taken, of all items."""
    waiting: int = 0
    """Items in line."""


class HoldRequests(Protocol):
    """What a holder asks of the oven. Every method raises AwsError."""

    def send(self, body: str) -> None:
        """Send a message to New Items."""

    def look(self, item_id: str) -> LeaseSighting:
        """Read the lease of an item."""

    def describe(self, item_id: str) -> Execution | None:
        """The execution of an item. None if there is none, or none yet: the answer may be seconds old."""


class StackHoldRequests:
    """Implements HoldRequests. May be used by several threads."""

    def __init__(self, aws: Aws, stack: Stack, wall_clock: Callable[[], float] = time.time) -> None:
        """The `wall_clock` is asked where an emulator does not tell its own time."""
        self._dynamodb = aws.dynamodb
        self._new_items = Queue(aws, stack.new_items)
        self._describe = description_of(aws, stack)
        self._table = stack.table
        self._wall_clock = wall_clock
        # Made now: sessions make clients in one thread alone
        # (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html).
        _ = aws.sqs, aws.stepfunctions

    def send(self, body: str) -> None:
        self._new_items.send([body])

    def look(self, item_id: str) -> LeaseSighting:
        with aws_errors("reading the Baking Table"):
            answer = self._dynamodb.get_item(**look_request(self._table, [item_id]))
        row = row_of(answer.get("Item", {}))
        read_before = self._read_before(answer["ResponseMetadata"]["HTTPHeaders"])
        return LeaseSighting(row.leases.get(item_id), read_before, row.occupied, row.waiting)

    def describe(self, item_id: str) -> Execution | None:
        return self._describe(item_id)

    def _read_before(self, headers: Mapping[str, str]) -> float:
        try:
            # It is in whole seconds, rounded down.
            return parsedate_to_datetime(headers["date"]).timestamp() + 1
        except (KeyError, ValueError):
            return self._wall_clock()
