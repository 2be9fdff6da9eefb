"""JSON as the oven takes it: only what every reader along the way understands in the same way.

Step Functions, the SDKs and the receivers of an item parse it with parsers of their own. A name given
twice, a number that no double holds or very deep nesting would mean another thing to each of them, so
they are refused here.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from pizza_oven.errors import MalformedItemError

MAX_ITEM_BYTES = 64 * 1024
"""SQS bills each 64 KB as a request, and Step Functions takes at most 256 KiB of input."""

MAX_NESTING = 100
"""Levels of objects and arrays in an item."""

MAX_DIGITS = 308
"""Of a whole number: JSON parsers that know only floats can still hold it."""

UNSENDABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that SQS refuses
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""

_BRACKET = re.compile(r"[{}\[\]]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def read_object(body: str) -> dict[str, Any]:
    """Read the JSON object that a message body must be, of any size.

    Raises MalformedItemError with the reason.
    """
    return decode_object(without_byte_order_mark(body))


def decode_object(body: str) -> dict[str, Any]:
    """As `read_object`, of a body without a byte order mark."""
    _refuse_deep_nesting(body)
    try:
        fields = _DECODER.decode(body)
    except json.JSONDecodeError as error:
        raise MalformedItemError(f"the message is not JSON: {error.msg}: {_place(error)}") from None
    if not isinstance(fields, dict):
        raise MalformedItemError("the message must be a JSON object", f", not {quoted(fields)}")
    return fields


def without_byte_order_mark(body: str) -> str:
    """Some editors and shells put the mark before a text. RFC 8259, section 8.1, lets a reader skip it."""
    return body.removeprefix("\ufeff")


def refuse_too_large(body: str, when: str = "") -> None:
    """Raise MalformedItemError if a body has more than MAX_ITEM_BYTES."""
    size_in_bytes = len(body.encode(errors="surrogatepass"))
    if size_in_bytes > MAX_ITEM_BYTES:
        raise MalformedItemError(
            f"the item must be at most {MAX_ITEM_BYTES} bytes{when}", f", not {size_in_bytes}"
        )


def write_object(fields: Mapping[str, Any]) -> str:
    """A JSON object as a message body."""
    return sendable(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


def sendable(text: str) -> str:
    """JSON with those characters escaped that SQS refuses."""
    return UNSENDABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def quoted(value: Any) -> str:
    """A value as a reason quotes it: short, and in ASCII, since a message attribute refuses control
    characters."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refuse_deep_nesting(body: str) -> None:
    # Checked before parsing: each parser gives up at a depth of its own.
    if body.count("{") + body.count("[") <= MAX_NESTING:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", body)):
        depth += 1 if bracket in "{[" else -1
        if depth > MAX_NESTING:
            raise MalformedItemError(f"the message is nested deeper than {MAX_NESTING} levels")


def _place(error: json.JSONDecodeError) -> str:
    # The line is told only for a body of several lines: a line of a file has another number there.
    column = f"column {error.colno}"
    return f"line {error.lineno} {column}" if "\n" in error.doc.strip() else column


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedItemError("the message says a name twice", f": {quoted(twice)}")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedItemError(f"the message is not JSON: {name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedItemError("the message holds a number that is too large", f": {digits[:40]}...")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise MalformedItemError("the message holds a number that is too large", f": {digits[:40]}")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer
)
