"""The standard streams, whatever the shell made of them: closed, full, in an encoding that lacks letters."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from serverless_pizza_oven.errors import KitchenError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(KitchenError):
    """Standard output takes no more."""


class _Output(io.BufferedWriter):
    """What is written for somebody: it is an error where that cannot be.

    What writes beneath is no Python: an interrupt there could make the buffer write again what is out.
    """

    def write(self, data: "ReadableBuffer") -> int:
        with self._told():
            return super().write(data)

    def flush(self) -> None:
        with self._told():
            super().flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _write_to_nobody(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"standard output took no more: {error.strerror}") from error


class _Remarks(io.BufferedWriter):
    """What is said beside: where nobody can be told, the work goes on."""

    def write(self, data: "ReadableBuffer") -> int:
        try:
            return super().write(data)
        except OSError:
            _write_to_nobody(self.fileno())
            return memoryview(data).nbytes

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _write_to_nobody(self.fileno())


def _write_to_nobody(number: int) -> None:
    """What is still in the buffer would fail once more when Python ends."""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, number)
    os.close(void)


def make_streams_whole() -> None:
    """Have all three, able to take any text. Whoever replaced them has seen to that.

    Writing to standard output may raise OutputError, and BrokenPipeError; to standard error, nothing.
    """
    if sys.stdin is None:
        sys.stdin = open(_void(0, os.O_RDONLY))  # noqa: SIM115 - for as long as the process
    if sys.stdout is sys.__stdout__:
        # One that was closed is as a full disk: in a void, what is collected and then deleted would be gone.
        number = sys.stdout.fileno() if sys.stdout else _void(1, os.O_RDONLY)
        sys.stdout = _text(_Output(io.FileIO(number, "w", closefd=False)), sys.stdout)
    if sys.stderr is sys.__stderr__:
        number = sys.stderr.fileno() if sys.stderr else _void(2, os.O_WRONLY)
        sys.stderr = _text(_Remarks(io.FileIO(number, "w", closefd=False)), sys.stderr)


def _void(number: int, flags: int) -> int:
    """Open it as the stream of that number."""
    opened = os.open(os.devnull, flags)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return number


def _text(buffer: io.BufferedWriter, before: TextIO | None) -> io.TextIOWrapper:
    encoding, errors = (before.encoding, before.errors) if before else (None, None)
    return io.TextIOWrapper(
        buffer,
        encoding=encoding,
        errors="replace" if errors == "strict" else errors,
        line_buffering=True,
    )
