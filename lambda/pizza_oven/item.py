"""What arrives in New Items: items to bake, and triggers."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pizza_oven.errors import MalformedItemError

MAX_BAKING_TIME_SECS = 31_449_600
"""364 days. An execution ends after a year, so this leaves a day to take the item out of the oven
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

MAX_ITEM_BYTES = 64 * 1024
"""SQS bills each 64 KB as a request, and Step Functions takes at most 256 KiB of input."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}")
"""What is safe in an execution name, of which 80 characters are allowed
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""

MAX_NESTING = 100
"""Levels of objects and arrays in an item."""

MAX_DIGITS = 308
"""Of a whole number: what JSON readers that know only floats can still hold."""

_BYTE_ORDER_MARK = "\ufeff"
"""Some editors and shells put it before a text. A reader of JSON may pass over it (RFC 8259, section 8.1)."""

_BRACKET = re.compile(r"[{}\[\]]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

UNSENDABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that SQS refuses
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to bake: it takes `size` slots of the oven for `baking_time_secs` seconds."""

    id: str
    baking_time_secs: int
    size: int
    body: str
    """The whole item as JSON, the sender's own fields included. It comes out of the oven as it is."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Asks Bake Items to look at the waiting line and, if an item is named, into that item too."""

    item_id: str | None = None

    @property
    def body(self) -> str:
        """As a message of New Items."""
        return json.dumps({"type": "trigger"} | ({"item": self.item_id} if self.item_id is not None else {}))


def parse(body: str, capacity: int | None) -> Item | Trigger:
    """Read a message body for an oven of `capacity` slots; for None any size will do.

    A byte order mark before the item is dropped. Raises MalformedItemError with the reason.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    _refuse_too_large(body)
    fields = _object(body)
    if fields.get("type") == "trigger" and fields.keys() <= {"type", "item"}:
        return Trigger(_valid_id(fields["item"], "item") if "item" in fields else None)
    return _item(fields, body, capacity)


def read_object(body: str) -> dict[str, Any]:
    """Read the JSON object that a message body must be, of any size.

    Raises MalformedItemError with the reason.
    """
    return _object(body.removeprefix(_BYTE_ORDER_MARK))


def _object(body: str) -> dict[str, Any]:
    _refuse_deep_nesting(body)
    try:
        fields = _DECODER.decode(body)
    except json.JSONDecodeError as error:
        raise MalformedItemError(f"the message is not JSON: {error.msg}: {_place(error)}") from None
    if not isinstance(fields, dict):
        raise MalformedItemError("the message must be a JSON object", f", not {_shown(fields)}")
    return fields


def write_object(fields: Mapping[str, Any]) -> str:
    """A JSON object as a message body."""
    return sendable(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


def sendable(text: str) -> str:
    """JSON in which those characters are escaped that SQS refuses."""
    return UNSENDABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def parse_fields(fields: dict[str, Any]) -> Item:
    """Make an item of JSON that was parsed by others, whatever its size. Raises MalformedItemError."""
    return _item(fields, write_object(fields), None)


def _item(fields: dict[str, Any], body: str, capacity: int | None) -> Item:
    item_id = _valid_id(_required(fields, "id"), "id")
    try:
        secs = _whole_number(
            _required(fields, "bakingTimeSecs"), "bakingTimeSecs", "seconds", 0, MAX_BAKING_TIME_SECS
        )
        size = _whole_number(fields.get("size", 1), "size", "slots", 1, capacity)
        if isinstance(fields["bakingTimeSecs"], float) or isinstance(fields.get("size"), float):
            body = _with_whole_numbers(fields, secs, size)
        return Item(item_id, secs, size, body)
    except MalformedItemError as error:
        error.item_id = item_id
        raise


def _with_whole_numbers(fields: Mapping[str, Any], secs: int, size: int) -> str:
    """The item without a point or an exponent in its time and its size.

    A Wait state takes an integer alone
    (https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-wait-state.html).
    """
    body = write_object({**fields, "bakingTimeSecs": secs, **({"size": size} if "size" in fields else {})})
    _refuse_too_large(body, " once its numbers are written anew")
    return body


def _required(fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        raise MalformedItemError(f"{name} is missing")
    return fields[name]


def _refuse_too_large(body: str, when: str = "") -> None:
    size_in_bytes = len(body.encode(errors="surrogatepass"))
    if size_in_bytes > MAX_ITEM_BYTES:
        raise MalformedItemError(
            f"the item must be at most {MAX_ITEM_BYTES} bytes{when}", f", not {size_in_bytes}"
        )


def _refuse_deep_nesting(body: str) -> None:
    # Parsers give up at depths of their own: this one, those of other Python versions, and Step Functions'.
    if body.count("{") + body.count("[") <= MAX_NESTING:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", body)):
        depth += 1 if bracket in "{[" else -1
        if depth > MAX_NESTING:
            raise MalformedItemError(f"the message is nested deeper than {MAX_NESTING} levels")


def _place(error: json.JSONDecodeError) -> str:
    # A line of a file is a message of one line: its number there is another one.
    column = f"column {error.colno}"
    return f"line {error.lineno} {column}" if "\n" in error.doc.strip() else column


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of two values counts is another one for each parser: here, in Step Functions, at the receiver's.
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedItemError("the message says a name twice", f": {_shown(twice)}")
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


def _valid_id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedItemError(
            f"{name} must be 1 to 80 characters of A-Z a-z 0-9 _ . -", f", not {_shown(value)}"
        )
    return value


def _whole_number(value: Any, name: str, unit: str, least: int, most: int | None) -> int:
    # To JSON 20.0 and 2e1 are the integer 20, and many languages write it so.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    # A bool is an int to Python, but true seconds are no time.
    if type(number) is not int or number < least or (most is not None and number > most):
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise MalformedItemError(
            f"{name} must be a whole number of {unit} {bounds}", f", not {_shown(value)}"
        )
    return number


def _shown(value: Any) -> str:
    # Plain ASCII, since an SQS message attribute refuses control characters.
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
