"""Lines on standard output, whose reader may go away, and whose disk may be full."""

import contextlib
import os
import sys
from collections.abc import Iterable


def write_lines(lines: Iterable[str]) -> None:
    """Write and flush, in UTF-8 whatever the terminal's encoding. Raises OutputError and BrokenPipeError."""
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()


def report_lines(lines: Iterable[str]) -> None:
    """Write and flush. If the reader has gone, go on in silence: the lines report what was done."""
    with contextlib.suppress(BrokenPipeError):
        write_lines(lines)


def end_last_line() -> None:
    """End the last line of standard output if it is a file that ends within a line: its writer was killed."""
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
