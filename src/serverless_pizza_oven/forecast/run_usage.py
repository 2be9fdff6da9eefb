"""What a run used: requests by service, and what AWS bills for."""

from dataclasses import dataclass
from math import fsum

from serverless_pizza_oven.forecast.holders import HoldUsage
from serverless_pizza_oven.simulator.aws_operations import Operations
from serverless_pizza_oven.simulator.functions import Function
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.world import World

BATCH = 10
"""How many messages the sender and the receiver handle with one request: the most that SQS allows."""

POLLERS = 5
POLL_SECS = 20
"""The event source mapping's pollers, and how long each waits for a message
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html; the 20 s are assumed)."""

FIFO = "Waiting Items"
"""The queue whose requests cost more: FIFO."""


@dataclass(frozen=True, slots=True)
class RequestCount:
    """How many requests of one kind were made."""

    service: str
    resource: str
    action: str
    by: str
    """Who makes them."""
    count: int


@dataclass(frozen=True, slots=True)
class FunctionUsage:
    """What a function used."""

    name: str
    invocations: int
    cold_starts: int
    billed_secs: float


@dataclass(frozen=True, slots=True)
class RunUsage:
    """What a run used."""

    requests: tuple[RequestCount, ...]
    functions: tuple[FunctionUsage, ...]
    write_units: int
    read_units: int
    """Of the row, both."""
    transitions: int
    items: int
    """How many items came out, or were released."""
    holds: HoldUsage | None = None
    """None if the items bake."""

    @property
    def invocations(self) -> int:
        return sum(function.invocations for function in self.functions)

    @property
    def billed_secs(self) -> float:
        return fsum(function.billed_secs for function in self.functions)

    def of(self, service: str) -> int:
        """The number of requests to a service."""
        return sum(requests.count for requests in self.requests if requests.service == service)


def usage_of(world: World, sent: int, out: int, secs: float, holds: HoldUsage | None = None) -> RunUsage:
    """Count what a world used in `secs` seconds, with `sent` messages sent and `out` items out."""
    operations = world.operations
    requests = _requests(world, 0, 0, secs) + _holders_requests(world, holds) if holds else ()
    return RunUsage(
        requests=requests or _requests(world, sent, out, secs),
        functions=(_use(world.bake_items), _use(world.item_removed)),
        write_units=operations.update_item.units + operations.update_item_once.units,
        read_units=operations.get_item.units + (holds.look_units + holds.confirmation_units if holds else 0),
        transitions=world.executions.transitions,
        items=out,
        holds=holds,
    )


def _use(function: Function) -> FunctionUsage:
    return FunctionUsage(function.name, function.invocations, function.cold_starts, function.billed / SECOND)


def _requests(world: World, sent: int, out: int, secs: float) -> tuple[RequestCount, ...]:
    made, source = world.operations, world.event_source
    empty_polls = POLLERS * int(secs) // POLL_SECS
    counted = (
        ("SQS", "New Items", "SendMessageBatch", "sender", _batches(sent)),
        ("SQS", "New Items", "SendMessage", "EventBridge", world.event_bridge.sent),
        ("SQS", "New Items", "SendMessage", "functions", made.send_trigger.requests),
        ("SQS", "New Items", "ReceiveMessage", "event source", source.receives + empty_polls),
        ("SQS", "New Items", "DeleteMessageBatch", "event source", source.deletes),
        ("SQS", "New Items", "ReceiveMessage", "functions", made.receive_new.requests),
        ("SQS", "New Items", "DeleteMessageBatch", "functions", made.delete_new.requests),
        ("SQS", FIFO, "SendMessageBatch", "functions", made.send_to_line.requests),
        ("SQS", FIFO, "ReceiveMessage", "functions", made.receive_from_line.requests),
        ("SQS", FIFO, "DeleteMessageBatch", "functions", made.delete_from_line.requests),
        ("SQS", FIFO, "ChangeMessageVisibilityBatch", "functions", made.put_back_in_line.requests),
        ("SQS", FIFO, "GetQueueAttributes", "functions", made.count_line.requests),
        ("SQS", "Baked Items", "SendMessage", "functions", made.send_baked.requests),
        ("SQS", "Baked Items", "ReceiveMessage", "receiver", _batches(out)),
        ("SQS", "Baked Items", "DeleteMessageBatch", "receiver", _batches(out)),
        ("SQS", "Leaving Items", "SendMessage", "functions", made.send_leaving.requests),
        ("SQS", "Leaving Items", "ReceiveMessage", "functions", made.receive_leaving.requests),
        ("SQS", "Leaving Items", "DeleteMessageBatch", "functions", made.delete_leaving.requests),
        ("SQS", "Dead Letters", "SendMessageBatch", "functions", made.send_dead.requests),
        ("DynamoDB", "Baking Table", "UpdateItem", "functions", _writes(made)),
        ("DynamoDB", "Baking Table", "GetItem", "functions", made.get_item.requests),
        ("Step Functions", "Item States", "StartExecution", "functions", made.start_execution.requests),
        ("Step Functions", "Item States", "DescribeExecution", "functions", made.describe_execution.requests),
        ("Lambda", "BakeItems", "Invoke", "event source", world.bake_items.invocations),
        ("Lambda", "ItemRemoved", "Invoke", "Step Functions", world.item_removed.invocations),
    )
    return tuple(RequestCount(*row) for row in counted)


def _holders_requests(world: World, holds: HoldUsage) -> tuple[RequestCount, ...]:
    """A holder sends its messages one by one, and receives nothing."""
    stops = world.operations.stop_execution.requests
    return (
        RequestCount("SQS", "New Items", "SendMessage", "holders", holds.messages),
        RequestCount("DynamoDB", "Baking Table", "GetItem", "holders", holds.looks + holds.confirmations),
        RequestCount("Step Functions", "Item States", "StopExecution", "functions", stops),
        RequestCount("Step Functions", "Item States", "DescribeExecution", "holders", holds.describes),
    )


def _writes(made: Operations) -> int:
    return made.update_item.requests + made.update_item_once.requests


def _batches(messages: int) -> int:
    return -(-messages // BATCH)
