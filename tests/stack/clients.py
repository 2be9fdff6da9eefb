"""A client of an oven: sends items, watches them bake, and collects what comes out."""

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pizza_oven.aws.baking_table import KEY, DynamoBakingTable
from pizza_oven.reconciling import QUIET_SECS
from pizza_oven.row import Counts, Lease, Row
from pizza_oven.settlement import Settlement
from serverless_pizza_oven.local.oven import LocalOven
from serverless_pizza_oven.queue_client import count_messages
from tests.patience import eventually
from tests.stack.contents import contents
from tests.stack.logs import cut_off

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

Fields = dict[str, Any]
"""An item as its sender writes it."""

FOR_LONG_SECS = 3600
"""Longer than any test takes."""

LET_GO = ("Test.LetGo", "it was held long enough")
"""The error and the cause with which tests end a hold."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter."""

    body: str
    reason: str


@dataclass(frozen=True, slots=True)
class Baking:
    """The execution of an item, as Step Functions describes it."""

    item_id: str
    started_at: float
    stopped_at: float
    """When it ended; infinite while it runs."""
    status: str

    def surely_bakes_at(self, moment: float, secs: float) -> bool:
        """Whether an item with the baking time `secs` was certainly in the oven at a moment."""
        return self.started_at <= moment < min(self.started_at + secs, self.stopped_at)


def pizza(item_id: str, secs: int = 0, size: int | None = None, **others: Any) -> Fields:
    """An item."""
    sized = {} if size is None else {"size": size}
    return {"id": item_id, "bakingTimeSecs": secs, **sized, **others}


