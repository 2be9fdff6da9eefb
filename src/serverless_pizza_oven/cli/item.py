"""`oven item`: where an item is."""

import json
import time
from typing import Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.options import Target, check_item_id, seconds
from serverless_pizza_oven.cli.status_tables import bakes
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_item
from serverless_pizza_oven.operations.removing import what_follows
from serverless_pizza_oven.queue_client import count_messages
from serverless_pizza_oven.text import duration, moment, plain, slots


def item(
    target: Target,
    item_id: Annotated[str, typer.Argument(metavar="ID", help="The item's id.")],
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to search the logs: 1h, 14d.")
    ] = "1d",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show where an item is: in line, baking, baked, failed or rejected.

    Examples:

    - `oven item order-17 --stack spo`
    - `oven item order-17 --stack spo --since 14d`: in the logs of two weeks
    - `oven item order-17 --stack spo --json`

    It reads the Baking Table, the executions of the last 90 days, and the functions' logs, where alone an
    item that waits in line is found. An item that is still in New Items is unknown: a queue cannot be
    searched.

    Exits with 0 if the item is known, and with 1 if it is not.
    """
    check_item_id(item_id)
    since_secs = seconds("--since", since)
    aws, oven = target.find()
    now = time.time()
    found = find_item(aws, oven, item_id, now, since_secs)
    if as_json:
        typer.echo(json.dumps(found.as_json(now)))
    elif found.stage is ItemStage.UNKNOWN:
        typer.echo(_unknown(aws, oven, item_id, since))
    else:
        typer.echo(f"{item_id} {_told(found, now, oven)}.")
    if found.stage is ItemStage.UNKNOWN:
        raise typer.Exit(1)


def _told(found: ItemReport, now: float, oven: Stack) -> str:
    since = ""
    if found.since is not None:
        since = f" at {moment(found.since, now)}, {duration(now - found.since)} ago"
    reason = f": {plain(found.reason)}" if found.reason else ""
    match found.stage:
        case ItemStage.IN_LINE:
            return f"waits in line, which it joined{since}"
        case ItemStage.BAKING if lease := found.lease:
            return f"{bakes(lease, now)}, in {slots(lease.size)}, until {moment(lease.until, now)}"
        case ItemStage.BAKING:
            return f"was loaded{since}"
        case ItemStage.BAKED:
            return f"came out of the oven{since}"
        case _:
            verb = "failed" if found.stage is ItemStage.FAILED else "was rejected"
            follows = (
                f"; {what_follows(oven)}" if found.lease else ". It became a dead letter (oven dlq list)"
            )
            return f"{verb}{since}{reason}{follows}"


def _unknown(aws: Aws, oven: Stack, item_id: str, since: str) -> str:
    count = count_messages(aws, oven.new_items)
    paused = ", and the oven is paused" if oven.is_paused else ""
    return (
        f"{item_id} is unknown: it is not in the oven, was not in 90 days, and is not in the logs of the "
        f"last {since}. If it was sent, it is in New Items, which cannot be searched (messages there: "
        f"{count}{paused}), or joined the line earlier: --since 14d."
    )
