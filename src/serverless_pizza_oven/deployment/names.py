"""The names of an oven: defaults, and what the template and AWS accept."""

import re

from serverless_pizza_oven.errors import UsageError

DEFAULT_PREFIX = "spo"
DEFAULT_TABLE = "BakingTable"
"""As in the template."""

DEFAULT_CAPACITY = 14
"""In slots, as in the template. A command's help tells it, and reading the template takes long."""

PREFIX = "[A-Za-z0-9_-]{1,60}"
"""As in the template. The longest queue name is 18 characters longer; SQS allows 80."""

STACK = "[a-zA-Z][-a-zA-Z0-9]*"
STACK_IN_AN_EMULATOR = "spo"
"""The default name of a stack in an emulator."""

ROLE_ARN = r"arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+"

MAX_CAPACITY = 4000
"""The most slots, as in the template."""

MAX_STACK = 52
"""The longest name of a stack. A function's name has at most 64 characters, and `-ItemRemoved` takes 12 of
them (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)."""


def check_stack(name: str) -> None:
    """Raises UsageError if CloudFormation would refuse the name, or a function's name would be too long."""
    if not re.fullmatch(STACK, name):
        raise UsageError(f"--stack must be a letter and then letters, digits and hyphens, not {name!r}")
    if len(name) > MAX_STACK:
        raise UsageError(
            f"--stack {name} has {len(name)} characters: the functions' names allow at most {MAX_STACK}"
        )


def check_prefix(prefix: str) -> None:
    """Raises UsageError if the template would refuse it."""
    if not re.fullmatch(PREFIX, prefix):
        raise UsageError(f"--prefix must be 1 to 60 characters of A-Z a-z 0-9 _ -, not {prefix!r}")


def check_role_arn(arn: str) -> str:
    """Return the ARN of a role as it is. Raises UsageError if it is none."""
    if not re.fullmatch(ROLE_ARN, arn):
        raise UsageError(f"--role-arn must be the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME, not {arn!r}")
    return arn


def check_tag(key: str, value: str) -> None:
    """Raises UsageError if CloudFormation would refuse the tag.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    if key.lower().startswith("aws:"):
        raise UsageError(f"--tag {key}: AWS keeps tags that begin with aws: for itself")
    if not 1 <= len(key) <= 128 or len(value) > 256:
        raise UsageError(f"--tag {key}={value}: a key has 1 to 128 characters, a value at most 256")


def table_of(prefix: str) -> str:
    """The name of the table that belongs to a prefix of queue names."""
    return f"{prefix}-BakingTable"
