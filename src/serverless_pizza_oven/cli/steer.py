"""`oven capacity`, `oven pause`, `oven resume` and `oven trigger`."""

from typing import Annotated

import typer

from serverless_pizza_oven.cli.options import (
    EndpointUrl,
    Profile,
    Region,
    StackName,
    check_item_id,
    oven_of,
    say,
)
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.names import MAX_CAPACITY
from serverless_pizza_oven.operations import steering
from serverless_pizza_oven.text import slots as in_words


def capacity(
    slots: Annotated[
        int | None,
        typer.Argument(metavar="N", min=1, max=MAX_CAPACITY, help="How many slots it is to have."),
    ] = None,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Change how many slots the oven has, while it works; without a number, tell it.

    It takes effect within a minute. A raised capacity lets in who waits at once. A lowered one throws nothing
    out: nobody is let in until what bakes is within it. The template and the code stay as they are.
    """
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    if slots is None:
        typer.echo(oven.capacity)
        return
    if slots == oven.capacity:
        say(f"The oven {oven.name} has {in_words(slots)} already: nothing to do.")
        return
    if slots < oven.capacity and read_row(aws, oven).waiting > 0:
        say(f"An item in line that is larger than {slots} becomes a dead letter when its turn comes.")
    say(f"CloudFormation changes the capacity of {oven.name}, which takes up to a minute.")
    changed = steering.set_capacity(aws, oven, slots)
    typer.echo(f"The capacity of {oven.name} was {oven.capacity} and is {in_words(changed.capacity)}.")


def pause(
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Let nobody into the oven any more. What bakes goes on, and comes out.

    Items wait in New Items and in the line meanwhile, and the time that SQS keeps them goes on. So do
    failures: what became of an execution that failed is looked into after oven resume.
    """
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    if oven.is_paused:
        say(f"The oven {oven.name} is paused already: nothing to do.")
        return
    say(f"CloudFormation pauses {oven.name}, which takes up to a minute.")
    steering.pause(aws, oven)
    typer.echo(f"The oven {oven.name} is paused: what bakes comes out, and all else waits for oven resume.")


def resume(
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Let items in again after oven pause, those in line first."""
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    if not oven.is_paused:
        say(f"The oven {oven.name} is open already: nothing to do.")
        return
    say(f"CloudFormation opens {oven.name}, which takes up to a minute.")
    steering.resume(aws, oven)
    typer.echo(f"The oven {oven.name} is open.")


def trigger(
    item: Annotated[
        str | None, typer.Option(metavar="ID", help="Look into this item in the oven as well.")
    ] = None,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Have the oven look at its line, and at what is overdue, now. It does so by itself each minute."""
    if item is not None:
        check_item_id(item)
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    steering.trigger(aws, oven, item)
    typer.echo(f"A trigger{f' for {item}' if item else ''} is on its way to {oven.name}.")
    if oven.is_paused:
        say("The oven is paused: it looks after oven resume.")
