"""What can go wrong around the oven. The command prints these in a line or two, and exits with their code."""

from pizza_oven.errors import PizzaOvenError


def told(error: Exception) -> str:
    """An error in words: also one that nobody thought of."""
    return str(error) if isinstance(error, PizzaOvenError) else f"{type(error).__name__}: {error}"


class KitchenError(PizzaOvenError):
    """Something did not work out. The text says what, and what to do about it."""

    exit_code = 1


class UsageError(KitchenError):
    """The command was called with options that do not go together."""

    exit_code = 2


class AwsError(KitchenError):
    """AWS refused a request, or could not be reached."""

    exit_code = 3


class DeploymentError(KitchenError):
    """There is no such stack, or CloudFormation could not make, change or delete it."""

    exit_code = 4
