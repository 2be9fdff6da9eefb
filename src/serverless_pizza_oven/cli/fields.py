"""Fields of an item as they are given on a command line."""

import json
from collections.abc import Iterable
from typing import Any

from serverless_pizza_oven.errors import UsageError


def read_fields(option: str, texts: Iterable[str]) -> dict[str, Any]:
    """Read `name=value`: a JSON value where it is one, else text. Raises UsageError."""
    fields: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} takes name=value, such as table=7, not {text}")
        if name in fields:
            raise UsageError(f"{option} {name} is given twice")
        fields[name] = _value(value)
    return fields


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
