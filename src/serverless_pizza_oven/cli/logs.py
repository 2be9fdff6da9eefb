"""`oven logs`: what the functions decided."""

import json
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target, check_item_id, seconds
from serverless_pizza_oven.operations.decision_log import LogEntry, read_entries
from serverless_pizza_oven.operations.decision_log import follow_entries as follow_lines


def logs(
    target: Target,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines until Ctrl-C.")] = False,
    item: Annotated[str | None, typer.Option(metavar="ID", help="Show this item only.")] = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="How far back: 90s, 15m, 1h, 2d.")] = "1h",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object in each line.")] = False,
) -> None:
    """Show the logs of both functions, or of one item.

    Examples:

    - `oven logs --stack spo --follow`
    - `oven logs --stack spo --item order-4711 --since 2d`
    - `oven logs --stack spo --json | jq 'select(.decision == "rejected")'`

    Each line has the time, the function, its decision, the item, and the rest of the log entry. Of items that
    are held, the decisions are extended, released, expired (its lease ended), cancelled (it never gets slots)
    and ignored (an extension of an item that is not held, or not any more). A line is
    there some seconds after the decision. Bodies of items are not logged.
    """
    secs = seconds("--since", since)
    if item is not None:
        check_item_id(item)
    aws, oven = target.find()
    begin = time.time() - secs
    shown = _as_json if as_json else _as_text
    if follow:
        _print(follow_lines(aws, oven, begin, time.time, time.sleep, item_id=item), shown)
    elif not _print(read_entries(aws, oven, begin, item_id=item), shown):
        say(f"Nothing{f' about {item}' if item else ''} in the last {since}: a longer --since may show more.")


def _print(entries: Iterable[LogEntry], shown: Callable[[LogEntry], str]) -> int:
    """Print each entry. Returns how many there were."""
    count = 0
    for line in entries:
        typer.echo(shown(line))
        count += 1
    return count


def _as_json(line: LogEntry) -> str:
    return json.dumps(line.as_json())


def _as_text(line: LogEntry) -> str:
    at = datetime.fromtimestamp(line.at).astimezone()
    when = f"{at:%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
    facts = "  ".join(f"{name}={json.dumps(value)}" for name, value in line.facts.items())
    return f"{when}  {line.function:<11}  {line.decision:<9}  {line.item_id or '-'}  {facts}".rstrip()
