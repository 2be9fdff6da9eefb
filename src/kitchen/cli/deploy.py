"""`oven deploy` and `oven destroy`."""

import sys
from typing import Annotated

import typer
from rich.table import Table

from kitchen.aws import Aws
from kitchen.cli.options import EndpointUrl, Profile, Region, StackName, connect, progress
from kitchen.errors import UsageError
from kitchen.stack import deployment
from kitchen.stack.contents import contents

LOCAL_STACK = "spo"
"""What a stack in an emulator is called if nobody says."""

MAX_NAME = 52
"""A function's name has 64 characters at most, of which `-ItemRemoved` is 12."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def deploy(
    stack: StackName = None,
    capacity: Annotated[int | None, typer.Option(min=1, max=4000, help="The slots of the oven.")] = None,
    prefix: Annotated[
        str | None, typer.Option(metavar="P", help="Begins the names of the queues, and of the table.")
    ] = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Make an oven in your account, or bring one up to date. Ends with the outputs of its stack.

    What is not named stays as it is; a new oven has the template's defaults.
    """
    name = _named(stack, endpoint_url)
    aws = connect(endpoint_url, profile, region)
    console = progress()
    is_new = not deployment.stack_exists(aws, name)
    console.print(f"{'Making' if is_new else 'Updating'} the stack {name} in {deployment.place(aws)}.")
    if is_new and not yes and not endpoint_url and sys.stdin.isatty():
        typer.confirm("Go on?", abort=True, err=True)

    parameters = {}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    if prefix is not None:
        parameters["QueueNamePrefix"] = prefix
        parameters["BakingTableName"] = f"{prefix}-BakingTable"
    if endpoint_url and endpoint_url.startswith("http:"):
        parameters["RefusePlainHttp"] = "false"
    made = deployment.deploy(aws, name, parameters, lambda line: console.print(line, markup=False))

    for key, value in sorted(made.outputs.items()):
        typer.echo(f"{key:<26} {value}")


def destroy(
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Remove an oven with everything that is in it. Asks first, and says what would be lost."""
    name = _named(stack, endpoint_url)
    aws = connect(endpoint_url, profile, region)
    console = progress()
    console.print(f"Removing the stack {name} from {deployment.place(aws)}. What is lost:")
    console.print(_losses(aws, name))
    if not yes:
        typer.confirm("Remove it?", abort=True, err=True)
    deployment.destroy(aws, name, lambda line: console.print(line, markup=False))
    typer.echo(f"The stack {name} is gone.")


def _named(stack: str | None, endpoint_url: str | None) -> str:
    if stack:
        if len(stack) > MAX_NAME:
            raise UsageError(
                f"--stack {stack} is too long: the functions' names need one of {MAX_NAME} at most"
            )
        return stack
    if not endpoint_url:
        raise UsageError("which stack? Name it with --stack NAME: nothing on AWS is touched unasked")
    return LOCAL_STACK


def _losses(aws: Aws, name: str) -> Table:
    table = Table(show_header=False, box=None)
    if not deployment.is_oven(aws, name):
        table.add_row("the stack alone; it never became an oven")
        return table
    lost = contents(aws, deployment.find_stack(aws, name))
    table.add_row("new items", str(lost.new))
    table.add_row("items in the line", str(lost.waiting))
    table.add_row("items in the oven", str(lost.baking))
    table.add_row("baked items", str(lost.baked))
    table.add_row("dead letters", str(lost.dead))
    return table
