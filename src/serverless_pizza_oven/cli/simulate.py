"""`oven simulate`: a forecast of an oven."""

import json
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.cli.usage import usage_errors
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import plot
from serverless_pizza_oven.forecast.document import document
from serverless_pizza_oven.forecast.input_file import InputFiles
from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.report import report_table
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast
from serverless_pizza_oven.forecast.run import forecast
from serverless_pizza_oven.forecast.run_cost import ASSUMED

WIDTH = 200
"""The width where there is no terminal: room for a few columns."""


def simulate(
    context: typer.Context,
    options: ForecastOptions,
    compare: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTIONS", help="Compare with a simulation of these options. Repeatable."),
    ] = None,
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
    - `oven simulate --faults mild --fault refused=0.05`: what AWS allows, and one request in twenty refused
    - `oven simulate --arrivals steady:20 --items 3000 --bake 60 --capacity 1500 --compare '--quota
      row-writes=2000'`: is the row the bottleneck?

    The oven's own code runs on simulated AWS services, in virtual time. Nothing is asked of AWS. The same
    options give the same result each time, on any machine.

    RATE is 5/s, 300/min, 1000/h or 20000/day. For `daily` it is the average of days that begin at midnight,
    and are busy at noon and in the evening. SECS and SLOTS are a number, a range, or several with weights:
    `15-30:9,60:1` is a minute for one in ten.

    A file is CSV, whose first line names the columns, or has a JSON object in each line; `-` is standard
    input. `time` is in seconds from any origin, or a date and time such as 2026-11-23T12:00:03Z, the same in
    all lines, and the lines are in its order. `id`, `bakingTimeSecs` and `size` are optional: --bake and
    --size stand in for them. Other fields are named and ignored.

    - CSV: `time,bakingTimeSecs,size`, and below it `0,20,1` and `1.5,30,2`
    - JSON: `{"time": 1.5, "id": "order-4711", "bakingTimeSecs": 30}`

    The quotas, each per second or as a burst: row-writes, row-reads, line-requests, starts, starts-burst,
    describes, describes-burst, transitions, transitions-burst, concurrency. `--quota new-account` sets those
    of an account that AWS has not raised yet.

    The faults, each as a share of the requests, messages, events or whatever they are about: crash-before,
    crash-after, hang, refused, unanswered, late, repeated, late-duplicate, partial, slow, message-twice,
    out-of-order, false-empty, stale-count, stale-describe, event-lost, event-twice, task-twice, skewed-clock.

    Items wait from when they are sent until they begin to bake. The ideal is an oven in which only baking
    takes time.
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
    if picture:
        plot.draw(picture, titles, forecasts)
    if as_json:
        others = [
            {"options": title, **document(other)}
            for title, other in zip(titles[1:], forecasts[1:], strict=True)
        ]
        typer.echo(json.dumps({**document(forecasts[0]), "compared": others}))
    else:
        _print(titles, forecasts)


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


@contextmanager
def _progress(title: str, items: int) -> Iterator[Callable[[int], object]]:
    """Show a bar on a terminal until the block ends."""
    columns = (TextColumn(title, markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    shown = sys.stderr.isatty() and not console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(title, total=items)
        yield lambda out: progress.update(task, completed=out)


def _print(titles: Sequence[str], forecasts: Sequence[Forecast]) -> None:
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(report_table(titles, forecasts))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    typer.echo("\n".join([*lines, *textwrap.wrap(ASSUMED, min(console.width, 100))]))
