"""Decodes the lines of files that other programs wrote."""

import codecs

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode_line(line: bytes, number: int) -> str:
    """Decode line `number` of a file, from 1, as UTF-8; a byte order mark in the first is dropped.

    Raises ValueError that says how to convert the file.
    """
    if number == 1:
        if line.startswith(_UTF_16):
            raise ValueError("the file is UTF-16, not UTF-8: convert it, as by iconv -f UTF-16 -t UTF-8")
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ValueError("the line is not UTF-8: save or convert the file as UTF-8") from None
