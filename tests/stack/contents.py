"""What is in an oven and its queues at a moment."""

from dataclasses import dataclass

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.contents import depth, row
from serverless_pizza_oven.deployment.stacks import Stack


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
    """Look into every queue and the oven. Raises AwsError."""
    seen = row(aws, stack)
    return Contents(
        new=depth(aws, stack.new_items),
        waiting=depth(aws, stack.waiting_items),
        baking=len(seen.leases),
        baked=depth(aws, stack.baked_items),
        dead=depth(aws, stack.dead_letters),
        occupied=seen.occupied,
    )
