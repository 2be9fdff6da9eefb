"""Commands that were renamed, under the names of version 1."""

from collections.abc import Sequence

from serverless_pizza_oven.cli.messages import say

_MOVED = {"redrive": "dlq redrive", "discard": "dlq discard"}
_OF_DLQ = ("list", "redrive", "discard", "--help")


def renamed(arguments: Sequence[str]) -> list[str]:
    """The arguments with the name of today. A line on standard error says so of an old one."""
    old, *rest = arguments
    if old == "dlq" and rest[:1] and rest[0] in _OF_DLQ:
        return list(arguments)
    new = "dlq list" if old == "dlq" else _MOVED.get(old)
    if new is None:
        return list(arguments)
    say(f"oven {old} is now oven {new}. The old name still works.")
    return [*new.split(), *rest]
