"""`oven capacity`, `oven pause`, `oven resume` and `oven trigger`."""

from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target, check_item_id
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.names import MAX_CAPACITY
from serverless_pizza_oven.operations import steering
from serverless_pizza_oven.text import slots as in_words


def capacity(
    target: Target,
    slots: Annotated[
        int | None,
        typer.Argument(metavar="N", min=1, max=MAX_CAPACITY, help="The new number of slots."),
    ] = None,
) -> None:
    """Change the capacity of an oven in use, or print it.

    Examples:

    - `oven capacity --stack spo`: prints the number of slots
    - `oven capacity 20 --stack spo`

    A change takes up to a minute. After a raise, waiting items are admitted at once. After a cut, items in
    the oven bake on, and none is admitted until they fit. The template and the code do not change.
    """
    aws, oven = target.find()
    if slots is None:
        typer.echo(oven.capacity)
        return
    if slots == oven.capacity:
        say(f"The oven {oven.name} has {in_words(slots)} already: nothing to do.")
        return
    if slots < oven.capacity and read_row(aws, oven).waiting > 0:
        say(f"Items in line of more than {in_words(slots)} will become dead letters.")
    say(f"CloudFormation changes the capacity of {oven.name}, which takes up to a minute.")
    changed = steering.set_capacity(aws, oven, slots)
    typer.echo(f"The capacity of {oven.name} was {oven.capacity} and is {in_words(changed.capacity)}.")


def pause(
    target: Target,
) -> None:
    """Admit no more items. Items in the oven bake on and come out.

    Example: `oven pause --stack spo`

    Meanwhile items wait in New Items and in the line, where SQS still deletes them after
    `MessageRetentionPeriod`. Failed executions are reconciled after `oven resume`.
    """
    aws, oven = target.find()
    if oven.is_paused:
        say(f"The oven {oven.name} is paused already: nothing to do.")
        return
    say(f"CloudFormation pauses {oven.name}, which takes up to a minute.")
    steering.pause(aws, oven)
    typer.echo(f"The oven {oven.name} is paused: items in the oven come out, others wait for oven resume.")


def resume(
    target: Target,
) -> None:
    """Admit items again after oven pause, those in line first.

    Example: `oven resume --stack spo`
    """
    aws, oven = target.find()
    if not oven.is_paused:
        say(f"The oven {oven.name} is open already: nothing to do.")
        return
    say(f"CloudFormation opens {oven.name}, which takes up to a minute.")
    steering.resume(aws, oven)
    typer.echo(f"The oven {oven.name} is open.")


def trigger(
    target: Target,
    item: Annotated[
        str | None, typer.Option(metavar="ID", help="Reconcile this item in the oven as well.")
    ] = None,
) -> None:
    """Make Bake Items look at the line and at overdue items now.

    Examples:

    - `oven trigger --stack spo`
    - `oven trigger --stack spo --item order-17`: reconcile this item in the oven as well

    The oven does so every minute by itself.
    """
    if item is not None:
        check_item_id(item)
    aws, oven = target.find()
    steering.trigger(aws, oven, item)
    typer.echo(f"A trigger{f' for {item}' if item else ''} is on its way to {oven.name}.")
    if oven.is_paused:
        say("The oven is paused: the trigger is handled after oven resume.")
