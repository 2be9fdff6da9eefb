"""Standard streams that are closed, full, or in an encoding that lacks letters."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from serverless_pizza_oven.errors import ToolError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(ToolError):
    """Standard output could not be written."""


class _Output(io.BufferedWriter):
    """Standard output: a failed write is an error.

    The stream beneath is not written in Python: an interrupt in Python code there could make the buffer write
    the same bytes again.
    """

    def write(self, data: "ReadableBuffer") -> int:
        with self._raised_in_words():
            return super().write(data)

    def flush(self) -> None:
        with self._raised_in_words():
            super().flush()

    @contextmanager
    def _raised_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _discard_output(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"standard output took no more: {error.strerror}") from error


class _ErrorOutput(io.BufferedWriter):
    """Standard error: a failed write is ignored, and the work goes on."""

    def write(self, data: "ReadableBuffer") -> int:
        try:
            return super().write(data)
        except OSError:
            _discard_output(self.fileno())
            return memoryview(data).nbytes

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _discard_output(self.fileno())


def _discard_output(number: int) -> None:
    """Write further output to the null device. What is in the buffer would fail again when Python ends."""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, number)
    os.close(void)


def make_streams_whole() -> None:
    """Open the streams that are closed, and let all take any text. Replaced streams stay as they are.

    Writing to standard output may raise OutputError and BrokenPipeError. Writing to standard error raises
    nothing.
    """
    if sys.stdin is None:
        sys.stdin = open(_void(0, os.O_RDONLY), encoding="utf-8")  # noqa: SIM115 - for as long as the process
    elif isinstance(sys.stdin, io.TextIOWrapper):
        # What is typed may be no text in the encoding of the locale.
        sys.stdin.reconfigure(errors="replace")
    if sys.stdout is sys.__stdout__:
        # A closed one fails like a full disk. On the null device, collected items would be deleted unseen.
        number = sys.stdout.fileno() if sys.stdout else _void(1, os.O_RDONLY)
        sys.stdout = _text(_Output(io.FileIO(number, "w", closefd=False)), sys.stdout)
    if sys.stderr is sys.__stderr__:
        number = sys.stderr.fileno() if sys.stderr else _void(2, os.O_WRONLY)
        sys.stderr = _text(_ErrorOutput(io.FileIO(number, "w", closefd=False)), sys.stderr)


def _void(number: int, flags: int) -> int:
    """Open the null device as the stream of that number."""
    opened = os.open(os.devnull, flags)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return number


def _text(buffer: io.BufferedWriter, before: TextIO | None) -> io.TextIOWrapper:
    """Write text in the encoding of the stream before, with `?` for what that encoding lacks.

    In the C locale Python's streams have the error handler surrogateescape, which fails for such letters.
    """
    encoding, errors = (before.encoding, before.errors) if before else (None, "strict")
    if errors in ("strict", "surrogateescape"):
        errors = "replace"
    return io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True)
