"""What the messages of New Items contain: items, triggers, and what becomes of items that are held."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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


MAX_TOKEN_CHARS = 2048
"""Of a task token (https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to bake: it takes `size` slots of the oven for `baking_time_secs` seconds.

    An item that is held keeps them until it is released, but no longer than that time after its last
    extension.
    """

    id: str
    baking_time_secs: int
    size: int
    body: str
    """The whole item as JSON, the sender's own fields included. It comes out with the same JSON content."""
    hold: bool = False
    """Whether it keeps its slots until it is released."""
    task_token: str | None = field(default=None, repr=False)
    """Of a held item: the Step Functions task that ends when the item has its slots."""
    wait_at_most_secs: int | None = None
    """After this time, an item that has no slots yet becomes a dead letter."""


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


@dataclass(frozen=True, slots=True)
class LeaseExtension:
    """Lets the lease of a held item end `secs` seconds from now."""

    item_id: str
    secs: int

    @property
    def body(self) -> str:
        """As a message of New Items."""
        return json.dumps({"type": "extend", "item": self.item_id, "bakingTimeSecs": self.secs})


@dataclass(frozen=True, slots=True)
class ItemRelease:
    """Frees the slots of an item. An item that has none yet is cancelled: it will never get slots."""

    item_id: str

    @property
    def body(self) -> str:
        """As a message of New Items."""
        return json.dumps({"type": "release", "item": self.item_id})


def cancelling(item_id: str, reason: str = "") -> Item:
    """What is started in place of an item that must never bake: it uses up the name, and takes no slots.

    With a reason, the message of the item becomes a dead letter when it is received. Without one, the message
    is dropped, since its sender released it.
    """
    fields = {"cancelled": item_id, "bakingTimeSecs": 0} | ({"reason": reason} if reason else {})
    return Item(item_id, 0, 0, json.dumps(fields))


def cancelled(body: str) -> str | None:
    """Why an item was cancelled, by the input of its execution. None if that bakes an item."""
    if not body.startswith('{"cancelled"'):
        return None
    fields = json.loads(body)
    return str(fields.get("reason", "")) if is_cancelling(fields) else None


def is_cancelling(fields: Mapping[str, Any]) -> bool:
    """Whether the input of an execution bakes no item, but cancels one."""
    return "cancelled" in fields and "id" not in fields


def parse(body: str, capacity: int | None) -> Item | Trigger | LeaseExtension | ItemRelease:
    """Read a message body for an oven of `capacity` slots, or for any oven if that is None.

    A byte order mark before the item is dropped. Raises MalformedItemError with the reason.
    """
    body = without_byte_order_mark(body)
    refuse_too_large(body)
    fields = decode_object(body)
    if fields.get("type") == "trigger" and fields.keys() <= {"type", "item"}:
        return Trigger(_valid_id(fields["item"], "item") if "item" in fields else None)
    if fields.get("type") == "release" and fields.keys() <= {"type", "item"}:
        return ItemRelease(_valid_id(_required(fields, "item"), "item"))
    if fields.get("type") == "extend" and fields.keys() <= {"type", "item", "bakingTimeSecs"}:
        return LeaseExtension(_valid_id(_required(fields, "item"), "item"), _baking_time(fields))
    return _item(fields, body, capacity)


def parse_fields(fields: dict[str, Any]) -> Item:
    """An item from JSON that is parsed already, of any size. Raises MalformedItemError."""
    return _item(fields, write_object(fields), None)


def _item(fields: dict[str, Any], body: str, capacity: int | None) -> Item:
    item_id = _valid_id(_required(fields, "id"), "id")
    try:
        secs = _baking_time(fields)
        size = _whole_number(fields.get("size", 1), "size", "slots", 1, capacity)
        if isinstance(fields["bakingTimeSecs"], float) or isinstance(fields.get("size"), float):
            body = _with_whole_numbers(fields, secs, size)
        hold = _hold(fields)
        return Item(
            item_id,
            secs,
            size,
            body,
            hold,
            task_token=_task_token(fields) if hold else None,
            wait_at_most_secs=_wait_at_most_secs(fields),
        )
    except MalformedItemError as error:
        error.item_id = item_id
        raise


def _baking_time(fields: dict[str, Any]) -> int:
    return _whole_number(
        _required(fields, "bakingTimeSecs"), "bakingTimeSecs", "seconds", 0, MAX_BAKING_TIME_SECS
    )


def _hold(fields: dict[str, Any]) -> bool:
    hold = fields.get("hold", False)
    if not isinstance(hold, bool):
        raise MalformedItemError("hold must be true or false", f", not {quoted(hold)}")
    return hold


def _task_token(fields: dict[str, Any]) -> str | None:
    token = fields.get("taskToken")
    if token is not None and not (isinstance(token, str) and 1 <= len(token) <= MAX_TOKEN_CHARS):
        # Not quoted: a token can end its task.
        raise MalformedItemError(f"taskToken must be a text of 1 to {MAX_TOKEN_CHARS} characters")
    return token


def _wait_at_most_secs(fields: dict[str, Any]) -> int | None:
    if "waitAtMostSecs" not in fields:
        return None
    return _whole_number(fields["waitAtMostSecs"], "waitAtMostSecs", "seconds", 0, MAX_BAKING_TIME_SECS)


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
