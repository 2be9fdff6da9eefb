"""Takes an item out of the oven before its time."""

from collections.abc import Callable

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import KitchenError
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_item

ERROR = "Oven.Removed"
CAUSE = "oven remove took it out"
"""What the dead letter tells."""

LOOK_EVERY_SECS = 0.5

_WHY_NOT = {
    ItemStage.IN_LINE: "waits in line, and must: a queue gives out only its head. Remove it once it bakes",
    ItemStage.BAKED: "has baked, and is in Baked Items, if nobody has collected it yet",
    ItemStage.FAILED: "is out of the oven, since its baking failed: oven dlq lists it",
    ItemStage.REJECTED: "never came into the oven, and is a dead letter: oven dlq lists it",
    ItemStage.UNKNOWN: "is not in the oven: it was never sent, or it waits in New Items",
}


class NotRemovableError(KitchenError):
    """The item does not bake."""


class StillLeasedError(KitchenError):
    """The item bakes no more, but its slots are not free yet."""


def remove(
    aws: Aws, stack: Stack, item_id: str, wait_secs: float, clock: Callable[[], float], sleep: Sleep
) -> None:
    """Stop the execution of an item, and wait until the oven has freed its slots, which it does by itself.

    The item is a dead letter then. Raises NotRemovableError where it does not bake, StillLeasedError after
    `wait_secs`, and AwsError. The `clock` tells seconds since the epoch.
    """
    _check_bakes(find_item(aws, stack, item_id, clock()))
    states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
    with aws_errors(f"stopping {item_id}"):
        aws.stepfunctions.stop_execution(executionArn=states.execution_arn(item_id), error=ERROR, cause=CAUSE)
    give_up = clock() + wait_secs
    while item_id in read_row(aws, stack).leases:
        if clock() >= give_up:
            raise StillLeasedError(f"{item_id} bakes no more, but still has its slots: {_what_frees(stack)}")
        sleep(LOOK_EVERY_SECS)
    ended = find_item(aws, stack, item_id, clock())
    if ended.place is ItemStage.BAKED:
        # Just before it was stopped.
        _check_bakes(ended)


def _check_bakes(found: ItemReport) -> None:
    if found.place in _WHY_NOT:
        raise NotRemovableError(f"{found.item_id} {_WHY_NOT[found.place]}")
    if found.since is None:
        raise NotRemovableError(f"{found.item_id} is just being put in: try again in a moment")


def _what_frees(stack: Stack) -> str:
    if stack.is_paused:
        return f"the oven is paused, and frees them after oven resume --stack {stack.name}"
    return f"oven trigger --stack {stack.name} has the oven look once more"
