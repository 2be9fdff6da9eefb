"""`oven dlq redrive`: sends dead letters back to New Items."""

from contextlib import closing
from typing import Annotated

import typer

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.cli.assignments import read_fields
from serverless_pizza_oven.cli.dlq_list import say_hidden
from serverless_pizza_oven.cli.messages import say_if_paused
from serverless_pizza_oven.cli.options import Target, check_ids_or_all, check_item_id
from serverless_pizza_oven.cli.output import report_lines
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.operations.redriving import SEND_ANEW, Redriver, RedriveRequest, RedriveResult
from serverless_pizza_oven.queue_client import Queue


class NotRedrivenError(ToolError):
    """Not all dead letters could be sent back."""


def redrive(
    target: Target,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Ids of items, or of messages.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Correct a field: JSON, or else text. Repeatable."),
    ] = None,
    new_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Another id for the item. With one dead letter only.")
    ] = None,
) -> None:
    """Send dead letters back to New Items.

    Examples:

    - `oven dlq redrive --stack spo --all`
    - `oven dlq redrive --stack spo order-17 --set size=2`: was larger than the oven
    - `oven dlq redrive --stack spo 8f14e45f-ceea-467f-a8b6-6a4a5c0f2f0e --new-id order-18`: had no id

    Prints what became of each. An item keeps its id, unless that is used up by a failed execution: then it
    goes back as `ID.redrive-1`. An item that cannot be baked stays, and the reason is shown. A dead letter is
    deleted after its item is in New Items. If the command is killed, run it again: nothing is lost, and
    nothing bakes twice.

    Exits with 1 if any stays.
    """
    check_ids_or_all(ids, everything=everything)
    fields = read_fields("--set", change or [])
    if "id" in fields:
        raise UsageError("--set id=... has an option of its own: --new-id")
    if new_id is not None:
        check_item_id(new_id)
    request = RedriveRequest(set(ids) if ids else None, fields, new_id or "")
    aws, oven = target.find()
    dead_letters, new_items = Queue(aws, oven.dead_letters), Queue(aws, oven.new_items)
    item_states = StepFunctionsItemStates(aws.stepfunctions, oven.outputs["ItemStatesArn"])
    expected = dead_letters.depth()
    redriver = Redriver(dead_letters, new_items, item_states, oven.capacity, new_items.max_receives())
    results: list[RedriveResult] = []
    with closing(redriver.redrive(request)) as redriven:
        for result in redriven:
            results.append(result)
            report_lines([_described(result)])
    if everything:
        say_hidden(expected, len(results))
    if any(result.sent_as for result in results):
        say_if_paused(oven)
    if stay := [result.letter for result in results if result.stays]:
        correctable = any(letter.is_object for letter in stay)
        correct = "correct them (--set, --new-id); where that is not possible, " if correctable else ""
        raise NotRedrivenError(f"{len(stay)} of {len(results)} dead letters stay: {correct}{SEND_ANEW}")


def _described(result: RedriveResult) -> str:
    item_id = result.letter.id
    if result.stays:
        return f"stays  {item_id}: {result.stays}"
    if result.done:
        return f"gone   {item_id}: {result.done}"
    return f"sent   {item_id}" if result.sent_as == item_id else f"sent   {item_id} as {result.sent_as}"
