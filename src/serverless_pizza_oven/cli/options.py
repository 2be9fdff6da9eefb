"""Options that several commands share, and how their texts are read."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Trigger, parse
from serverless_pizza_oven.aws import Aws, local, signed_in
from serverless_pizza_oven.cli.local_ovens import records_folder, running_ovens
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.credentials import aws_cli_cache
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import UsageError

WHICH_OVEN = "Which oven"
"""The part of a command's help where the options of `Target` are."""


EndpointUrl = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        envvar="AWS_ENDPOINT_URL",
        help="An emulator to use instead of AWS.",
        rich_help_panel=WHICH_OVEN,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="The profile of the AWS configuration to use.",
        rich_help_panel=WHICH_OVEN,
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="REGION", help="The AWS region.", rich_help_panel=WHICH_OVEN),
]


@dataclass(frozen=True, slots=True)
class Target:
    """The oven that a command is about, as its options name it."""

    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="Its stack.", rich_help_panel=WHICH_OVEN),
    ] = None
    endpoint_url: EndpointUrl = None
    profile: Profile = None
    region: Region = None

    @property
    def is_named(self) -> bool:
        """Whether any of the options was given."""
        return bool(self.stack is not None or self.endpoint_url or self.profile or self.region)

    @property
    def stack_name(self) -> str:
        """The stack that is meant. Raises UsageError where that would be a guess on AWS."""
        if self.stack is not None:
            names.check_stack(self.stack)
            return self.stack
        if not self.endpoint_url:
            raise UsageError("missing --stack NAME (or set AWS_ENDPOINT_URL)")
        return names.STACK_IN_AN_EMULATOR

    def connect(self) -> Aws:
        """Connect to the account and region that are meant, or to the emulator.

        Raises UsageError where the endpoint is no URL, and AwsError where no region is known, or the profile.
        """
        return connect(self.endpoint_url, self.profile, self.region)

    def find(self) -> tuple[Aws, Stack]:
        """Find the deployed oven. If no option names one, it is that of `oven local`, if one runs.

        Raises UsageError, AwsError and DeploymentError.
        """
        running = [] if self.is_named else running_ovens(records_folder(os.environ))
        if len(running) > 1:
            urls = ", ".join(oven.endpoint_url for oven in running)
            raise UsageError(f"several local ovens run: choose one with --endpoint-url ({urls})")
        if running:
            say(f"Using the local oven at {running[0].endpoint_url}.")
            aws = local(running[0].endpoint_url)
            return aws, find_stack(aws, running[0].stack)
        name = self.stack_name
        aws = self.connect()
        return aws, find_stack(aws, name)


def connect(endpoint_url: str | None, profile: str | None, region: str | None) -> Aws:
    """Connect as `Target.connect` does, without a stack."""
    has_credentials = profile or "AWS_ACCESS_KEY_ID" in os.environ or "AWS_PROFILE" in os.environ
    if endpoint_url and not has_credentials:
        return local(endpoint_url, region)
    return signed_in(profile, region or os.environ.get("AWS_REGION"), endpoint_url, aws_cli_cache())


def check_ids_or_all(ids: Sequence[str] | None, *, everything: bool) -> None:
    """Raises UsageError unless either ids of dead letters were given, or --all."""
    if ids and everything:
        raise UsageError("--all means every dead letter: ids do not go with it")
    if not ids and not everything:
        raise UsageError("missing the ids of dead letters, or --all (oven dlq list shows the ids)")


def check_item_id(item_id: str) -> None:
    """Raises UsageError where no item can have that id."""
    try:
        parse(Trigger(item_id).body, None)
    except MalformedItemError as error:
        raise UsageError(f"the id of an {error}") from None


def seconds(option: str, text: str) -> int:
    """A duration such as 90s, 15m, 1h or 2d, in seconds. Raises UsageError."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if not found:
        raise UsageError(f"{option} takes a number and s, m, h or d, such as 90s or 2d, not {text}")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
