"""Options of the form NAME=VALUE."""

import json
from collections.abc import Iterable
from typing import Any

from serverless_pizza_oven.errors import UsageError


def read_assignments(option: str, texts: Iterable[str], form: str = "NAME=VALUE") -> dict[str, str]:
    """Read the values of a repeatable option. Raises UsageError for another form, and if a name repeats."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} takes {form}, not {text!r}")
        if name in values:
            raise UsageError(f"{option} {name} is given twice")
        values[name] = value
    return values


def read_fields(option: str, texts: Iterable[str]) -> dict[str, Any]:
    """Read fields of an item: each value is JSON, or else text. Raises UsageError."""
    return {name: _value(value) for name, value in read_assignments(option, texts).items()}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
