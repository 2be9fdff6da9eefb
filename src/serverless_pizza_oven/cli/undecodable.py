"""Refuses arguments whose bytes are not text. Python passes such bytes on as lone surrogates."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, get_args, get_origin

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.text import plain

FILE = "FILE"
"""The metavar of options that name a file. Such a name need not be text."""

COMMAND = "COMMAND"
"""The metavar of a command to run, whose arguments need not be text either."""


def check_text(arguments: Mapping[str, Any], annotations: Mapping[str, Any]) -> None:
    """Raises UsageError where an argument is no text. Else it would go into items and requests as it is.

    The `annotations` tell which arguments are names of files.
    """
    for name, value in arguments.items():
        if not _may_be_no_text(annotations[name]):
            for text in _texts(value):
                _check(text)


def _may_be_no_text(annotation: Any) -> bool:
    declared = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return any(getattr(each, "metavar", None) in (FILE, COMMAND) for each in declared)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _check(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        shown = os.fsencode(text).decode(encoding, "backslashreplace")
        raise UsageError(
            f"the argument {plain(shown)} is no text in {encoding}, the encoding of this terminal"
        ) from None
