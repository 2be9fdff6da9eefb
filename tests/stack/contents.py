"""Counts the contents of an oven and its queues."""

from dataclasses import dataclass

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.queue_client import count_messages


@dataclass(frozen=True, slots=True)
class Contents:
    """Numbers of items; those of queues are approximate, as SQS counts."""

    new: int
    waiting: int
    baking: int
    baked: int
    dead: int
    occupied: int
    """In slots."""


def contents(aws: Aws, stack: Stack) -> Contents:
    """Count the messages of every queue and the items in the oven. Raises AwsError."""
    seen = read_row(aws, stack)
    return Contents(
        new=count_messages(aws, stack.new_items),
        waiting=count_messages(aws, stack.waiting_items),
        baking=len(seen.leases),
        baked=count_messages(aws, stack.baked_items),
        dead=count_messages(aws, stack.dead_letters),
        occupied=seen.occupied,
    )
