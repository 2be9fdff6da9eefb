"""The command: how it starts, and how it ends."""

import gc
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from pizza_oven.errors import PizzaOvenError
from serverless_pizza_oven.cli.command_table import add_commands
from serverless_pizza_oven.cli.messages import print_error, say
from serverless_pizza_oven.cli.old_names import renamed
from serverless_pizza_oven.cli.overview import overview
from serverless_pizza_oven.cli.signals import INTERRUPTED
from serverless_pizza_oven.cli.streams import make_streams_whole
from serverless_pizza_oven.cli.usage import usage_errors
from serverless_pizza_oven.errors import AwsError, ToolError

OBJECTS_OF_A_START = 20_000
"""About how many new objects are there before Python looks for garbage among them. By default, 700."""

COMPLETION = "_OVEN_COMPLETE"
"""The variable by which a shell asks for completions, as Typer names it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, those of the process by default, and exit."""
    # What a start makes, stays. To look through it again and again takes a twelfth of the start.
    gc.set_threshold(OBJECTS_OF_A_START)
    arguments = sys.argv[1:] if arguments is None else arguments
    own, others = _split(arguments)
    debug = "--debug" in own
    make_streams_whole()
    try:
        _run([argument for argument in own if argument != "--debug"] + others)
    except PizzaOvenError as error:
        if debug:
            traceback.print_exc()
        print_error(str(error))
        sys.exit(error.exit_code if isinstance(error, ToolError) else AwsError.exit_code)
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        say("Interrupted.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has closed it.
        sys.exit(1)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and from `--` on those of a command that `oven hold` runs."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end]), list(arguments[end:])


def _run(arguments: list[str]) -> None:
    """As Typer would, but leave it to us how errors and Ctrl-C are told."""
    if COMPLETION in os.environ:
        _complete()
        return
    if not arguments:
        typer.echo(overview())
        return
    arguments = renamed(arguments)
    command = typer.main.get_command(_app(called=arguments[0]))
    named = "" if arguments[0].startswith("-") else f" {arguments[0]}"
    try:
        with usage_errors(f"oven{named}"), command.make_context("oven", arguments) as context:
            command.invoke(context)
    except typer.Exit as error:
        sys.exit(error.exit_code)


def _complete() -> None:
    """Answer the shell that asks how to go on with a line. It gives the line in the environment."""
    words = (os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")).split()
    app = _app(called=words[1] if len(words) > 1 else "")
    app(prog_name="oven")


def _app(called: str) -> typer.Typer:
    app = typer.Typer(
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        help="A serverless pizza oven: a weighted, fair semaphore with durable timers.",
        epilog=(
            "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 AWS refused or could not be reached, "
            "4 no such stack, or CloudFormation failed, 5 an extra is not installed, 130 interrupted by "
            "Ctrl-C, 143 by SIGTERM. oven view and oven local run until they are interrupted and exit with 0."
            "\n\nShell completion: run oven --install-completion once, in bash, zsh, fish or PowerShell, and "
            "open a new terminal. oven --show-completion prints what it installs."
        ),
    )
    app.callback()(_oven)
    add_commands(app, called)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long to import as Typer

        typer.echo(f"oven {version('serverless-pizza-oven')}")
        raise typer.Exit


def _oven(
    _debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error. Works after the command, too."
    ),
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of every command."""
