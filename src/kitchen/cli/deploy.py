"""`oven deploy` and `oven destroy`."""

from typing import Annotated

import typer

from kitchen.aws import Aws
from kitchen.cli.options import EndpointUrl, Profile, Region, StackName, confirm, connect, named, say
from kitchen.stack import deployment, names
from kitchen.stack.contents import losses

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def deploy(
    stack: StackName = None,
    capacity: Annotated[
        int | None, typer.Option(min=1, max=names.MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = None,
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
    name = named(stack, endpoint_url)
    parameters = {}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    if prefix is not None:
        names.check_prefix(prefix)
        parameters["QueueNamePrefix"] = prefix
        parameters["BakingTableName"] = names.table_of(prefix)
    if endpoint_url and endpoint_url.startswith("http:"):
        parameters["RefusePlainHttp"] = "false"

    aws = connect(endpoint_url, profile, region)
    is_new = deployment.is_new(aws, name)
    if is_new:
        deployment.check_names_are_free(aws, parameters)
    say(f"{'Making' if is_new else 'Updating'} the stack {name} in {deployment.place(aws)}.")
    if is_new and not yes and not endpoint_url:
        confirm("Go on?", otherwise="Nothing was made.")
    made = deployment.deploy(aws, name, parameters, say)

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
    name = named(stack, endpoint_url)
    aws = connect(endpoint_url, profile, region)
    is_oven = deployment.is_oven(aws, name)
    say(f"Removing the stack {name} from {deployment.place(aws)}. What is lost:")
    if is_oven:
        _say_losses(aws, name)
    else:
        say(" the stack alone; it never became an oven")
    if not yes:
        confirm("Remove it?", otherwise="Nothing was removed.")
    deployment.destroy(aws, name, say)
    typer.echo(f"The stack {name} is gone.")


def _say_losses(aws: Aws, name: str) -> None:
    for what, count in losses(aws, deployment.find_stack(aws, name)).items():
        say(f" {what:<18} {'gone already' if count is None else count}")
