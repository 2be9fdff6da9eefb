"""`oven destroy`."""

from typing import Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.messages import confirm, say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.deployment import stack as stacks
from serverless_pizza_oven.deployment import teardown
from serverless_pizza_oven.deployment.inventory import losses


def destroy(
    target: Target,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete an oven and everything in it. Asks first.

    Examples:

    - `oven destroy --stack spo`: shows what would be lost, and asks
    - `oven destroy --stack spo --yes`: does not ask

    An oven that was deployed with `--protect` is refused.
    """
    name = target.stack_name
    aws = target.connect()
    teardown.check_unprotected(aws, name)
    is_oven = stacks.is_oven(aws, name)
    say(f"Deleting the stack {name} in {stacks.place(aws)}. This is lost:")
    if is_oven:
        _say_losses(aws, name)
    else:
        say(" only the stack: it never became an oven")
    if not yes:
        confirm("Delete it?", otherwise="Nothing was deleted.")
    teardown.destroy(aws, name, say)
    typer.echo(f"The stack {name} is gone.")
    if not target.endpoint_url:
        say("Its name is free now. SQS frees the names of its queues 60 seconds after their deletion.")


def _say_losses(aws: Aws, name: str) -> None:
    for what, count in losses(aws, stacks.find_stack(aws, name)).items():
        say(f" {what:<18} {'gone already' if count is None else count}")
