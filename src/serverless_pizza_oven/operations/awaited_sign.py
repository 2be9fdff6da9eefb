"""What can be waited for. In a module of its own: the commands that offer it import little."""

from enum import StrEnum


class Sign(StrEnum):
    """What is waited for."""

    HELD = "held"
    """The item has its slots, and its execution runs."""
    OUT = "out"
    """The item came out of the oven."""
