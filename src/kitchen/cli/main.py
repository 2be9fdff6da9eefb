"""The commands put together, and how they end."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import typer

from kitchen.cli import (
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
from kitchen.cli.options import print_error, say
from kitchen.cli.signals import INTERRUPTED
from kitchen.errors import AwsError, KitchenError, UsageError
from pizza_oven.errors import PizzaOvenError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="A serverless pizza oven: a weighted, fair semaphore with durable timers.",
    epilog=(
        "Exit codes: 0 all went well, 1 it did not, 2 wrong usage, 3 AWS refused or could not be reached, "
        "4 CloudFormation failed, 130 interrupted by Ctrl-C, 143 by SIGTERM."
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
        # Who read our output has seen enough. Python would complain of it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(arguments: list[str]) -> None:
    """As Typer would, but leave it to us how errors and Ctrl-C are told."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("oven", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except _usage_error() as error:
        raise UsageError(_in_one_line(error, arguments)) from error


def _usage_error() -> type[Any]:
    """Click's, which Typer has brought under several names."""
    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")


def _in_one_line(error: Any, arguments: Sequence[str]) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    value = _value(arguments, getattr(getattr(error, "param", None), "opts", ()))
    if value is not None and value not in message:
        message += f", not {value}"
    command = error.ctx.command_path if error.ctx else "oven"
    return f"{message} (see {command} --help)"


def _value(arguments: Sequence[str], options: Sequence[str]) -> str | None:
    """What was given for an option; the message does not always say."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        option, equals, value = argument.partition("=")
        if option in options:
            return value if equals else following
    return None
