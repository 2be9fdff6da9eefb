"""`oven deploy`."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.assignments import read_assignments
from serverless_pizza_oven.cli.messages import confirm, say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.deployment import account_quotas, deploying, emulators, names, preflight
from serverless_pizza_oven.deployment import stack as stacks
from serverless_pizza_oven.deployment.change_set import Governance
from serverless_pizza_oven.deployment.template import default_parameters
from serverless_pizza_oven.errors import UsageError


def deploy(
    target: Target,
    capacity: Annotated[
        int | None, typer.Option(min=1, max=names.MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            metavar="P", help="The beginning of the queues' and the table's names: in a new oven, spo."
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Any parameter of the template. Repeatable."),
    ] = None,
    protect: Annotated[
        bool | None,
        typer.Option(
            "--protect/--no-protect",
            help="Protect the stack and its table from deletion, or no longer.",
            show_default=False,
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="An existing bucket for the template and the functions' code."),
    ] = None,
    role_arn: Annotated[
        str | None, typer.Option(metavar="ARN", help="The CloudFormation service role, from now on.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A tag of the stack and its resources. Repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Create an oven in your account, or update one.

    Examples:

    - `oven deploy --stack spo --capacity 50`: a new oven of 50 slots, or another capacity of an existing one
    - `oven deploy --stack spo --protect`: an oven that `oven destroy` refuses to delete
    - `oven deploy --stack spo --parameter AlarmTopicArn=ARN --parameter LongestLine=1000`
    - `oven deploy --stack spo --bucket artifacts --tag team=kitchen`: what an organization prescribes

    Parameters and tags that are not named keep their values; a new oven has the template's defaults. Asks
    before it creates a stack. Prints the outputs of the stack.
    """
    name = target.stack_name
    parameters = _named_parameters(capacity, prefix, parameter or [], protect=protect)
    if target.endpoint_url and target.endpoint_url.startswith("http:"):
        parameters.setdefault("RefusePlainHttp", "false")
    governance = Governance(_read_tags(tag or []), role_arn and names.check_role_arn(role_arn))

    aws = target.connect()
    is_new = stacks.is_new(aws, name)
    if is_new:
        preflight.check_names_are_free(aws, parameters)
    if is_new and target.endpoint_url:
        parameters |= _limits_of(target.endpoint_url, parameters)
    say(f"{'Creating' if is_new else 'Updating'} the stack {name} in {stacks.place(aws)}.")
    if not target.endpoint_url:
        present = {} if is_new else stacks.stack_parameters(aws, name)
        _say_quotas(aws, {**default_parameters(), **present, **parameters})
        if is_new and not yes:
            confirm("Go on?", otherwise="Nothing was created.")
    made = deploying.deploy(aws, name, parameters, say, bucket=bucket, governance=governance)
    if protect is not None:
        deploying.set_termination_protection(aws, name, enabled=protect)

    for key, value in sorted(made.outputs.items()):
        typer.echo(f"{key:<26} {value}")


def _named_parameters(
    capacity: int | None, prefix: str | None, assignments: Sequence[str], *, protect: bool | None
) -> dict[str, str]:
    """The template's parameters that the options name. Raises UsageError where they cannot be."""
    parameters: dict[str, str] = {}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    if prefix is not None:
        names.check_prefix(prefix)
        parameters["QueueNamePrefix"] = prefix
        parameters["BakingTableName"] = names.table_of(prefix)
    if protect is not None:
        parameters["Protection"] = "ENABLED" if protect else "DISABLED"
    _add(parameters, read_assignments("--parameter", assignments))
    return parameters


def _limits_of(endpoint_url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that an emulator other than the local stack needs. Says so."""
    added = {} if emulators.is_local_stack(endpoint_url) else emulators.limits(parameters)
    if added:
        words = " and ".join(f"{name}={value}" for name, value in added.items())
        say(f"This emulator is not oven local: deploying with {words}, which other emulators need.")
    return added


def _add(parameters: dict[str, str], assignments: Mapping[str, str]) -> None:
    """Add values of --parameter. Raises UsageError where the template has no such parameter."""
    known = default_parameters()
    for name, value in assignments.items():
        if name not in known:
            raise UsageError(f"the template has no parameter {name!r}, only {', '.join(sorted(known))}")
        if name in parameters:
            raise UsageError(f"{name} is given twice")
        parameters[name] = value


def _read_tags(texts: Sequence[str]) -> dict[str, str]:
    """Read the values of --tag. Raises UsageError where CloudFormation would refuse them."""
    tags = read_assignments("--tag", texts, "KEY=VALUE")
    for key, value in tags.items():
        names.check_tag(key, value)
    return tags


def _say_quotas(aws: Aws, parameters: Mapping[str, str]) -> None:
    quotas = account_quotas.read_quotas(aws)
    if words := quotas.in_words():
        say(words)
    capacity, functions = parameters["BakingTableCapacityCount"], parameters["MaximumConcurrency"]
    if not (capacity.isdecimal() and functions.isdecimal()):
        # CloudFormation refuses them, and says why.
        return
    for line in account_quotas.shortages(quotas, int(capacity), int(functions)):
        say(line)
