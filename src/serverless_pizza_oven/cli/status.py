"""`oven status`: what is in an oven and before it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Protocol

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.console import console
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.cli.status_tables import status_tables, summary_line
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.operations.status import status as read_status
from serverless_pizza_oven.operations.watching import watch
from serverless_pizza_oven.text import moment, plain


class StatusView(Protocol):
    """Shows the status of an oven, or why it is unknown."""

    def show(self, seen: Status | ToolError) -> None: ...


def status(
    target: Target,
    watching: Annotated[bool, typer.Option("--watch", "-w", help="Update each second until Ctrl-C.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; with --watch, one in each line.")
    ] = False,
) -> None:
    """Show what bakes and until when, what waits, and what failed.

    Examples:

    - `oven status --stack spo`
    - `oven status --stack spo --watch`
    - `oven status --stack spo --json | jq '.items[] | select(.overdue).id'`

    The age of the oldest message in a queue is CloudWatch's, which may be some minutes behind. If slots are
    free while items wait, the first in line needs more, and no item overtakes it. Of a held item it tells
    when its lease ends unless it is extended, and how often it was. An ended lease frees its slots within
    seconds. It tells who holds the item if the item has a field `holder`: of the 10 whose leases end first,
    with --watch of 10 more every 10 seconds; `oven item` tells it of any. Failures are those of the last hour
    in the logs; `oven dlq list` shows the dead letters themselves.

    If AWS throttled the oven in the last 5 minutes, it tells which quota was used up, how many requests were
    throttled, and what to do; of the row also the share of its write units that was used in the busiest
    minute. That is CloudWatch's, too, and with --watch is read once a minute.

    With --watch it continues through an outage, and says so. Ctrl-C ends it with exit code 130.
    """
    aws, oven = target.find()
    if watching:
        _watch(aws, oven, as_json=as_json)
        return
    now = read_status(aws, oven, time.time())
    if as_json:
        typer.echo(json.dumps(now.as_json()))
    else:
        terminal = console()
        terminal.print(status_tables(now, terminal))


def _watch(aws: Aws, oven: Stack, *, as_json: bool) -> None:
    # So that the terminal is restored.
    exit_when_terminated()
    with _view(as_json=as_json) as view:
        for seen in watch(aws, oven, time.time, time.sleep):
            view.show(seen)


@contextmanager
def _view(*, as_json: bool) -> Iterator[StatusView]:
    terminal = console()
    if as_json:
        yield StatusJsonLines()
    elif terminal.is_terminal and not terminal.is_dumb_terminal:
        with Live(console=terminal, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            yield StatusFrames(live)
    else:
        yield StatusLines()


class StatusFrames:
    """Draws each status over the last. During an outage the last one stays, with the reason."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: Status | None = None

    def show(self, seen: Status | ToolError) -> None:
        if isinstance(seen, Status):
            self._last = seen
            self._live.update(status_tables(seen, self._live.console), refresh=True)
            return
        reason = Text(f"Unknown: {plain(str(seen))}. Trying again.", "bold red")
        if self._last is None:
            self._live.update(reason, refresh=True)
            return
        since = Text(f"This was at {moment(self._last.at, self._last.at)}.", "bold red")
        self._live.update(Group(reason, since, status_tables(self._last, self._live.console)), refresh=True)


class StatusLines:
    """Prints a line whenever the numbers change."""

    def __init__(self) -> None:
        self._said = ""

    def show(self, seen: Status | ToolError) -> None:
        text = summary_line(seen) if isinstance(seen, Status) else f"unknown: {plain(str(seen))}"
        if text != self._said:
            self._said = text
            typer.echo(f"{time.strftime('%H:%M:%S')}  {text}")


class StatusJsonLines:
    """Prints an object for each status, and the reasons of outages on standard error."""

    def show(self, seen: Status | ToolError) -> None:
        if isinstance(seen, Status):
            typer.echo(json.dumps(seen.as_json()))
        else:
            say(f"Unknown: {plain(str(seen))}")
