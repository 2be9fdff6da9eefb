"""Counts what an oven and its queues hold."""

from collections.abc import Callable, Mapping

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.errors import PizzaOvenError
from pizza_oven.row import Row
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.preflight import is_missing
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.queue_client import count_messages
from serverless_pizza_oven.sdk_errors import adapter_errors


def read_row(aws: Aws, stack: Stack) -> Row:
    """Read the row of the Baking Table. Raises AwsError."""
    with adapter_errors("reading the Baking Table"):
        return DynamoBakingTable(aws.dynamodb, stack.table).read()


def losses(aws: Aws, stack: Stack) -> Mapping[str, int | None]:
    """How much would be lost with the stack, by kind. None: that queue or table does not exist any more.

    Raises AwsError.
    """
    return {
        "new items": _unless_missing(lambda: count_messages(aws, stack.new_items)),
        "items in the line": _unless_missing(lambda: count_messages(aws, stack.waiting_items)),
        "items in the oven": _unless_missing(lambda: len(read_row(aws, stack).leases)),
        "baked items": _unless_missing(lambda: count_messages(aws, stack.baked_items)),
        "dead letters": _unless_missing(lambda: count_messages(aws, stack.dead_letters)),
    }


def _unless_missing(count: Callable[[], int]) -> int | None:
    try:
        return count()
    except PizzaOvenError as error:
        if is_missing(error.__cause__):
            return None
        raise
