"""Changes an oven that is in use: its capacity, and whether it admits items."""

import time

from pizza_oven.item import Trigger
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.deploying import update_parameters
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.queue_client import Queue


def set_capacity(aws: Aws, stack: Stack, capacity: int, sleep: Sleep = time.sleep) -> Stack:
    """Change the capacity, in slots. Items that do not fit any more bake to their end.

    Returns the changed stack. Raises AwsError, and DeploymentError where CloudFormation fails.
    """
    changed = update_parameters(aws, stack, {"BakingTableCapacityCount": str(capacity)}, _quietly, sleep)
    trigger(aws, changed)
    return changed


def pause(aws: Aws, stack: Stack, sleep: Sleep = time.sleep) -> Stack:
    """Admit nothing more. Items wait in New Items and in line; those in the oven come out.

    Raises as `resume` does.
    """
    return _set_admission(aws, stack, "PAUSED", sleep)


def resume(aws: Aws, stack: Stack, sleep: Sleep = time.sleep) -> Stack:
    """Admit items again, those in line first.

    Returns the changed stack. Raises AwsError, and DeploymentError if CloudFormation fails, or if the stack
    is of a version that cannot pause.
    """
    changed = _set_admission(aws, stack, "OPEN", sleep)
    trigger(aws, changed)
    return changed


def trigger(aws: Aws, stack: Stack, item_id: str | None = None) -> None:
    """Have Bake Items admit items from the line and reconcile overdue leases, and the lease of a named item.

    Raises AwsError.
    """
    Queue(aws, stack.new_items).send([Trigger(item_id).body])


def _set_admission(aws: Aws, stack: Stack, value: str, sleep: Sleep) -> Stack:
    if "Admission" not in stack.outputs:
        raise DeploymentError(
            f"the stack {stack.name} was made by version 1.0.0, which cannot pause: "
            f"bring it up to date with oven deploy --stack {stack.name}"
        )
    return update_parameters(aws, stack, {"Admission": value}, _quietly, sleep)


def _quietly(_line: str) -> None:
    """Ignores the events of CloudFormation. Its failures are raised."""
