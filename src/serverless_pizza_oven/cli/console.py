"""Tables on standard output."""

import sys

from rich.console import Console

WIDE = 1000
"""The width where there is no terminal: no line is broken."""


def console() -> Console:
    """A console for tables. Their text is no markup."""
    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False)
