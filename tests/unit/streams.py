"""Files and pipes, as a command reads them."""

import io
from collections.abc import Iterable


class Pipe(io.RawIOBase):
    """A pipe that delivers its content piece by piece and cannot be read twice."""

    def __init__(self, bits: Iterable[bytes]) -> None:
        self._bits = iter(bits)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        bit = next(self._bits, b"")
        buffer[: len(bit)] = bit
        return len(bit)


def stream(text: str | bytes) -> io.BufferedReader:
    """A file of this content."""
    return io.BufferedReader(io.BytesIO(text.encode() if isinstance(text, str) else text))


def pipe(*bits: bytes) -> io.BufferedReader:
    """A pipe that delivers these pieces one after another."""
    return endless_pipe(bits)


def endless_pipe(bits: Iterable[bytes]) -> io.BufferedReader:
    """A pipe that delivers as many pieces as are read."""
    return io.BufferedReader(Pipe(bits), buffer_size=1 << 20)
