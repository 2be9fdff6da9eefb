"""What the commands have in common: where to print, whom to ask, and which AWS is meant."""

import os
import re
import sys
from typing import Annotated

import typer
from rich.console import Console

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Trigger, parse
from serverless_pizza_oven.aws import Aws, local, signed_in
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import UsageError

StackName = Annotated[str | None, typer.Option("--stack", metavar="NAME", help="The stack of the oven.")]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        envvar="AWS_ENDPOINT_URL",
        help="An emulator to use instead of AWS.",
    ),
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The profile of the AWS configuration to use.")
]
Region = Annotated[str | None, typer.Option("--region", metavar="REGION", help="The AWS region.")]


def say(line: str) -> None:
    """Tell of the progress, on standard error. A line is never broken: there may be a URL in it."""
    _stderr().print(line)


def say_if_paused(oven: Stack) -> None:
    """Tell who has sent items that nobody takes them now."""
    if oven.is_paused:
        say(f"The oven is paused: they wait in New Items, until oven resume --stack {oven.name}")


def print_error(message: str) -> None:
    """Say what went wrong."""
    _stderr().print(f"oven: {message}", style="red")


def confirm(question: str, otherwise: str) -> None:
    """Ask on standard error, and go on after a yes. Else say `otherwise`, and exit with 1.

    Raises UsageError where there is nobody to ask.
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


def connect(endpoint_url: str | None, profile: str | None, region: str | None) -> Aws:
    """The AWS that the options mean.

    Raises UsageError where the endpoint is no URL, and AwsError where no region is known, or no such profile.
    """
    has_credentials = profile or "AWS_ACCESS_KEY_ID" in os.environ or "AWS_PROFILE" in os.environ
    if endpoint_url and not has_credentials:
        return local(endpoint_url, region)
    return signed_in(profile, region or os.environ.get("AWS_REGION"), endpoint_url)


def named(stack: str | None, endpoint_url: str | None) -> str:
    """The stack that the options mean. Raises UsageError where AWS would be guessed at."""
    if stack is not None:
        names.check_stack(stack)
        return stack
    if not endpoint_url:
        raise UsageError("which stack? Name it with --stack NAME: nothing on AWS is touched unasked")
    return names.STACK_IN_AN_EMULATOR


def oven_of(
    stack: str | None, endpoint_url: str | None, profile: str | None, region: str | None
) -> tuple[Aws, Stack]:
    """The deployed oven that the options mean. Raises UsageError, AwsError and DeploymentError."""
    name = named(stack, endpoint_url)
    aws = connect(endpoint_url, profile, region)
    return aws, find_stack(aws, name)


def check_item_id(item_id: str) -> None:
    """Raises UsageError where no item can have that id."""
    try:
        parse(Trigger(item_id).body, None)
    except MalformedItemError as error:
        raise UsageError(f"the id of an {error}") from None


def seconds(option: str, text: str) -> int:
    """A span such as 90s, 15m, 1h or 2d. Raises UsageError."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if not found:
        raise UsageError(f"{option} takes a number and s, m, h or d, such as 90s or 2d, not {text}")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _stderr() -> Console:
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
