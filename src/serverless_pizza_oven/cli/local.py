"""`oven local`: an oven on this machine."""

import os
from typing import Annotated

import typer
from botocore.utils import get_environ_proxies

from serverless_pizza_oven import aws
from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.cli.local_ovens import LocalRecord, recorded, records_folder
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.signals import stopped
from serverless_pizza_oven.cli.view import WithView, shown
from serverless_pizza_oven.deployment.names import DEFAULT_CAPACITY, MAX_CAPACITY
from serverless_pizza_oven.extras import require
from serverless_pizza_oven.local.emulator import HOST
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.text import slots


def local(
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="The port of 127.0.0.1 to serve on.")
    ] = 4566,
    capacity: Annotated[
        int, typer.Option(min=1, max=MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = DEFAULT_CAPACITY,
    enforce_iam: Annotated[
        bool,
        typer.Option("--enforce-iam", help="Allow functions and state machines only what their roles grant."),
    ] = False,
    with_view: WithView = False,
) -> None:
    """Run an oven on this machine until Ctrl-C, without an AWS account.

    Examples:

    - `oven local`: an oven of 14 slots at http://127.0.0.1:4566
    - `oven local --capacity 50 --view`: a larger one, in the browser as well
    - `oven local --enforce-iam`: with the permissions of the functions enforced

    It is the same template and the same functions, in an embedded AWS. While it runs, the other commands of
    this user find it, if no option names another oven. Prints the queues' URLs, and the variables that other
    AWS clients need. Nothing is left behind.
    """
    require("local", "oven local")
    stop = stopped()
    with (
        running_oven(port, capacity=capacity, enforce_iam=enforce_iam) as oven,
        recorded(records_folder(os.environ), LocalRecord(oven.endpoint_url, oven.stack.name)),
    ):
        typer.echo(_description(oven))
        say("The oven is hot. Ctrl-C ends it and deletes everything in it.")
        with shown(lambda: aws.local(oven.endpoint_url), oven.stack, wanted=with_view):
            while not stop.wait(1):
                pass


def _description(oven: LocalOven) -> str:
    return "\n".join(
        [
            f"Endpoint       {oven.endpoint_url}",
            f"Capacity       {slots(oven.stack.capacity)}",
            f"New Items      {oven.stack.new_items}",
            f"Waiting Items  {oven.stack.waiting_items}",
            f"Baked Items    {oven.stack.baked_items}",
            f"Dead letters   {oven.stack.dead_letters}",
            f"Baking Table   {oven.stack.table}",
            f"Stack          {oven.stack.name}",
            "",
            "# For the AWS CLI 2, or any SDK (the AWS CLI 1 needs --endpoint-url for sqs):",
            f"export AWS_ENDPOINT_URL={oven.endpoint_url}",
            f"export AWS_ACCESS_KEY_ID={LOCAL_CREDENTIAL}",
            f"export AWS_SECRET_ACCESS_KEY={LOCAL_CREDENTIAL}",
            f"export AWS_DEFAULT_REGION={LOCAL_REGION} AWS_REGION={LOCAL_REGION}",
            # Without this, the AWS CLI and the SDKs would send requests to this machine through the proxy.
            *([f'export NO_PROXY="{HOST},$NO_PROXY"'] if get_environ_proxies(oven.endpoint_url) else []),
        ]
    )
