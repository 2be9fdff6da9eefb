"""Names that are chosen for an oven, and what the template and AWS take for one."""

import re

from serverless_pizza_oven.errors import UsageError

DEFAULT_PREFIX = "spo"
DEFAULT_TABLE = "BakingTable"
"""As in the template."""

PREFIX = "[A-Za-z0-9_-]{1,60}"
"""As in the template. The longest queue's name is 18 characters longer; SQS takes 80."""

STACK = "[a-zA-Z][-a-zA-Z0-9]*"
STACK_IN_AN_EMULATOR = "spo"
"""What a stack in an emulator is called if nobody says."""

MAX_CAPACITY = 4000
"""Of slots, as in the template."""

MAX_STACK = 52
"""A function's name has 64 characters at most, of which `-ItemRemoved` is 12."""


def check_stack(name: str) -> None:
    """Raises UsageError where CloudFormation would not take it, or a function's name became too long."""
    if not re.fullmatch(STACK, name):
        raise UsageError(f"--stack must be a letter and then letters, digits and hyphens, not {name!r}")
    if len(name) > MAX_STACK:
        raise UsageError(
            f"--stack {name} is too long: the functions' names need one of {MAX_STACK} characters at most"
        )


def check_prefix(prefix: str) -> None:
    """Raises UsageError where the template would refuse it."""
    if not re.fullmatch(PREFIX, prefix):
        raise UsageError(f"--prefix must be 1 to 60 characters of A-Z a-z 0-9 _ -, not {prefix!r}")


def table_of(prefix: str) -> str:
    """The table of an oven whose queues' names begin so."""
    return f"{prefix}-BakingTable"
