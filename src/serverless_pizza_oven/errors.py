"""The errors of the tools. The commands print the text on a line or two, and exit with the code."""

from pizza_oven.errors import PizzaOvenError


class ToolError(PizzaOvenError):
    """Something failed. The text says what happened, with the values, and what to do."""

    exit_code = 1


class UsageError(ToolError):
    """Options or arguments are invalid, or do not go together."""

    exit_code = 2


class AwsError(ToolError):
    """AWS refused a request, or could not be reached."""

    exit_code = 3


class DeploymentError(ToolError):
    """There is no such stack, or CloudFormation could not create, change or delete it."""

    exit_code = 4


def describe_error(error: Exception) -> str:
    """The text of an error; of an unexpected one, its class as well."""
    return str(error) if isinstance(error, PizzaOvenError) else f"{type(error).__name__}: {error}"
