"""`oven redrive`: dead letters go back."""

from contextlib import closing
from typing import Annotated

import typer

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.cli.dlq import say_hidden
from serverless_pizza_oven.cli.fields import read_fields
from serverless_pizza_oven.cli.options import (
    EndpointUrl,
    Profile,
    Region,
    StackName,
    check_item_id,
    oven_of,
    say_if_paused,
)
from serverless_pizza_oven.cli.output import tell_lines
from serverless_pizza_oven.errors import KitchenError, UsageError
from serverless_pizza_oven.operations.redriving import SEND_ANEW, Redriver, RedriveRequest, RedriveResult
from serverless_pizza_oven.queue_client import Queue


class StaysError(KitchenError):
    """Not all dead letters could be sent back."""


def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Which: ids of items, or of messages.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Mend a field: JSON, or else text. As often as need be."
        ),
    ] = None,
    new_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The id under which one letter goes back.")
    ] = None,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Send dead letters back to New Items: all that can be baked, or those named. Prints what became of each.

    An item keeps its id, unless that is used up because its baking failed: then it goes back as
    `<id>.redrive-1`. What cannot be baked stays, and is told with the reason. A letter is deleted after its
    item is safe in New Items; wherever this dies, run it again: nothing is lost, and nothing bakes twice.

    Examples:

    - `oven redrive --stack spo --all`
    - `oven redrive --stack spo order-17 --set size=2`: was larger than the oven
    - `oven redrive --stack spo 8f14e45f-ceea-467f-a8b6-6a4a5c0f2f0e --new-id order-18`: had no id

    Exits with 1 if any of them stays.
    """
    if bool(ids) == everything:
        raise UsageError("which? Name the ids of dead letters, or say --all: oven dlq lists them")
    fields = read_fields("--set", change or [])
    if "id" in fields:
        raise UsageError("--set id=... has an option of its own: --new-id")
    if new_id is not None:
        check_item_id(new_id)
    wish = RedriveRequest(set(ids) if ids else None, fields, new_id or "")
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    dead_letters, new_items = Queue(aws, oven.dead_letters), Queue(aws, oven.new_items)
    item_states = StepFunctionsItemStates(aws.stepfunctions, oven.outputs["ItemStatesArn"])
    expected = dead_letters.depth()
    office = Redriver(dead_letters, new_items, item_states, oven.capacity, new_items.max_receives())
    outcomes: list[RedriveResult] = []
    with closing(office.redrive(wish)) as results:
        for outcome in results:
            outcomes.append(outcome)
            tell_lines([_described(outcome)])
    if everything:
        say_hidden(expected, len(outcomes))
    if any(outcome.sent_as for outcome in outcomes):
        say_if_paused(oven)
    if stay := [outcome.letter for outcome in outcomes if outcome.stays]:
        mendable = any(letter.is_object for letter in stay)
        mend = "mend them (--set, --new-id); where that cannot, " if mendable else ""
        raise StaysError(f"{len(stay)} of {len(outcomes)} dead letters stay: {mend}{SEND_ANEW}")


def _described(outcome: RedriveResult) -> str:
    item_id = outcome.letter.id
    if outcome.stays:
        return f"stays  {item_id}: {outcome.stays}"
    if outcome.done:
        return f"gone   {item_id}: {outcome.done}"
    return f"sent   {item_id}" if outcome.sent_as == item_id else f"sent   {item_id} as {outcome.sent_as}"
