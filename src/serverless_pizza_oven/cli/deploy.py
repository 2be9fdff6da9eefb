"""`oven deploy` and `oven destroy`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.options import (
    EndpointUrl,
    Profile,
    Region,
    StackName,
    confirm,
    connect,
    named,
    say,
)
from serverless_pizza_oven.deployment import deploying, names, preflight, teardown
from serverless_pizza_oven.deployment import stack as stacks
from serverless_pizza_oven.deployment.inventory import losses
from serverless_pizza_oven.deployment.template import default_parameters
from serverless_pizza_oven.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def deploy(
    stack: StackName = None,
    capacity: Annotated[
        int | None, typer.Option(min=1, max=names.MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(metavar="P", help="Begins the names of the queues, and of the table.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Any parameter of the template. May be repeated."),
    ] = None,
    protect: Annotated[
        bool | None,
        typer.Option(
            "--protect/--no-protect",
            help="Refuse to delete the stack and its table, or no longer.",
            show_default=False,
        ),
    ] = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Make an oven in your account, or bring one up to date. Ends with the outputs of its stack.

    What is not named stays as it is; a new oven has the template's defaults.

    Examples:

    - `oven deploy --stack spo --capacity 50`: a new oven of 50 slots, or the capacity of an old one changed
    - `oven deploy --stack spo --protect`: which `oven destroy` then refuses to remove
    - `oven deploy --stack spo --parameter AlarmTopicArn=ARN --parameter LongestLine=1000`
    """
    name = named(stack, endpoint_url)
    parameters: dict[str, str] = {}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    if prefix is not None:
        names.check_prefix(prefix)
        parameters["QueueNamePrefix"] = prefix
        parameters["BakingTableName"] = names.table_of(prefix)
    if protect is not None:
        parameters["Protection"] = "ENABLED" if protect else "DISABLED"
    _add(parameters, parameter or [])
    if endpoint_url and endpoint_url.startswith("http:"):
        parameters.setdefault("RefusePlainHttp", "false")

    aws = connect(endpoint_url, profile, region)
    is_new = stacks.is_new(aws, name)
    if is_new:
        preflight.check_names_are_free(aws, parameters)
    say(f"{'Making' if is_new else 'Updating'} the stack {name} in {stacks.place(aws)}.")
    if is_new and not yes and not endpoint_url:
        confirm("Go on?", otherwise="Nothing was made.")
    made = deploying.deploy(aws, name, parameters, say)
    if protect is not None:
        deploying.set_termination_protection(aws, name, enabled=protect)

    for key, value in sorted(made.outputs.items()):
        typer.echo(f"{key:<26} {value}")


def _add(parameters: dict[str, str], assignments: Sequence[str]) -> None:
    """Add what is assigned to parameters of the template. Raises UsageError where that cannot be."""
    known = default_parameters()
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--parameter takes NAME=VALUE, not {assignment!r}")
        if name not in known:
            raise UsageError(f"the template has no parameter {name!r}, only {', '.join(sorted(known))}")
        if name in parameters:
            raise UsageError(f"{name} is given twice")
        parameters[name] = value


def destroy(
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Remove an oven with everything that is in it. Asks first, and says what would be lost.

    One that was deployed with `--protect` is not removed.
    """
    name = named(stack, endpoint_url)
    aws = connect(endpoint_url, profile, region)
    teardown.check_unprotected(aws, name)
    is_oven = stacks.is_oven(aws, name)
    say(f"Removing the stack {name} from {stacks.place(aws)}. What is lost:")
    if is_oven:
        _say_losses(aws, name)
    else:
        say(" the stack alone; it never became an oven")
    if not yes:
        confirm("Remove it?", otherwise="Nothing was removed.")
    teardown.destroy(aws, name, say)
    typer.echo(f"The stack {name} is gone.")


def _say_losses(aws: Aws, name: str) -> None:
    for what, count in losses(aws, stacks.find_stack(aws, name)).items():
        say(f" {what:<18} {'gone already' if count is None else count}")
