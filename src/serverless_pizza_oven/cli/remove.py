"""`oven remove`: an item comes out before its time."""

import time
from typing import Annotated

import typer

from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, StackName, check_item_id, oven_of
from serverless_pizza_oven.operations.removing import remove as remove_item


def remove(
    item_id: Annotated[str, typer.Argument(metavar="ID", help="The item that bakes.")],
    wait: Annotated[
        int, typer.Option(min=1, metavar="SECS", help="How long to wait for its slots to be free.")
    ] = 120,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Take an item out of the oven: it stops baking, its slots are free, and it becomes a dead letter.

    An item that waits in line cannot be taken out: a queue gives out only its head. Remove it once it bakes.
    One that is just coming out by itself may be in Baked Items as well.

    Example: `oven remove order-17 --stack spo`
    """
    check_item_id(item_id)
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    remove_item(aws, oven, item_id, wait, time.time, time.sleep)
    typer.echo(
        f"{item_id} is out of the oven, and a dead letter: oven redrive {item_id} bakes it, under a new id"
    )
