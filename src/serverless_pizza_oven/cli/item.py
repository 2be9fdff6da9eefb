"""`oven item`: where an item is."""

import json
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.item_progress import told, wait_until
from serverless_pizza_oven.cli.options import Target, check_item_id, seconds
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.item_lookup import ItemStage, dropped_copies, find_item
from serverless_pizza_oven.operations.status import too_few_slots
from serverless_pizza_oven.queue_client import count_messages
from serverless_pizza_oven.text import duration, moment, slots


def item(
    target: Target,
    item_id: Annotated[str, typer.Argument(metavar="ID", help="The item's id.")],
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to search the logs: 1h, 14d.")
    ] = "1d",
    wait: Annotated[
        Sign | None,
        typer.Option(help="Wait until it has its slots (held), or until it came out of the oven (out)."),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long to wait at most: 90s, 15m.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show where an item is: in line, baking or held, and how it ended.

    Examples:

    - `oven item order-17 --stack spo`
    - `oven item order-17 --stack spo --wait held && ./deploy.sh`: begin once it has its slots
    - `oven item order-17 --stack spo --wait out --timeout 15m`
    - `oven item order-17 --stack spo --since 14d`: in the logs of two weeks
    - `oven item order-17 --stack spo --json`

    It reads the Baking Table, the executions of the last 90 days, and the functions' logs, where alone an
    item that waits in line is found. An item that is still in New Items is unknown: a queue cannot be
    searched. Copies that were dropped, since an id bakes once in 90 days, are told as far as the logs are
    searched. Of an item that is held it tells the holder, if the item has a field `holder`, until when the
    slots are held, and how often the lease was extended.

    Exits with 0 if the item is known, and with 1 if it is not. With --wait it exits with 1 if the item is
    rejected, fails, or does not get so far in time, and with --wait held also if it is out already.
    """
    check_item_id(item_id)
    since_secs = seconds("--since", since)
    if timeout is not None and wait is None:
        raise UsageError("missing --wait held or --wait out: --timeout is for it")
    timeout_secs = None if timeout is None else seconds("--timeout", timeout)
    aws, oven = target.find()
    if wait is None:
        found = find_item(aws, oven, item_id, time.time(), since_secs)
        dropped = dropped_copies(aws, oven, item_id, time.time(), since_secs)
    else:
        found = wait_until(aws, oven, item_id, wait, timeout_secs, since_secs)
        dropped = []
    now = time.time()
    if as_json:
        typer.echo(json.dumps(found.as_json(now) | {"droppedCopies": len(dropped)}))
    elif found.stage is ItemStage.UNKNOWN:
        typer.echo(_unknown(aws, oven, item_id, since))
    else:
        typer.echo(f"{item_id} {told(found, now, oven)}.")
        if found.stage is ItemStage.IN_LINE and (free := too_few_slots(read_row(aws, oven), oven)):
            typer.echo(f"Free: {slots(free)}. The first in line needs more, and no item overtakes it.")
        if found.wait_at_most_secs is not None:
            typer.echo(f"It may wait for slots for {duration(found.wait_at_most_secs)} at most.")
        if dropped:
            typer.echo(_dropped(dropped, now))
    if found.stage is ItemStage.UNKNOWN:
        raise typer.Exit(1)


def _dropped(dropped: Sequence[float], now: float) -> str:
    copies = "1 copy was" if len(dropped) == 1 else f"{len(dropped)} copies were"
    return f"{copies} dropped, the last at {moment(dropped[-1], now)}: an id bakes once in 90 days."


def _unknown(aws: Aws, oven: Stack, item_id: str, since: str) -> str:
    count = count_messages(aws, oven.new_items)
    paused = ", and the oven is paused" if oven.is_paused else ""
    return (
        f"{item_id} is unknown: it is not in the oven, was not in 90 days, and is not in the logs of the "
        f"last {since}. If it was sent, it is in New Items, which cannot be searched (messages there: "
        f"{count}{paused}), or joined the line earlier: --since 14d."
    )
