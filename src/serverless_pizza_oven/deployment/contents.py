"""What is in an oven and its queues at a moment."""

from collections.abc import Callable, Mapping

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.errors import PizzaOvenError, ServiceError
from pizza_oven.ports import Row
from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment.stacks import Stack, is_missing


def depth(aws: Aws, queue_url: str) -> int:
    """How many messages are in the queue, in flight and delayed ones included. Raises AwsError."""
    with aws_errors(f"counting {queue_url}"):
        response = aws.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return sum(map(int, response["Attributes"].values()))


def row(aws: Aws, stack: Stack) -> Row:
    """The row of the Baking Table. Raises AwsError."""
    with aws_errors("looking at the Baking Table"):
        try:
            return DynamoBakingTable(aws.dynamodb, stack.table).look()
        except ServiceError as error:
            raise error.__cause__ or error from None


def losses(aws: Aws, stack: Stack) -> Mapping[str, int | None]:
    """How much of what would be lost with the stack; None where that is gone already.

    Raises AwsError.
    """
    return {
        "new items": _unless_gone(lambda: depth(aws, stack.new_items)),
        "items in the line": _unless_gone(lambda: depth(aws, stack.waiting_items)),
        "items in the oven": _unless_gone(lambda: len(row(aws, stack).leases)),
        "baked items": _unless_gone(lambda: depth(aws, stack.baked_items)),
        "dead letters": _unless_gone(lambda: depth(aws, stack.dead_letters)),
    }


def _unless_gone(count: Callable[[], int]) -> int | None:
    try:
        return count()
    except PizzaOvenError as error:
        if is_missing(error.__cause__):
            return None
        raise
