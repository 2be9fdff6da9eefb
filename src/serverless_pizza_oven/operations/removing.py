"""Takes an item out of the oven before its time."""

from collections.abc import Callable
from enum import Enum

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_item
from serverless_pizza_oven.sdk_errors import aws_errors

ERROR = "Oven.Removed"
CAUSE = "oven remove took it out"
"""The error and the cause in the reason of the dead letter."""

POLL_EVERY_SECS = 0.5

_WHY_NOT = {
    ItemStage.IN_LINE: (
        "waits in line, and a queue gives out its head alone. Remove it once it bakes: oven item tells"
    ),
    ItemStage.BAKED: "has baked, and is in Baked Items unless somebody has received it",
    ItemStage.FAILED: "does not bake any more, since its baking failed: oven dlq list shows it",
    ItemStage.REJECTED: "was never in the oven, and is a dead letter: oven dlq list shows it",
    ItemStage.UNKNOWN: "is not in the oven: it was never sent, or it waits in New Items",
}


class NotRemovableError(ToolError):
    """The item does not bake."""


class StillLeasedError(ToolError):
    """The item does not bake any more, and its slots are not free yet."""


class Removal(Enum):
    """How far the removal of an item got."""

    COMPLETE = "its slots are free, and it is a dead letter"
    STOPPED = "it does not bake any more; the oven is paused, and does the rest when it is resumed"


def remove(
    aws: Aws,
    stack: Stack,
    item_id: str,
    wait_secs: float,
    clock: Callable[[], float],
    sleep: Sleep,
    on_stopped: Callable[[], object] = lambda: None,
) -> Removal:
    """Stop the execution of an item, and wait until Bake Items has made it a dead letter and freed its slots.

    In a paused oven Bake Items does not run, so there is nothing to wait for. `on_stopped` is called once the
    item does not bake any more. The `clock` tells seconds since the epoch.

    Raises NotRemovableError if the item does not bake, StillLeasedError after `wait_secs`, and AwsError.
    """
    _check_bakes(find_item(aws, stack, item_id, clock()), stack)
    states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
    with aws_errors(f"stopping {item_id}"):
        aws.stepfunctions.stop_execution(executionArn=states.execution_arn(item_id), error=ERROR, cause=CAUSE)
    on_stopped()
    give_up_at = clock() + wait_secs
    while item_id in read_row(aws, stack).leases:
        if stack.is_paused:
            return Removal.STOPPED
        if clock() >= give_up_at:
            raise StillLeasedError(
                f"{item_id} does not bake any more, and has its slots still, after {wait_secs:g} s: "
                f"oven trigger --item {item_id} --stack {stack.name} has the oven free them"
            )
        sleep(POLL_EVERY_SECS)
    ended = find_item(aws, stack, item_id, clock())
    if ended.stage is ItemStage.BAKED:
        # It came out just before it was stopped.
        _check_bakes(ended, stack)
    return Removal.COMPLETE


def _check_bakes(found: ItemReport, stack: Stack) -> None:
    if found.stage is ItemStage.FAILED and found.lease:
        raise NotRemovableError(f"{found.item_id} does not bake any more; {what_follows(stack)}")
    if found.stage in _WHY_NOT:
        raise NotRemovableError(f"{found.item_id} {_WHY_NOT[found.stage]}")
    if found.since is None:
        raise NotRemovableError(f"{found.item_id} is being started: try again in some seconds")


def what_follows(stack: Stack) -> str:
    """What will happen to a failed item that still holds its slots."""
    when = after_resume(stack) if stack.is_paused else "within two minutes"
    return f"it frees its slots and becomes a dead letter {when}"


def after_resume(stack: Stack) -> str:
    """When a paused oven goes on."""
    return f"after oven resume --stack {stack.name}"
