"""Work: a function or workflow of the user, which runs for each item in place of the wait.

Its result comes out with the item. If it fails, the item is a dead letter. Its slots are freed either way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pizza_oven.item import Item, parse_fields
from pizza_oven.strict_json import write_object

MAX_RESULT_BYTES = 200 * 1024
"""With an item of 64 KB it fits into a message of Baked Items, and alone into the input of a task
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


@dataclass(frozen=True, slots=True)
class Worked:
    """An item whose work has ended."""

    item: Item
    """With the result, if there is one."""
    failure: str = ""
    """Why it failed. Empty if it did not."""


def worked(fields: dict[str, Any], ended: Mapping[str, Any]) -> Worked:
    """What became of an item: `ended` is what the state machine knows when its work is over.

    That is the result, or the error with its cause; or neither of a held item, on which nothing works.
    """
    item = parse_fields(fields)
    if ended.keys() == {"result"}:
        return _with_result(item, fields, ended["result"])
    if "Error" in ended and ended.keys() <= {"Error", "Cause"}:
        cause = f": {ended['Cause']}" if ended.get("Cause") else ""
        return Worked(item, f"its work ended as {ended['Error']}{cause}")
    return Worked(item)


def _with_result(item: Item, fields: dict[str, Any], result: object) -> Worked:
    size = len(json.dumps(result, ensure_ascii=False).encode())
    if size > MAX_RESULT_BYTES:
        return Worked(item, f"its work returned {size} bytes, more than {MAX_RESULT_BYTES}: return less")
    body = write_object({**fields, "result": result})
    return Worked(Item(item.id, item.baking_time_secs, item.size, body))
