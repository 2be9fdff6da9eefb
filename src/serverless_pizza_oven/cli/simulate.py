"""`oven simulate`: a forecast of an oven."""

import json
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.cli.usage import usage_errors
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import plot
from serverless_pizza_oven.forecast.document import document
from serverless_pizza_oven.forecast.holders import LOOK_SECS
from serverless_pizza_oven.forecast.input_file import InputFiles
from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.report import notes_on_limits, report_table
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast
from serverless_pizza_oven.forecast.run import forecast
from serverless_pizza_oven.forecast.run_cost import ASSUMED
from serverless_pizza_oven.forecast.seeds import MAX_SEEDS, SeedSpread, spread

IDEAL = (
    "The ideal is an oven of as many slots where only baking takes time. Items wait there only because too "
    "few slots are free. The rest of the waiting is the time that it takes to move items."
)

HOLDERS = (
    f"A holder reads the row every {LOOK_SECS:g} s until it has its slots, extends its lease at each third, "
    "reads the row until that took effect, and releases its slots when its work is over. It sends its "
    "messages one by one. If it dies, its slots are free when its lease ends. A longer lease takes fewer "
    "extensions and rounds, and keeps the slots of a dead holder for longer."
)

WIDTH = 200
"""The width where there is no terminal: room for a few columns."""


