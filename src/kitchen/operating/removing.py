"""Takes an item out of the oven before its time."""

from collections.abc import Callable

from kitchen.aws import Aws, aws_errors
from kitchen.errors import KitchenError
from kitchen.stack.contents import row
from kitchen.stack.deployment import Sleep, Stack
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.ports import Execution

ERROR = "Oven.Removed"
CAUSE = "oven remove took it out"
"""What the dead letter tells."""

LOOK_EVERY_SECS = 0.5


class NotRemovableError(KitchenError):
    """The item does not bake."""


class StillLeasedError(KitchenError):
    """The item bakes no more, but its slots are not free yet."""


def remove(
    aws: Aws, stack: Stack, item_id: str, wait_secs: float, clock: Callable[[], float], sleep: Sleep
) -> None:
    """Stop the execution of an item, and wait until the oven has freed its slots, which it does by itself.

    The item is a dead letter then. Raises NotRemovableError where it does not bake, StillLeasedError after
    `wait_secs`, AwsError and ServiceError. The `clock` tells seconds, of whatever origin.
    """
    item_states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
    _check_bakes(item_id, item_states.describe(item_id))
    with aws_errors(f"stopping {item_id}"):
        aws.stepfunctions.stop_execution(
            executionArn=item_states.execution_arn(item_id), error=ERROR, cause=CAUSE
        )
    _wait_until_free(aws, stack, item_id, clock() + wait_secs, clock, sleep)
    # It may have come out by itself just before.
    ended = item_states.describe(item_id)
    if ended and ended.status == "SUCCEEDED":
        _check_bakes(item_id, ended)


def _wait_until_free(
    aws: Aws, stack: Stack, item_id: str, give_up: float, clock: Callable[[], float], sleep: Sleep
) -> None:
    while item_id in row(aws, stack).leases:
        if clock() >= give_up:
            hint = (
                f"it is paused, and frees them after oven resume --stack {stack.name}"
                if stack.is_paused
                else f"oven trigger --stack {stack.name} has it look once more"
            )
            raise StillLeasedError(f"{item_id} bakes no more, but the oven still keeps its slots: {hint}")
        sleep(LOOK_EVERY_SECS)


def _check_bakes(item_id: str, execution: Execution | None) -> None:
    if execution is None:
        raise NotRemovableError(
            f"{item_id} is not in the oven: oven item {item_id} tells where it is. "
            "In line it must stay, since a queue gives out only its head; remove it once it bakes"
        )
    if execution.failed:
        raise NotRemovableError(
            f"{item_id} is out of the oven: its baking ended as {execution.status}, and it is a dead letter"
        )
    if not execution.running:
        raise NotRemovableError(
            f"{item_id} has baked, and came out: oven collect brings it, if nobody has yet"
        )
