"""`oven demo`: pizzas go through an oven, and you watch."""

import contextlib
import functools
import json
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Protocol

import typer
from rich.console import Console

from serverless_pizza_oven.aws import local
from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, StackName, connect, say
from serverless_pizza_oven.cli.signals import INTERRUPTED, TERMINATED, exit_when_terminated
from serverless_pizza_oven.cli.view import WithView, shown
from serverless_pizza_oven.demo.choice import (
    Choice,
    Deployed,
    Embedded,
    Queues,
    baking_times,
    check_count,
    choose,
)
from serverless_pizza_oven.demo.drawing import Drawing
from serverless_pizza_oven.demo.lines import Lines, describe
from serverless_pizza_oven.demo.menu import new_token, order
from serverless_pizza_oven.demo.oven import Oven, oven_of_queues, oven_of_stack
from serverless_pizza_oven.demo.run import Progress, Run
from serverless_pizza_oven.demo.summary import summarize
from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.deployment.stack import find_stack
from serverless_pizza_oven.errors import KitchenError, UsageError
from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import running_oven
from serverless_pizza_oven.text import counted


class DemoError(KitchenError):
    """Not every pizza came out exactly once."""


class View(Protocol):
    """Shows how a run gets on."""

    def show(self, progress: Progress) -> None: ...


def demo(
    n: Annotated[int, typer.Option("--n", metavar="N", help="How many pizzas.")] = 100,
    bake: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="Baking times, in whole seconds, such as 15-30 or 20.",
            show_default="15-30 on AWS, 2-5 on this machine",
        ),
    ] = None,
    capacity: Annotated[
        int | None,
        typer.Option(metavar="N", help="The slots of an oven on this machine.", show_default="14"),
    ] = None,
    stack: StackName = None,
    new_items: Annotated[
        str | None, typer.Option("--in", metavar="URL", help="The New Items queue, instead of a stack.")
    ] = None,
    waiting_items: Annotated[
        str | None, typer.Option("--waiting", metavar="URL", help="The Waiting Items queue.")
    ] = None,
    baked_items: Annotated[
        str | None, typer.Option("--out", metavar="URL", help="The Baked Items queue.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The Baking Table: with it, what bakes is seen, not inferred."),
    ] = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same pizzas and baking times each time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
    with_view: WithView = False,
) -> None:
    """Send pizzas through an oven and watch them bake.

    On its own it makes an oven on this machine, without an account, and removes it afterwards.
    It never touches AWS unless you name a stack or queues there.

    Examples:

    - `oven demo`: 100 pizzas, an oven of 14 slots, half a minute
    - `oven demo --n 500 --bake 1-3 --capacity 50`: a larger oven
    - `oven demo --view`: in a browser as well
    - `oven demo --stack spo --region eu-west-1`: the oven of a stack on AWS
    - `oven demo --in URL --waiting URL --out URL`: any oven of which you know the queues
    - `oven demo --endpoint-url http://127.0.0.1:4566`: the one of `oven local`

    Exits with 0 if every pizza came out exactly once.
    """
    check_count(n)
    chosen = choose(
        stack=stack,
        new_items=new_items,
        waiting_items=waiting_items,
        baked_items=baked_items,
        table=table,
        endpoint_url=endpoint_url,
        profile=profile,
        region=region,
        capacity=capacity,
    )
    if with_view and isinstance(chosen, Queues):
        raise UsageError("--view shows the oven of a stack: name it with --stack instead of its queues")
    times = baking_times(bake, on_aws=_is_on_aws(chosen, endpoint_url))
    token = new_token(random.SystemRandom())
    tally = Tally(order(n, times, token, random.Random(seed)))  # noqa: S311 - a menu is no secret
    exit_when_terminated()

    with _opened(chosen, endpoint_url, profile, region, with_view) as oven:
        slots = f", {counted(oven.capacity, 'slot')}" if oven.capacity else ""
        say(f"{counted(n, 'pizza')} of {times}{slots}.")
        with _noted_signals() as signals:
            last = _watch(Run(oven, tally, time.time, time.sleep), signals)
        # Now, since an oven on this machine takes a while to stop.
        summary = summarize(tally, oven.capacity)
        reason = f"Interrupted: {describe(last)}" if signals else summary.reason
        if as_json:
            outcome = {"ok": reason is None, "reason": reason, "run": token, **summary.as_json()}
            typer.echo(json.dumps(outcome))
        elif not signals:
            typer.echo(summary.as_text())
        if signals:
            say(f"{reason}.{_what_becomes_of_them(chosen)}")
        sys.stdout.flush()
    if signals:
        raise typer.Exit(TERMINATED if signal.SIGTERM in signals else INTERRUPTED)
    if reason:
        raise DemoError(reason)


def _watch(run: Run, signals: Sequence[int]) -> Progress:
    """Show the run until it ends, or a signal came. Returns the last progress."""
    with contextlib.closing(iter(run)) as steps, _view() as view:
        for progress in steps:
            view.show(progress)
            if signals:
                break
    return progress


@contextlib.contextmanager
def _noted_signals() -> Iterator[Sequence[int]]:
    """Note the first SIGINT and SIGTERM, rather than be torn out of a request.

    Messages that a torn request brings to nobody would stay hidden from their owners.
    """
    noted: list[int] = []

    def note(number: int, _: object) -> None:
        noted.append(number)
        signal.signal(number, before[number])

    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _view() -> Iterator[View]:
    console = Console(stderr=True, highlight=False)
    if sys.stderr.isatty() and not console.is_dumb_terminal:
        with Drawing(console, time.monotonic) as drawing:
            yield drawing
    else:
        with Lines(say) as lines:
            yield lines


@contextlib.contextmanager
def _opened(
    chosen: Choice, endpoint_url: str | None, profile: str | None, region: str | None, with_view: bool
) -> Iterator[Oven]:
    match chosen:
        case Embedded(capacity):
            say("Heating an oven on this machine.")
            with (
                running_oven(free_port(), capacity=capacity) as own,
                shown(lambda: local(own.endpoint_url), own.stack, wanted=with_view),
            ):
                yield oven_of_stack(own.aws, own.stack)
        case Deployed(name):
            connected = functools.partial(connect, endpoint_url, profile, region)
            aws = connected()
            stack = find_stack(aws, name)
            with shown(connected, stack, wanted=with_view):
                yield oven_of_stack(aws, stack)
        case Queues():
            aws = connect(endpoint_url or chosen.endpoint_url, profile, region or chosen.region)
            yield oven_of_queues(aws, chosen)


def _is_on_aws(chosen: Choice, endpoint_url: str | None) -> bool:
    match chosen:
        case Embedded():
            return False
        case Deployed():
            return endpoint_url is None
        case Queues():
            return (endpoint_url or chosen.endpoint_url) is None


def _what_becomes_of_them(chosen: Choice) -> str:
    if isinstance(chosen, Embedded):
        return " They are gone with the oven."
    return " The oven goes on: what is in it and before it will come out in Baked Items."
