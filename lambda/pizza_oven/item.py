"""What the messages of New Items contain: items to bake, and triggers."""

import json
import re
from dataclasses import dataclass
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.strict_json import (
    decode_object,
    quoted,
    refuse_too_large,
    without_byte_order_mark,
    write_object,
)

MAX_BAKING_TIME_SECS = 31_449_600
"""364 days. An execution ends after a year, so this leaves a day to take the item out of the oven
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}")
"""The characters that are safe in the name of an execution, which has at most 80
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to bake: it takes `size` slots of the oven for `baking_time_secs` seconds."""

    id: str
    baking_time_secs: int
    size: int
    body: str
    """The whole item as JSON, the sender's own fields included. It comes out with the same JSON content."""


LEAVING_ITEMS = "leaving-items"
"""Item Removed's trigger names this item: free the slots of Leaving Items, too, but reconcile nothing.

Release 1.1.0 takes it for any item that is not in the oven, so both may work on the same queues.
"""

PILOT_LIGHT = "pilot-light"
"""The pilot light's trigger names this item: free the slots of Leaving Items, and reconcile."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Asks Bake Items to look at the waiting line and, if an item is named, to reconcile that item."""

    item_id: str | None = None

    @property
    def body(self) -> str:
        """As a message of New Items."""
        return json.dumps({"type": "trigger"} | ({"item": self.item_id} if self.item_id is not None else {}))


def parse(body: str, capacity: int | None) -> Item | Trigger:
    """Read a message body for an oven of `capacity` slots, or for any oven if that is None.

    A byte order mark before the item is dropped. Raises MalformedItemError with the reason.
    """
    body = without_byte_order_mark(body)
    refuse_too_large(body)
    fields = decode_object(body)
    if fields.get("type") == "trigger" and fields.keys() <= {"type", "item"}:
        return Trigger(_valid_id(fields["item"], "item") if "item" in fields else None)
    return _item(fields, body, capacity)


def parse_fields(fields: dict[str, Any]) -> Item:
    """An item from JSON that is parsed already, of any size. Raises MalformedItemError."""
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


def _with_whole_numbers(fields: dict[str, Any], secs: int, size: int) -> str:
    """The item without a point or an exponent in its time and its size.

    A Wait state takes only integers
    (https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-wait-state.html).
    """
    body = write_object({**fields, "bakingTimeSecs": secs, **({"size": size} if "size" in fields else {})})
    refuse_too_large(body, " once its numbers are written anew")
    return body


def _required(fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        raise MalformedItemError(f"{name} is missing")
    return fields[name]


def _valid_id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedItemError(
            f"{name} must be 1 to 80 characters of A-Z a-z 0-9 _ . -", f", not {quoted(value)}"
        )
    return value


def _whole_number(value: Any, name: str, unit: str, least: int, most: int | None) -> int:
    # To JSON 20.0 and 2e1 are the integer 20, and many languages write it so.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    # A bool is an int to Python, but `true` is no number of seconds.
    if type(number) is not int or number < least or (most is not None and number > most):
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise MalformedItemError(
            f"{name} must be a whole number of {unit} {bounds}", f", not {quoted(value)}"
        )
    return number
