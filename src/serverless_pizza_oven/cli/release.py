"""`oven release` and `oven extend`: end or extend a hold by hand."""

import time
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target, check_item_id
from serverless_pizza_oven.operations.client import Oven
from serverless_pizza_oven.operations.extending import extend as extend_lease
from serverless_pizza_oven.operations.hold_timing import HoldTiming
from serverless_pizza_oven.operations.slot_holding import stack_requests
from serverless_pizza_oven.text import moment

ItemId = Annotated[str, typer.Argument(metavar="ID", help="The id of the item.")]


def release(target: Target, item_id: ItemId) -> None:
    """Free the slots of an item, or cancel it if it waits.

    Example: `oven release import-4711 --stack spo`

    The slots are free within seconds. Nothing goes to Baked Items. The command of an oven hold is ended when
    that looks next, within a third of its lease.

    An item that waits is cancelled: it never gets slots, and is dropped when it is first in line. So is one
    that is sent later: a release of an id that was never sent uses it up for 90 days.
    """
    check_item_id(item_id)
    aws, stack = target.find()
    Oven(aws, stack).release(item_id)
    typer.echo(f"A release of {item_id} is on its way to {stack.name}.")
    if stack.is_paused:
        say("The oven is paused: the release is handled after oven resume.")


def extend(
    target: Target,
    item_id: ItemId,
    secs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="The lease ends in so many seconds.", show_default="as the item says"
        ),
    ] = None,
) -> None:
    """Extend the lease of an item that is held.

    Examples:

    - `oven extend import-4711 --stack spo`: by its own lease, from now on
    - `oven extend import-4711 --secs 900 --stack spo`: it ends in 15 minutes, unless it ends later already

    Prints until when the item is held. Exits with 1 if it is not held, or if the extension did not take
    effect within 30 s.
    """
    check_item_id(item_id)
    aws, stack = target.find()
    until = extend_lease(stack_requests(aws, stack, lease_secs=60), item_id, secs, HoldTiming())
    typer.echo(f"{item_id} is held until {moment(until, time.time())}.")
