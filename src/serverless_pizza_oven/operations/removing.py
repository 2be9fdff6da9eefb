"""Takes an item out of the oven before its time, or cancels it while it waits."""

from collections.abc import Callable
from enum import Enum

from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.holding import use_up_name
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_item
from serverless_pizza_oven.sdk_errors import adapter_errors, aws_errors

ERROR = "Oven.Removed"
CAUSE = "oven remove took it out"
"""The error and the cause in the reason of the dead letter."""

CANCELLED = "it was removed by oven remove while it waited"
"""The reason of the dead letter of an item that had no slots."""

POLL_EVERY_SECS = 0.5

_WHY_NOT = {
    ItemStage.BAKED: "has baked, and is in Baked Items unless somebody has received it",
    ItemStage.FAILED: "does not bake any more, since its baking failed: oven dlq list shows it",
    ItemStage.REJECTED: "was never in the oven, and is a dead letter: oven dlq list shows it",
    ItemStage.RELEASED: "was released: its slots are free",
    ItemStage.EXPIRED: "is held no more, since its lease ended: oven dlq list shows it",
    ItemStage.CANCELLED: "is cancelled already: it never gets slots",
    ItemStage.UNKNOWN: (
        "is not in the oven: it was never sent, or it waits in New Items. oven release cancels it there"
    ),
}


class NotRemovableError(ToolError):
    """The item neither bakes nor waits in line."""


class StillLeasedError(ToolError):
    """The item does not bake any more, and its slots are not free yet."""


class Removal(Enum):
    """How far the removal of an item got."""

    COMPLETE = "its slots are free, and it is a dead letter"
    CANCELLED = "it waits, and becomes a dead letter when it is the first in line"
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

    An item that waits in line is cancelled: its name is used up, so it is never started. In a paused oven
    Bake Items does not run, so there is nothing to wait for. `on_stopped` is called once the item does not
    bake any more. The `clock` tells seconds since the epoch.

    Raises NotRemovableError if the item neither bakes nor waits in line, StillLeasedError after `wait_secs`,
    and AwsError.
    """
    found = find_item(aws, stack, item_id, clock())
    states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
    if found.stage is ItemStage.IN_LINE:
        if _cancel(states, item_id):
            return Removal.CANCELLED
        # It was started a moment ago.
        found = find_item(aws, stack, item_id, clock())
    _check_bakes(found, stack)
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


def _cancel(states: StepFunctionsItemStates, item_id: str) -> bool:
    """Use up the name of an item. False if it was started before."""
    with adapter_errors(f"cancelling {item_id}"):
        return use_up_name(states, item_id, CANCELLED) is not None


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
