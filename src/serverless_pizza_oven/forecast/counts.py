"""What a run took: requests by service, and what AWS bills for."""

from dataclasses import dataclass
from math import fsum

from serverless_pizza_oven.simulator.functions import Function
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.world import World

BATCH = 10
"""How many messages the sender sends, and the receiver receives and deletes, with one request: the most."""

POLLERS = 5
POLL_SECS = 20
"""So many pollers of the event source mapping ask New Items all along, and so long each if nothing comes
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html; the 20 s are assumed)."""

FIFO = "Waiting Items"
"""The queue whose requests cost more."""


@dataclass(frozen=True, slots=True)
class Requests:
    """How many of a kind."""

    service: str
    resource: str
    action: str
    by: str
    """Who makes them."""
    count: int


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """What a function did."""

    name: str
    invocations: int
    cold_starts: int
    billed_secs: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run took."""

    requests: tuple[Requests, ...]
    functions: tuple[FunctionUse, ...]
    write_units: int
    read_units: int
    """Of the row."""
    transitions: int
    items: int
    """That came out."""

    @property
    def invocations(self) -> int:
        return sum(function.invocations for function in self.functions)

    @property
    def billed_secs(self) -> float:
        return fsum(function.billed_secs for function in self.functions)

    def of(self, service: str) -> int:
        """All requests to a service."""
        return sum(requests.count for requests in self.requests if requests.service == service)


def usage_of(world: World, sent: int, out: int, secs: float) -> Usage:
    """Count what a world has taken in `secs` seconds, for `sent` messages of which `out` items came out."""
    operations = world.operations
    return Usage(
        requests=_requests(world, sent, out, secs),
        functions=(_use(world.bake_items), _use(world.item_removed)),
        write_units=operations.update_item.units,
        read_units=operations.get_item.units,
        transitions=world.executions.transitions,
        items=out,
    )


def _use(function: Function) -> FunctionUse:
    return FunctionUse(function.name, function.invocations, function.cold_starts, function.billed / SECOND)


def _requests(world: World, sent: int, out: int, secs: float) -> tuple[Requests, ...]:
    made, source = world.operations, world.event_source
    in_vain = POLLERS * int(secs) // POLL_SECS
    counted = (
        ("SQS", "New Items", "SendMessageBatch", "sender", _batches(sent)),
        ("SQS", "New Items", "SendMessage", "EventBridge", world.events),
        ("SQS", "New Items", "SendMessage", "functions", made.send_trigger.requests),
        ("SQS", "New Items", "ReceiveMessage", "event source", source.receives + in_vain),
        ("SQS", "New Items", "DeleteMessageBatch", "event source", source.deletes),
        ("SQS", FIFO, "SendMessageBatch", "functions", made.send_to_line.requests),
        ("SQS", FIFO, "ReceiveMessage", "functions", made.receive_from_line.requests),
        ("SQS", FIFO, "DeleteMessageBatch", "functions", made.delete_from_line.requests),
        ("SQS", FIFO, "ChangeMessageVisibilityBatch", "functions", made.put_back_in_line.requests),
        ("SQS", FIFO, "GetQueueAttributes", "functions", made.count_line.requests),
        ("SQS", "Baked Items", "SendMessage", "functions", made.send_baked.requests),
        ("SQS", "Baked Items", "ReceiveMessage", "receiver", _batches(out)),
        ("SQS", "Baked Items", "DeleteMessageBatch", "receiver", _batches(out)),
        ("SQS", "Dead Letters", "SendMessageBatch", "functions", made.send_dead.requests),
        ("DynamoDB", "Baking Table", "UpdateItem", "functions", made.update_item.requests),
        ("DynamoDB", "Baking Table", "GetItem", "functions", made.get_item.requests),
        ("Step Functions", "Item States", "StartExecution", "functions", made.start_execution.requests),
        ("Step Functions", "Item States", "DescribeExecution", "functions", made.describe_execution.requests),
        ("Lambda", "BakeItems", "Invoke", "event source", world.bake_items.invocations),
        ("Lambda", "ItemRemoved", "Invoke", "Step Functions", world.item_removed.invocations),
    )
    return tuple(Requests(*row) for row in counted)


def _batches(messages: int) -> int:
    return -(-messages // BATCH)
