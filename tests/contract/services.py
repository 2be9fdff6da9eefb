"""A set of ports for each implementation, with what tests must see and do behind the ports."""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.aws.queues import (
    SqsBakedItems,
    SqsDeadLetters,
    SqsLeavingItems,
    SqsNewItems,
    SqsWaitingItems,
)
from pizza_oven.ports import (
    BakedItems,
    BakingTable,
    DeadLetters,
    ItemStates,
    LeavingItems,
    NewItems,
    WaitingItems,
)
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.simulator.executions import Executions
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import SECOND, Loop, micros
from serverless_pizza_oven.simulator.memory_queues import (
    MemoryBakedItems,
    MemoryDeadLetters,
    MemoryLeavingItems,
    MemoryNewItems,
    MemoryWaitingItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

LINE_VISIBILITY_SECS = 5
"""The visibility timeout: longer than a test takes on a slow machine."""


@dataclass(frozen=True)
class Sent:
    """A message that has arrived somewhere."""

    body: str
    reason: str | None


class Services(Protocol):
    """All ports, new and empty, with access to the services behind them."""

    table: BakingTable
    line: WaitingItems
    new_items: NewItems
    leaving_items: LeavingItems
    baked_items: BakedItems
    dead_letters: DeadLetters
    item_states: ItemStates

    def now(self) -> float: ...

    def pass_time(self, secs: float) -> None: ...

    def arrived_in_new_items(self) -> list[Sent]: ...

    def arrived_in_baked_items(self) -> list[Sent]: ...

    def arrived_in_dead_letters(self) -> list[Sent]: ...

    def abort(self, item_id: str, cause: str) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self._loop = Loop()
        self._new, self._baked, self._dead = (
            StandardQueue(self._loop, name) for name in ("new", "baked", "dead")
        )
        self._executions = Executions(self._loop)
        self.table: BakingTable = MemoryBakingTable()
        self.line: WaitingItems = MemoryWaitingItems(
            FifoQueue(self._loop, LINE_VISIBILITY_SECS * SECOND), self._loop.run
        )
        self.new_items: NewItems = MemoryNewItems(self._new)
        leaving = StandardQueue(self._loop, "leaving", LINE_VISIBILITY_SECS * SECOND)
        self.leaving_items: LeavingItems = MemoryLeavingItems(leaving)
        self.baked_items: BakedItems = MemoryBakedItems(self._baked)
        self.dead_letters: DeadLetters = MemoryDeadLetters(self._dead)
        self.item_states: ItemStates = self._executions

    def now(self) -> float:
        return self._loop.seconds()

    def pass_time(self, secs: float) -> None:
        self._loop.run(self._loop.now + micros(secs))

    def arrived_in_new_items(self) -> list[Sent]:
        return self._arrived(self._new)

    def arrived_in_baked_items(self) -> list[Sent]:
        return self._arrived(self._baked)

    def arrived_in_dead_letters(self) -> list[Sent]:
        return self._arrived(self._dead)

    def abort(self, item_id: str, cause: str) -> None:
        self._executions.end(self._executions.bakings[item_id], "ABORTED", cause)

    def _arrived(self, queue: StandardQueue) -> list[Sent]:
        return [Sent(received.body, received.stored.reason) for received in queue.receive(100)]


class OnAws:
    """On the emulator, with queues, a table and a state machine of its own."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._new, self._baked, self._dead = (
            aws.sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"] for kind in ("new", "baked", "dead")
        )
        line = aws.sqs.create_queue(
            QueueName=f"{name}.fifo",
            Attributes={"FifoQueue": "true", "VisibilityTimeout": str(LINE_VISIBILITY_SECS)},
        )["QueueUrl"]
        aws.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self._machine = aws.stepfunctions.create_state_machine(
            name=name,
            roleArn=aws_role(aws, name),
            definition=json.dumps(
                {
                    "StartAt": "Baking",
                    "States": {"Baking": {"Type": "Wait", "SecondsPath": "$.bakingTimeSecs", "End": True}},
                }
            ),
        )["stateMachineArn"]
        self.table: BakingTable = DynamoBakingTable(aws.dynamodb, name)
        self.line: WaitingItems = SqsWaitingItems(aws.sqs, line, lambda: str(uuid.uuid4()))
        self.new_items: NewItems = SqsNewItems(aws.sqs, self._new)
        leaving = aws.sqs.create_queue(
            QueueName=f"{name}-leaving", Attributes={"VisibilityTimeout": str(LINE_VISIBILITY_SECS)}
        )["QueueUrl"]
        self.leaving_items: LeavingItems = SqsLeavingItems(aws.sqs, leaving)
        self.baked_items: BakedItems = SqsBakedItems(aws.sqs, self._baked)
        self.dead_letters: DeadLetters = SqsDeadLetters(aws.sqs, self._dead)
        self.item_states: ItemStates = StepFunctionsItemStates(aws.stepfunctions, self._machine)

    def now(self) -> float:
        return time.time()

    def pass_time(self, secs: float) -> None:
        time.sleep(secs)

    def arrived_in_new_items(self) -> list[Sent]:
        return self._arrived(self._new)

    def arrived_in_baked_items(self) -> list[Sent]:
        return self._arrived(self._baked)

    def arrived_in_dead_letters(self) -> list[Sent]:
        return self._arrived(self._dead)

    def abort(self, item_id: str, cause: str) -> None:
        self._aws.stepfunctions.stop_execution(
            executionArn=f"{self._machine.replace(':stateMachine:', ':execution:')}:{item_id}", cause=cause
        )

    def _arrived(self, queue_url: str) -> list[Sent]:
        return list(self._received(queue_url))

    def _received(self, queue_url: str) -> Iterator[Sent]:
        while True:
            answer = self._aws.sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["reason"]
            )
            if not answer.get("Messages"):
                return
            for message in answer["Messages"]:
                reason = message.get("MessageAttributes", {}).get("reason")
                yield Sent(message["Body"], reason["StringValue"] if reason else None)


def aws_role(aws: Aws, name: str) -> str:
    """The ARN of a role. The emulator does not check its permissions."""
    return f"arn:aws:iam::{aws.account()}:role/{name}"


def names() -> Callable[[], str]:
    """Makes a new name each time."""
    count = itertools.count(1)
    run = time.time_ns()
    return lambda: f"contract-{run}-{next(count)}"
