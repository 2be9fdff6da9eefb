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

from serverless_pizza_oven.cli import demo_hold
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target, connect
from serverless_pizza_oven.cli.signals import INTERRUPTED, TERMINATED, exit_when_terminated
from serverless_pizza_oven.cli.view import WithView, shown
from serverless_pizza_oven.demo.choice import OvenNames, baking_times, check_count, choose
from serverless_pizza_oven.demo.menu import new_token, order
from serverless_pizza_oven.demo.progress_bars import ProgressBars
from serverless_pizza_oven.demo.progress_lines import ProgressLines, describe
from serverless_pizza_oven.demo.run import DemoRun, Progress
from serverless_pizza_oven.demo.summary import summarize
from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.deployment.names import DEFAULT_CAPACITY
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.text import counted

DEFAULT_PIZZAS = 100


class DemoError(ToolError):
    """A pizza is missing, was dead-lettered, or came out more than once; or commands took turns wrongly."""


class ProgressView(Protocol):
    """Shows the progress of a run."""

    def show(self, progress: Progress) -> None: ...


def demo(
    target: Target,
    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", help="How many pizzas.", show_default="100; with --hold 6 commands"),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Let shell commands take turns for the slots, by oven hold.")
    ] = False,
    bake: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="Baking times in whole seconds: 15-30 or 20.",
            show_default="15-30 on AWS, 2-5 on this machine",
        ),
    ] = None,
    capacity: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The slots of an oven on this machine.",
            show_default=f"{DEFAULT_CAPACITY}; with --hold {demo_hold.DEFAULT_CAPACITY}",
        ),
    ] = None,
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
        typer.Option(metavar="NAME", help="The Baking Table: shows what bakes instead of an estimate."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Choose the same pizzas and baking times each time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
    with_view: WithView = False,
) -> None:
    """Send pizzas through an oven and watch them bake.

    Examples:

    - `oven demo`: 100 pizzas, an oven of 14 slots, half a minute
    - `oven demo --n 500 --bake 1-3 --capacity 50`: a larger oven
    - `oven demo --view`: in the browser as well
    - `oven demo --hold`: six shell commands take turns for two slots
    - `oven demo --stack spo --region eu-west-1`: the oven of a stack on AWS
    - `oven demo --in URL --waiting URL --out URL`: an oven of which you know the queues
    - `oven demo --endpoint-url http://127.0.0.1:4566`: the oven of `oven local`

    Without a stack or queues, it makes an oven on this machine, without an AWS account, and removes it
    afterwards. It uses AWS only if you name a stack or queues there.

    The ideal is the time that baking alone takes. The rest is starting and moving items: more of it on this
    machine than on AWS, since all services share its processors. The functions of an oven of its own are warm
    before the first pizza is sent. Those of a stack may start cold.

    With --hold no pizzas are sent. Each command waits in line until `oven hold` has a slot for it.

    Exits with 0 if every pizza came out exactly once; with --hold, if every command ran, and never more at
    once than there are slots.
    """
    n = n if n is not None else demo_hold.DEFAULT_COMMANDS if hold else DEFAULT_PIZZAS
    check_count(n)
    oven_names = OvenNames(
        target.stack,
        new_items,
        waiting_items,
        baked_items,
        table,
        target.endpoint_url,
        target.profile,
        target.region,
    )
    if hold and oven_names == OvenNames() and capacity is None:
        capacity = demo_hold.DEFAULT_CAPACITY
    chosen = choose(oven_names, capacity, connect, with_page=with_view)
    times = baking_times(bake, chosen.default_baking_times)
    if hold:
        show_page = functools.partial(shown, wanted=with_view)
        account = {"--profile": target.profile, "--region": target.region}
        options = [word for option, value in account.items() if value for word in (option, value)]
        reason = demo_hold.demo_hold(chosen, show_page, options, n, times, seed, as_json=as_json)
        if reason:
            raise DemoError(reason)
        return
    token = new_token(random.SystemRandom())
    tally = Tally(order(n, times, token, random.Random(seed)))  # noqa: S311 - a menu is no secret
    exit_when_terminated()

    with chosen.opened(functools.partial(shown, wanted=with_view), say) as oven:
        slots = f", {counted(oven.capacity, 'slot')}" if oven.capacity else ""
        say(f"{counted(n, 'pizza')} of {times}{slots}.")
        with _noted_signals() as signals:
            last = _watch(DemoRun(oven, tally, time.time, time.sleep), signals)
        # Before the oven on this machine stops, which takes a while.
        summary = summarize(tally, oven.capacity)
        reason = f"Interrupted: {describe(last)}" if signals else summary.reason
        if as_json:
            outcome = {"ok": reason is None, "reason": reason, "run": token, **summary.as_json()}
            typer.echo(json.dumps(outcome))
        elif not signals:
            typer.echo(summary.as_text())
        if signals:
            say(f"{reason}. {chosen.interrupted}")
        elif reason is None:
            say(chosen.next_steps)
        sys.stdout.flush()
    if signals:
        raise typer.Exit(TERMINATED if signal.SIGTERM in signals else INTERRUPTED)
    if reason:
        raise DemoError(reason)


def _watch(run: DemoRun, signals: Sequence[int]) -> Progress:
    """Show the run until it ends or a signal comes. Returns the last progress."""
    with contextlib.closing(iter(run)) as steps, _view() as view:
        for progress in steps:
            view.show(progress)
            if signals:
                break
    return progress


@contextlib.contextmanager
def _noted_signals() -> Iterator[Sequence[int]]:
    """Note the first SIGINT and SIGTERM instead of raising within a request.

    The messages of a receive that was cut off would stay hidden from their owners.
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
def _view() -> Iterator[ProgressView]:
    console = Console(stderr=True, highlight=False)
    if sys.stderr.isatty() and not console.is_dumb_terminal:
        with ProgressBars(console, time.monotonic) as bars:
            yield bars
    else:
        with ProgressLines(say) as lines:
            yield lines
