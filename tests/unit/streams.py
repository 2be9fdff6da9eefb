"""Files and pipes, as a command reads them."""

import io


class Pipe(io.RawIOBase):
    """Brings what is written into it bit by bit, and cannot be read twice."""

    def __init__(self, *bits: bytes) -> None:
        self._bits = list(bits)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        bit = self._bits.pop(0) if self._bits else b""
        buffer[: len(bit)] = bit
        return len(bit)


def stream(text: str | bytes) -> io.BufferedReader:
    """A file of this content."""
    return io.BufferedReader(io.BytesIO(text.encode() if isinstance(text, str) else text))


def pipe(*bits: bytes) -> io.BufferedReader:
    """A pipe that brings one bit after another."""
    return io.BufferedReader(Pipe(*bits))
