"""The commands put together, and how they end."""

import sys
from collections.abc import Sequence

import typer

from kitchen.cli import demo, deploy, local
from kitchen.cli.options import print_error
from kitchen.errors import AwsError, KitchenError
from pizza_oven.errors import PizzaOvenError

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="A serverless pizza oven: a weighted, fair semaphore with durable timers.",
    epilog=(
        "Exit codes: 0 all went well, 1 it did not, 2 wrong usage, 3 AWS refused or could not be reached, "
        "4 CloudFormation failed, 130 interrupted."
    ),
)
app.command()(demo.demo)
app.command()(local.local)
app.command()(deploy.deploy)
app.command()(deploy.destroy)


@app.callback()
def oven(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Options of every command."""
    context.obj = debug


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, those of the process by default, and exit."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(args=arguments, prog_name="oven")
    except PizzaOvenError as error:
        if "--debug" in arguments:
            raise
        print_error(str(error))
        sys.exit(error.exit_code if isinstance(error, KitchenError) else AwsError.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
