"""What can go wrong around the oven. The command prints these in a line or two, and exits with their code."""

from pizza_oven.errors import PizzaOvenError


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
    """CloudFormation could not make, change or delete the stack."""

    exit_code = 4