def simulate(
    context: typer.Context,
    options: ForecastOptions,
    compare: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTIONS", help="Compare with a simulation of these options. Repeatable."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, max=MAX_SEEDS, metavar="N", help="Run it with so many seeds, and show the spread."
        ),
    ] = 1,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw a picture, SVG or PNG. Needs the extra `plot`.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Estimate waiting time, cost and limits before you deploy.

    Examples:

    - `oven simulate`: 100 items at once before 14 slots, as in `oven demo --stack NAME`
    - `oven simulate --items 10000 --arrivals poisson:0.5 --compare '--capacity 12'`: are 12 slots enough?
    - `oven simulate --arrivals orders.csv --size 1-3 --plot orders.svg`: the orders of a file, and a picture
    - `oven simulate --arrivals hours:mon-fri@9-17=100/h --bake 5m-40m --seeds 5`: office hours, with spread
    - `oven simulate --hold --bake 1m-2h --arrivals steady:10/h --compare '--lease 30m'`: held slots, and what
      a longer lease changes
    - `oven simulate --arrivals cluster.swf --capacity 430`: a log of a cluster
    - `oven simulate --faults mild --fault refused=0.05`: what AWS allows, and one request in twenty refused
    - `oven simulate --arrivals steady:20 --items 3000 --bake 60 --capacity 1500 --compare '--quota
      row-writes=2000'`: is the row the bottleneck?

    The oven's own code runs on simulated AWS services, in virtual time. Nothing is asked of AWS. The same
    options give the same result each time, on any machine.

    RATE is 5/s, 300/min, 1000/h or 20000/day. For `daily` it is the average of days that begin at midnight,
    and are busy at noon and in the evening. PROFILE is `9-17=100/h,17-22=40/h`, or with days, of weeks that
    begin on Monday, `mon-fri@9-17=100/h,sat@10-14=40/h`. Without --items, `daily` and `hours` have whole days
    or weeks, and `poisson` as many items as it takes to settle.

    SECS and SLOTS are a number, a range, or several with weights: `15-30:9,60:1` is a minute for one in ten.
    SECS may have units: `90s`, `5m-40m`, `1-2h`.

    A file is CSV, whose first line names the columns, or has a JSON object in each line; `-` is standard
    input. `time` is in seconds from any origin, or a date and time such as 2026-11-23T12:00:03Z, the same in
    all lines, and the lines are in its order. `id`, `bakingTimeSecs` and `size` are optional: --bake and
    --size stand in for them. Other fields are named and ignored.

    - CSV: `time,bakingTimeSecs,size`, and below it `0,20,1` and `1.5,30,2`
    - JSON: `{"time": 1.5, "id": "order-4711", "bakingTimeSecs": 30}`
    - other names: `--columns time=submit,size=procs`; `start` and `end` stand for the baking time
    - the Standard Workload Format of cluster logs: submit time, run time and processors

    With --hold each item is held, as by `Oven.hold`: --bake is how long its holder works, which the oven does
    not know. For an oven with work (`WorkArn`), --bake is how long that runs, and there is no option.

    The quotas, each per second or as a burst: row-writes, row-reads, line-requests, starts, starts-burst,
    describes, describes-burst, transitions, transitions-burst, concurrency. `--quota new-account` sets those
    of an account that AWS has not raised yet.

    The faults, each as a share of the requests, messages, events or whatever they are about: crash-before,
    crash-after, hang, refused, unanswered, late, repeated, late-duplicate, partial, slow, message-twice,
    out-of-order, false-empty, stale-count, stale-describe, event-lost, event-twice, task-twice, skewed-clock.

    Items wait from when they are sent until they begin to bake. The ideal is an oven in which only baking
    takes time. A month like this costs as much as 30 days of such items, without the idle cost (`oven cost`).
    """
    # So that the copy of a pipe is removed.
    exit_when_terminated()
    compared = [_with(options, context, text) for text in compare or ()]
    if picture:
        plot.check(picture)
    titles = ["base", *(compare or ())]
    files = InputFiles(_standard_input)
    requests = [read_request(each, files) for each in (options, *compared)]
    for note in dict.fromkeys(note for request in requests for note in request.workload.notes):
        say(note)
    forecasts = _run(titles, requests)
    for note in dict.fromkeys(note for each in forecasts for note in notes_on_limits(each)):
        say(note)
    spreads = _spreads(titles, forecasts, seeds) if seeds > 1 else []
    if picture:
        plot.draw(picture, titles, forecasts)
    if as_json:
        typer.echo(json.dumps(_as_json(titles, forecasts, spreads)))
    else:
        _print(titles, forecasts, spreads)


def _as_json(
    titles: Sequence[str], forecasts: Sequence[Forecast], spreads: Sequence[SeedSpread]
) -> dict[str, Any]:
    told = [document(each) for each in forecasts]
    for each, spread_of in zip(told, spreads, strict=False):
        each["seeds"] = spread_of.as_json()
    others = [{"options": title, **other} for title, other in zip(titles[1:], told[1:], strict=True)]
    return {**told[0], "compared": others}


def _standard_input() -> BinaryIO:
    return open(0, "rb", closefd=False)


def _with(options: ForecastOptions, context: typer.Context, text: str) -> ForecastOptions:
    """The options with those of a --compare in their place. Raises UsageError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--compare {text}: {error}") from None
    with usage_errors(context.command_path, within=f"--compare {text}: "):
        other = context.command.make_context(context.info_name, words, parent=context.parent)
    given = {
        name: value
        for name, value in other.params.items()
        if (source := other.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }
    if not given or not given.keys() <= {field.name for field in fields(ForecastOptions)}:
        raise UsageError(
            f"--compare {text}: it takes options of the oven and its items, such as --capacity 28"
        )
    return replace(options, **given)


def _run(titles: Sequence[str], requests: Sequence[ForecastRequest]) -> list[Forecast]:
    forecasts = []
    for title, request in zip(titles, requests, strict=True):
        with _progress(title, request.workload.count) as show:
            forecasts.append(forecast(request, show))
    return forecasts


def _spreads(titles: Sequence[str], forecasts: Sequence[Forecast], seeds: int) -> list[SeedSpread]:
    spreads = []
    for title, first in zip(titles, forecasts, strict=True):
        with _progress(f"{title}, other seeds", first.request.workload.count) as show:
            spreads.append(spread(first, seeds, show))
    return spreads


@contextmanager
def _progress(title: str, items: int) -> Iterator[Callable[[int], object]]:
    """Show a bar on a terminal until the block ends."""
    columns = (TextColumn(title, markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    shown = sys.stderr.isatty() and not console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(title, total=items)
        yield lambda out: progress.update(task, completed=out)


def _print(titles: Sequence[str], forecasts: Sequence[Forecast], spreads: Sequence[SeedSpread]) -> None:
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(report_table(titles, forecasts, spreads))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    held = f" {HOLDERS}" if any(each.usage.holds for each in forecasts) else ""
    typer.echo("\n".join([*lines, *textwrap.wrap(f"{IDEAL}{held} {ASSUMED}", min(console.width, 100))]))
