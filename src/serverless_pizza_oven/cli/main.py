"""The commands put together, and how they end."""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

import typer

from pizza_oven.errors import PizzaOvenError
from serverless_pizza_oven.cli import (
    collect,
    cost,
    demo,
    deploy,
    discard,
    dlq,
    item,
    local,
    logs,
    redrive,
    remove,
    send,
    simulate,
    status,
    steer,
    view,
)
from serverless_pizza_oven.cli.misuse import usage_errors
from serverless_pizza_oven.cli.options import print_error, say
from serverless_pizza_oven.cli.signals import INTERRUPTED
from serverless_pizza_oven.cli.streams import make_streams_whole
from serverless_pizza_oven.errors import AwsError, KitchenError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="A serverless pizza oven: a weighted, fair semaphore with durable timers.",
    epilog=(
        "Exit codes: 0 all went well, 1 it did not, 2 wrong usage, 3 AWS refused or could not be reached, "
        "4 there is no such stack, or CloudFormation failed, 130 interrupted by Ctrl-C, 143 by SIGTERM; but "
        "oven view and oven local are meant to be ended so, and exit with 0."
    ),
)
COMMANDS = {
    "Try it": (demo.demo, local.local, view.view),
    "Plan it": (simulate.simulate, cost.cost),
    "Deploy it": (deploy.deploy, deploy.destroy),
    "Use it": (send.send, collect.collect),
    "See what it does": (status.status, item.item, logs.logs, dlq.dlq),
    "Steer it": (
        steer.capacity,
        steer.pause,
        steer.resume,
        steer.trigger,
        remove.remove,
        redrive.redrive,
        discard.discard,
    ),
}
for panel, functions in COMMANDS.items():
    for function in functions:
        app.command(rich_help_panel=panel)(function)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oven {version('serverless-pizza-oven')}")
        raise typer.Exit


@app.callback()
def oven(
    _debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error. May stand after the command, too."
    ),
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of every command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, those of the process by default, and exit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    make_streams_whole()
    try:
        _run([argument for argument in arguments if argument != "--debug"] or ["--help"])
    except PizzaOvenError as error:
        if debug:
            traceback.print_exc()
        print_error(str(error))
        sys.exit(error.exit_code if isinstance(error, KitchenError) else AwsError.exit_code)
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        say("Interrupted.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Who read our output has seen enough.
        sys.exit(1)


def _run(arguments: list[str]) -> None:
    """As Typer would, but leave it to us how errors and Ctrl-C are told."""
    command = typer.main.get_command(app)
    named = "" if arguments[0].startswith("-") else f" {arguments[0]}"
    try:
        with usage_errors(f"oven{named}"), command.make_context("oven", arguments) as context:
            command.invoke(context)
    except typer.Exit as error:
        sys.exit(error.exit_code)
