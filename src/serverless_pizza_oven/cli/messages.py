"""What the commands say beside their results: progress, questions and errors, on standard error."""

import sys
from typing import TYPE_CHECKING

import typer

from serverless_pizza_oven.errors import UsageError

if TYPE_CHECKING:
    from serverless_pizza_oven.deployment.stack import Stack


def say(line: str) -> None:
    """Print a line of progress. It is never broken: there may be a URL in it."""
    typer.echo(line, err=True)


def say_if_paused(oven: "Stack") -> None:
    """After sending, say that the items stay in New Items while the oven is paused."""
    if oven.is_paused:
        say(f"The oven is paused: the items stay in New Items until oven resume --stack {oven.name}")


def print_error(message: str) -> None:
    """Print what went wrong, in red on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - errors alone need it

    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(f"oven: {message}", style="red")


def confirm(question: str, otherwise: str) -> None:
    """Ask, and go on after a yes. After any other answer, say `otherwise` and exit with 1.

    Raises UsageError where standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("not a terminal: say --yes")
    typer.echo(f"{question} [y/N]: ", nl=False, err=True)
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer:
            # Ctrl-C or Ctrl-D, which do not end the line of the question.
            typer.echo(err=True)
    if answer.strip().lower() not in ("y", "yes"):
        say(otherwise)
        raise typer.Exit(1)
