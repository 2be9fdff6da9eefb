"""Reads and decodes the lines of files that other programs wrote."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is not read to its end: it is no item and no record, and may have no end."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file. The last may be the beginning of a line of more than MAX_LINE_BYTES."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line
        if len(line) > MAX_LINE_BYTES:
            return


def decode_line(line: bytes, number: int) -> str:
    """Decode line `number` of a file, from 1, as UTF-8; a byte order mark in the first is dropped.

    Raises ValueError that says how to convert the file, or that the line is longer than MAX_LINE_BYTES.
    """
    if len(line) > MAX_LINE_BYTES:
        is_array = line.lstrip().startswith(b"[")
        hint = ": of a JSON array, write one object per line, as jq -c '.[]' does" if is_array else ""
        raise ValueError(f"the line is longer than 1 MiB{hint}")
    if number == 1:
        if line.startswith(_UTF_16):
            raise ValueError("the file is UTF-16, not UTF-8: convert it, as by iconv -f UTF-16 -t UTF-8")
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ValueError("the line is not UTF-8: save or convert the file as UTF-8") from None
