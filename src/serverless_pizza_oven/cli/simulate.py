"""`oven simulate`: what an oven will do, before there is one."""

import json
import shlex
import sys
import textwrap
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from serverless_pizza_oven.cli.misuse import usage_errors
from serverless_pizza_oven.cli.options import say
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.deployment.names import MAX_CAPACITY
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import plot
from serverless_pizza_oven.forecast.document import document
from serverless_pizza_oven.forecast.input_file import InputFiles
from serverless_pizza_oven.forecast.options import DEFAULT_ITEMS, read_request
from serverless_pizza_oven.forecast.report import report_table
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast
from serverless_pizza_oven.forecast.run import forecast
from serverless_pizza_oven.forecast.run_cost import ASSUMED

MAX_ITEMS = 10_000_000

WIDTH = 200
"""Of what is not printed to a terminal: room for a few columns."""


class Region(StrEnum):
    """The AWS regions, by their quotas."""

    LARGE = "large"
    OTHER = "other"


class Roughness(StrEnum):
    """What goes wrong."""

    NONE = "none"
    MILD = "mild"
    ROUGH = "rough"


def simulate(
    context: typer.Context,
    items: Annotated[
        int | None,
        typer.Option(
            "--items",
            min=1,
            max=MAX_ITEMS,
            metavar="N",
            help="How many.",
            show_default=f"{DEFAULT_ITEMS}, or all of a file",
        ),
    ] = None,
    arrivals: Annotated[
        str,
        typer.Option(
            "--arrivals",
            metavar="HOW",
            help="How they come: `at-once`, `steady:RATE`, `poisson:RATE`, `daily:RATE`, a file, or `-`.",
        ),
    ] = "at-once",
    bake: Annotated[
        str, typer.Option("--bake", metavar="SECS", help="Baking times: `20`, `15-30` or `15-30:9,60:1`.")
    ] = "15-30",
    size: Annotated[
        str, typer.Option("--size", metavar="SLOTS", help="Slots of each: `1`, `1-3` or `1:8,2:1,4:1`.")
    ] = "1",
    capacity: Annotated[
        int, typer.Option("--capacity", min=1, max=MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = 14,
    max_concurrency: Annotated[
        int,
        typer.Option(
            "--max-concurrency", min=2, max=1000, metavar="N", help="The stack's `MaximumConcurrency`."
        ),
    ] = 5,
    no_pilot_light: Annotated[
        bool, typer.Option("--no-pilot-light", help="With the stack's `PilotLight` disabled.")
    ] = False,
    region: Annotated[
        Region,
        typer.Option(
            "--region-quotas",
            help="The quotas of us-east-1, us-west-2 and eu-west-1 are large; or those of any other region.",
        ),
    ] = Region.LARGE,
    quotas: Annotated[
        list[str] | None,
        typer.Option(
            "--quota", metavar="NAME=N", help="Another quota, such as `starts=600`. Repeat it for more."
        ),
    ] = None,
    faults: Annotated[
        Roughness, typer.Option("--faults", help="What goes wrong; rough is much worse than AWS ever was.")
    ] = Roughness.NONE,
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME=RATE",
            help="Another rate of a fault, such as `refused=0.02`. Repeat it for more.",
        ),
    ] = None,
    latencies: Annotated[
        str | None,
        typer.Option(
            "--latencies",
            metavar="FILE",
            help="Latencies measured by `oven check --latencies FILE`, instead of those assumed.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, metavar="N", help="Another one draws other items, times and latencies."
        ),
    ] = 0,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPTIONS", help="Set it beside another one with these options. Repeat it for more."
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw a picture of it, SVG or PNG. It needs matplotlib.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find out what an oven will do, cost and run into.

    The oven's own code runs among simulated AWS services, in virtual time. Nothing reaches AWS. The same
    options give the same outcome each time, on any machine.

    A RATE is 5/s, 300/min, 1000/h or 20000/day; `daily` is its average over days that begin at midnight, and
    are busy at noon and in the evening. SECS and SLOTS are a number, a range, or some of them with weights:
    `15-30:9,60:1` is a minute for one in ten.

    A file is CSV with a first line that names the columns, or it has a JSON object in each line; `-` is
    standard input. `time` is in seconds from whatever moment, or a date and time such as
    2026-11-23T12:00:03Z, the same in all lines, which are in its order. `id`, `bakingTimeSecs` and `size` may
    be there; what is not comes from --bake and --size. It is said which other fields there are.

    - CSV: `time,bakingTimeSecs,size`, and below it `0,20,1` and `1.5,30,2`
    - JSON: `{"time": 1.5, "id": "order-4711", "bakingTimeSecs": 30}`

    The quotas, each in a second or at once: row-writes, row-reads, line-requests, starts, starts-burst,
    describes, describes-burst, transitions, transitions-burst, concurrency.

    The faults, in parts of the requests, messages, events or whatever they are about: crash-before,
    crash-after, hang, refused, unanswered, late, repeated, late-duplicate, partial, slow, message-twice,
    out-of-order, false-empty, stale-count, stale-describe, event-lost, event-twice, task-twice, skewed-clock.

    Items wait from when they are sent until they begin to bake. The ideal is an oven in which nothing but
    baking takes time.

    Examples:

    - `oven simulate`: 100 items at once before 14 slots, as in `oven demo --stack NAME`
    - `oven simulate --items 10000 --arrivals poisson:0.5 --compare '--capacity 12'`: are 12 slots enough?
    - `oven simulate --arrivals orders.csv --size 1-3 --plot orders.svg`: the orders of a file, drawn
    - `oven simulate --faults mild --fault refused=0.05`: what AWS allows, and one request in twenty refused
    - `oven simulate --arrivals steady:20 --items 3000 --bake 60 --capacity 1500 --compare '--quota
      row-writes=2000'`: whether it is the row that holds it up
    """
    # What comes out of a pipe is copied, and the copy is to go.
    exit_when_terminated()
    asked: dict[str, Any] = {
        "items": items,
        "arrivals": arrivals,
        "bake": bake,
        "size": size,
        "capacity": capacity,
        "max_concurrency": max_concurrency,
        "no_pilot_light": no_pilot_light,
        "region": region,
        "quotas": quotas or (),
        "faults": faults,
        "rates": rates or (),
        "latencies": latencies,
        "seed": seed,
    }
    others = [asked | _given(context, options, asked) for options in compare or ()]
    if picture:
        plot.check(picture)
    titles = ["base", *(compare or ())]
    files = InputFiles(_standard_input)
    requests = [read_request(**options, files=files) for options in (asked, *others)]
    for note in dict.fromkeys(note for request in requests for note in request.workload.notes):
        say(note)
    forecasts = _run(titles, requests)
    if picture:
        plot.draw(picture, titles, forecasts)
    if as_json:
        compared = [
            {"options": title, **document(other)}
            for title, other in zip(titles[1:], forecasts[1:], strict=True)
        ]
        typer.echo(json.dumps({**document(forecasts[0]), "compared": compared}))
    else:
        _print(titles, forecasts)


def _standard_input() -> BinaryIO:
    return open(0, "rb", closefd=False)


def _given(context: typer.Context, text: str, allowed: Container[str]) -> dict[str, Any]:
    """What the text of a --compare says. Raises UsageError."""
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
    if not given or any(name not in allowed for name in given):
        raise UsageError(
            f"--compare {text}: it takes options of the oven and its items, such as --capacity 28"
        )
    return given


def _run(titles: Sequence[str], requests: Sequence[ForecastRequest]) -> list[Forecast]:
    forecasts = []
    for title, request in zip(titles, requests, strict=True):
        with _progress(title, request.workload.count) as show:
            forecasts.append(forecast(request, show))
    return forecasts


@contextmanager
def _progress(title: str, items: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, gone in the end."""
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
