"""Standard output: tables, and lines that matter, whose reader may go away, and whose disk may be full."""

import contextlib
import os
import sys
from collections.abc import Iterable

from rich.console import Console

WIDE = 1000
"""Where there is no terminal, no line is broken."""


def console() -> Console:
    """For tables. What is in them is no markup."""
    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False)


def write_lines(lines: Iterable[str]) -> None:
    """Write and flush, in UTF-8 whatever the terminal's. Raises OutputError, and BrokenPipeError."""
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()


def tell_lines(lines: Iterable[str]) -> None:
    """Write, and go on in silence if nobody reads any more: what is told of has been done."""
    with contextlib.suppress(BrokenPipeError):
        write_lines(lines)


def end_last_line() -> None:
    """Begin a new line, where standard output is a file that ends within one: someone was killed at it."""
    try:
        size = os.fstat(sys.stdout.fileno()).st_size
        with open(f"/dev/fd/{sys.stdout.fileno()}", "rb") as written:  # noqa: PTH123 - by its number
            written.seek(size - 1)
            unfinished = written.read(1) not in (b"\n", b"")
    except (OSError, ValueError):
        # A pipe, a terminal, an empty file.
        return
    if unfinished:
        write_lines([""])
