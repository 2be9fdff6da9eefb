"""Files that can be read several times: a named file, or a copy of a pipe or of standard input."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serverless_pizza_oven.errors import UsageError

STDIN = "-"

MAX_COPIED_BYTES = 2_000_000_000
"""The most bytes that are copied from a pipe."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that can be read as often as needed."""

    path: Path
    name: str
    """As the user wrote it."""
    copy: object = None
    """The temporary file that holds a pipe's content; deleted with the last reference to it."""

    @property
    def short_name(self) -> str:
        """The name without its folder, or the whole name of a pipe."""
        return self.name if self.copy else self.path.name


class InputFiles:
    """Finds files by name, and copies each pipe once."""

    def __init__(self, open_stdin: Callable[[], BinaryIO] | None = None) -> None:
        """Without `open_stdin` the name `-` means no file."""
        self._open_stdin = open_stdin
        self._copies: dict[str, InputFile] = {}

    def find(self, name: str) -> InputFile | None:
        """Return the file of this name, standard input for `-`, or None if there is none.

        Raises UsageError where it cannot be copied.
        """
        if name == STDIN and self._open_stdin:
            return self._copy_of(name, "standard input", self._open_stdin)
        if not (name and os.path.exists(name)):  # noqa: PTH110 - Path.exists raises for some names
            return None
        path = Path(name)
        if path.is_fifo():
            return self._copy_of(name, name, lambda: path.open("rb"))
        return InputFile(path, name)

    def _copy_of(self, key: str, name: str, open_pipe: Callable[[], BinaryIO]) -> InputFile:
        if key not in self._copies:
            self._copies[key] = _copy(name, open_pipe)
        return self._copies[key]


def _copy(name: str, open_pipe: Callable[[], BinaryIO]) -> InputFile:
    try:
        # The pipe first: without standard input, the copy could get its number, and be read as it.
        with open_pipe() as pipe:
            copy = tempfile.NamedTemporaryFile(prefix="oven-")  # noqa: SIM115 - closed when it is collected
            while chunk := pipe.read(1 << 20):
                copy.write(chunk)
                if copy.tell() > MAX_COPIED_BYTES:
                    raise UsageError(f"{name} holds more than 2 GB: write it to a file first")
        copy.flush()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    return InputFile(Path(copy.name), name, copy)
