"""`oven remove`: takes an item out of the oven."""

import time
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target, check_item_id
from serverless_pizza_oven.operations.removing import Removal, what_follows
from serverless_pizza_oven.operations.removing import remove as remove_item


def remove(
    target: Target,
    item_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the item.")],
    wait: Annotated[
        int, typer.Option(min=1, metavar="SECS", help="How long to wait until its slots are free.")
    ] = 120,
) -> None:
    """Take an item out of the oven or out of the line.

    Example: `oven remove order-17 --stack spo`

    An item that bakes or is held stops, its slots are freed, and it becomes a dead letter. An item that is
    coming out at that moment may be in Baked Items as well.

    An item that waits in line is cancelled: it never gets slots, and becomes a dead letter when it is the
    first in line. An item that waits in New Items is cancelled by oven release.
    """
    check_item_id(item_id)
    aws, oven = target.find()
    removal = remove_item(
        aws,
        oven,
        item_id,
        wait,
        time.time,
        time.sleep,
        on_stopped=lambda: say(f"{item_id} does not bake any more. Waiting until its slots are free."),
    )
    if removal is Removal.STOPPED:
        typer.echo(f"{item_id} does not bake any more; {what_follows(oven)}.")
        return
    if removal is Removal.CANCELLED:
        typer.echo(f"{item_id} is cancelled. It becomes a dead letter when it is the first in line.")
        return
    typer.echo(
        f"{item_id} is out of the oven, and a dead letter: oven dlq redrive {item_id} bakes it under a new id"
    )