class Client:
    """A client of one oven."""

    def __init__(self, oven: LocalOven) -> None:
        self.oven = oven
        self.stack = oven.stack
        self.capacity = oven.stack.capacity
        self.baked: list[Fields] = []
        """The items collected, each once, however often it came out."""
        self.copies: list[Fields] = []
        """Items that came out again. The oven delivers at least once."""
        self.dead: list[Letter] = []
        """The dead letters collected."""
        self._bodies: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._secs: dict[str, int] = {}
        self._sqs = oven.aws.sqs
        self._table = DynamoBakingTable(oven.aws.dynamodb, oven.stack.table)

    # What a client does

    def send(self, *items: Fields) -> None:
        """Send items, ten per request."""
        for item in items:
            self._sizes[item["id"]] = item.get("size", 1)
            self._secs[item["id"]] = item["bakingTimeSecs"]
        self.send_bodies(json.dumps(item) for item in items)

    def send_bodies(self, bodies: Iterable[str]) -> None:
        """Send messages of any content, ten per request."""
        waiting = list(bodies)
        while waiting:
            batch, waiting = waiting[:10], waiting[10:]
            response = self._sqs.send_message_batch(
                QueueUrl=self.stack.new_items,
                Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(batch)],
            )
            assert not response.get("Failed")

    def expect(self, item_id: str, secs: int, size: int = 1) -> None:
        """Count an item that somebody else sends to those of this client."""
        self._sizes[item_id], self._secs[item_id] = size, secs

    def trigger(self, item_id: str | None = None) -> None:
        """Send a trigger, which also reconciles an item if one is named."""
        named = {} if item_id is None else {"item": item_id}
        self.send_bodies([json.dumps({"type": "trigger", **named})])

    def hold(self, item_id: str, size: int | None = None) -> None:
        """Let an item take slots (by default all) until `let_go` ends it, however slow the machine is."""
        self.send(pizza(item_id, FOR_LONG_SECS, size or self.capacity))
        self.wait_until_baking(item_id)

    def let_go(self, item_id: str) -> None:
        """End a hold. Its dead letter is not collected."""
        self.stop_baking(item_id, *LET_GO)

    def collect(self) -> None:
        """Receive the items that came out so far, and check that the oven is sound."""
        row = self.row()
        assert row.occupied <= self.capacity
        assert row.occupied == sum(lease.size for lease in row.leases.values())
        for message in self._receive_all(self.stack.baked_items):
            is_copy = message["Body"] in self._bodies
            (self.copies if is_copy else self.baked).append(json.loads(message["Body"]))
            self._bodies.add(message["Body"])
        letters = [
            Letter(message["Body"], message.get("MessageAttributes", {})["reason"]["StringValue"])
            for message in self._receive_all(self.stack.dead_letters)
        ]
        self.dead += [letter for letter in letters if not letter.reason.endswith(": ".join(LET_GO))]

    def collect_until_quiet(self) -> None:
        """Collect until no item waits or bakes and no message is in the queues.

        Fails if an item came out twice although no function was killed or timed out.
        """
        self._collect_until_quiet()
        if self.copies:
            assert cut_off(self.oven), f"came out again though no function was cut off: {self.copies}"

    def _collect_until_quiet(self) -> None:
        def is_quiet() -> bool:
            self.collect()
            return self._is_quiet()

        try:
            eventually("the oven is quiet", is_quiet)
        except AssertionError as error:
            error.add_note(f"it holds {contents(self.oven.aws, self.stack)}, and its row is {self.row()}")
            raise
        self.collect()

    def collect_after_crashes(self, *waves: Sequence[Fields]) -> None:
        """Collect until all that was sent is out, and then until the oven is quiet.

        Killed functions may leave the count of the line too high. No item is lost by that, but the oven
        retries the line until no item has joined for some minutes.
        """
        expected = {item["id"] for wave in waves for item in wave}

        def missing() -> set[str]:
            self.collect()
            return expected - set(self.baked_ids)

        # On a slow machine, too: it goes on as long as items come out.
        while left := missing():
            try:
                eventually("another item is out", lambda: len(missing()) < len(left))
            except AssertionError as error:
                error.add_note(f"missing are {missing()}, and the row is {self.row()}")
                raise
        self.let_the_line_be_recounted()
        self._collect_until_quiet()

    @property
    def baked_ids(self) -> list[str]:
        """The ids of the items collected, in alphabetical order."""
        return sorted(item["id"] for item in self.baked)

    # What it can see

    def row(self) -> Row:
        """The row of the Baking Table."""
        return self._table.read()

    def bakings(self) -> dict[str, Baking]:
        """The executions of the items sent, by item id."""
        paginator = self.oven.aws.stepfunctions.get_paginator("list_executions")
        return {
            found["name"]: Baking(
                found["name"],
                found["startDate"].timestamp(),
                found["stopDate"].timestamp() if "stopDate" in found else math.inf,
                found["status"],
            )
            for page in paginator.paginate(stateMachineArn=self.stack.outputs["ItemStatesArn"])
            for found in page["executions"]
            if found["name"] in self._sizes
        }

    def execution_arn(self, item_id: str) -> str:
        """The ARN of the execution of an item."""
        return f"{self.stack.outputs['ItemStatesArn'].replace(':stateMachine:', ':execution:')}:{item_id}"

    def loading_order(self) -> list[str]:
        """The ids of the items sent, as they began to bake."""
        return [
            found.item_id for found in sorted(self.bakings().values(), key=lambda found: found.started_at)
        ]

    def fullest(self, since: float = 0) -> int:
        """The most slots that items took at once, at the start of any item that was loaded since `since`.

        An item is certainly in the oven from the start of its execution until its baking time is over or it
        is stopped.
        """
        bakings = self.bakings().values()
        return max(
            sum(
                self._sizes[other.item_id]
                for other in bakings
                if other.surely_bakes_at(baking.started_at, self._secs[other.item_id]) or other is baking
            )
            for baking in bakings
            if baking.started_at >= since
        )

    def messages_to_take(self) -> int:
        """The number of messages of New Items that no function has received yet."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self.stack.new_items, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def wait_until_baking(self, *item_ids: str) -> None:
        """Wait until the executions of these items have started."""
        eventually(f"{', '.join(item_ids)} bake", lambda: self.bakings().keys() >= set(item_ids))

    def wait_until_waiting(self, count: int) -> None:
        """Wait until that many items are in the line."""
        eventually(
            f"{count} wait",
            lambda: (
                self.row().waiting == count
                and count_messages(self.oven.aws, self.stack.waiting_items) == count
            ),
        )

    def wait_until_all_is_taken(self) -> None:
        """Wait until New Items has no message, visible or received."""
        eventually("all is taken", lambda: count_messages(self.oven.aws, self.stack.new_items) == 0)

    # Faults

    def stop_baking(self, item_id: str, error: str, cause: str) -> None:
        """Abort the execution of an item."""
        arn = self.execution_arn(item_id)
        self.oven.aws.stepfunctions.stop_execution(executionArn=arn, error=error, cause=cause)

    def lease_by_hand(self, item_id: str, lease: Lease) -> None:
        """Lease slots for an item, as an earlier load may have left them."""
        held = self.row().leases.get(item_id)
        if held is not None:
            self._table.roll_back(item_id)
        settlement = Settlement(loads={item_id: lease}, overtakes=True)
        assert isinstance(self._table.settle(settlement, self.capacity, 0), Counts)

    def reserve(self, item: Fields) -> None:
        """Take the slots of an item that starts only with `bake_reserved`, however slow the machine is."""
        self._sizes[item["id"]], self._secs[item["id"]] = item.get("size", 1), item["bakingTimeSecs"]
        until = round(time.time()) + FOR_LONG_SECS
        self.lease_by_hand(item["id"], Lease(self._sizes[item["id"]], until))

    def bake_reserved(self, item: Fields) -> None:
        """Start the reserved item."""
        self.oven.aws.stepfunctions.start_execution(
            stateMachineArn=self.stack.outputs["ItemStatesArn"], name=item["id"], input=json.dumps(item)
        )

    def lose_triggers_of(self, pizzas: Sequence[Fields]) -> None:
        """Let these items wait in the line of an empty oven without any trigger."""
        hold = pizza(f"{pizzas[0]['id']}-hold", size=self.capacity)
        self.reserve(hold)
        self.send(*pizzas)
        self.wait_until_waiting(len(pizzas))
        self.wait_until_all_is_taken()
        # A roll back frees slots and wakes nobody.
        self._table.roll_back(hold["id"])
        assert self.row().waiting == len(pizzas)

    def let_the_line_be_recounted(self) -> None:
        """Check that the count of the line becomes right once no item has joined for some minutes.

        It may be too high after crashes and duplicates. The minutes are subtracted from `joinedAt` in the
        row, repeatedly if a message of a killed function is delivered again and joins meanwhile.
        """

        def is_empty() -> bool:
            row = self.row()
            if row.waiting and row.joined_at > time.time() - QUIET_SECS:
                self._age_the_line(row)
                self.trigger()
            return row.waiting == 0

        eventually("the line is counted as empty", is_empty)

    def _age_the_line(self, row: Row) -> None:
        self.oven.aws.dynamodb.update_item(
            TableName=self.stack.table,
            Key=KEY,
            UpdateExpression="SET joinedAt = :long_ago",
            ExpressionAttributeValues={":long_ago": {"N": str(int(row.joined_at) - 600)}},
        )

    def clear(self) -> None:
        """Delete the items that came out before, and end what a test that failed left in the oven."""

        def is_clear() -> bool:
            for left in self._running():
                self.stop_baking(left["name"], *LET_GO)
            self.collect()
            return self._is_quiet()

        eventually("the oven is empty", is_clear)
        self.baked, self.copies, self.dead, self._bodies = [], [], [], set()

    def _is_quiet(self) -> bool:
        row = self.row()
        return (
            not row.occupied
            and not row.leases
            and count_messages(self.oven.aws, self.stack.new_items) == 0
            and count_messages(self.oven.aws, self.stack.waiting_items) == 0
            and not self._running()
        )

    def _running(self) -> "list[ExecutionListItemTypeDef]":
        return self.oven.aws.stepfunctions.list_executions(
            stateMachineArn=self.stack.outputs["ItemStatesArn"], statusFilter="RUNNING"
        )["executions"]

    def _receive_all(self, queue_url: str) -> "list[MessageTypeDef]":
        received: list[MessageTypeDef] = []
        while messages := self._sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            self._sqs.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ],
            )
            received += messages
        return received


def ids(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ids of items, in alphabetical order."""
    return sorted(item["id"] for item in items)
