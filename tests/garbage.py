"""Malformed messages of several kinds, as a hostile sender may send them, drawn at random.

SQS accepts all bodies: they have no control characters and no surrogates.
"""

import json
import random
import string
from collections.abc import Callable
from typing import Any

from pizza_oven.strict_json import MAX_ITEM_BYTES, UNSENDABLE

LETTERS = string.ascii_letters + string.digits + "_.-"
ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    "",
    "x",
    "5",
    -1,
    0,
    1.5,
    15,
    10**30,
    1e300,
    [],
    {},
    [[]],
    "\u00e9",
]


def noise(chooser: random.Random) -> str:
    """Characters of all planes."""
    text = "".join(
        chr(chooser.choice([chooser.randrange(32, 127), chooser.randrange(0x110000)])) for _ in range(40)
    )
    return UNSENDABLE.sub("", text.encode(errors="replace").decode()) or " "


def cut(chooser: random.Random) -> str:
    """An item whose end is cut off, or with one character replaced."""
    body = json.dumps(_item(chooser))
    where = chooser.randrange(1, len(body))
    return body[:where] + chooser.choice(["", chooser.choice('{}[]",:0eE.-\\') + body[where + 1 :]])


def deep(chooser: random.Random) -> str:
    """Brackets in brackets."""
    levels = chooser.choice([99, 100, 101, 5000])
    opened, closed = chooser.choice([("[", "]"), ('{"a":', "}")])
    return '{"id": "deep", "bakingTimeSecs": 1, "x": ' + opened * levels + "0" + closed * levels + "}"


def huge_number(chooser: random.Random) -> str:
    """Numbers that many parsers cannot read."""
    number = chooser.choice(
        ["9" * chooser.randrange(300, 5000), f"1e{chooser.randrange(300, 10**6)}", "NaN", "-Infinity"]
    )
    return f'{{"id": "huge", "bakingTimeSecs": {chooser.choice([number, "1"])}, "price": {number}}}'


def oversize(chooser: random.Random) -> str:
    """A body that is a little too large."""
    return json.dumps({**_item(chooser), "topping": "x" * (MAX_ITEM_BYTES + chooser.randrange(2000))})


def twice_named(chooser: random.Random) -> str:
    """An object with a repeated name."""
    name = chooser.choice(["id", "bakingTimeSecs", "size"])
    return json.dumps(_item(chooser))[:-1] + f', "{name}": {json.dumps(chooser.choice(ODD_VALUES))}}}'


def odd_value(chooser: random.Random) -> str:
    """An item with a value that is not allowed."""
    return json.dumps(
        {**_item(chooser), chooser.choice(["id", "bakingTimeSecs", "size"]): chooser.choice(ODD_VALUES)}
    )


def too_big(chooser: random.Random) -> str:
    """An item that is larger than any oven."""
    return json.dumps({**_item(chooser), "size": chooser.randrange(15, 10**9)})


def forged_trigger(chooser: random.Random) -> str:
    """A trigger, usually with a name."""
    named: dict[str, Any] = chooser.choice([{}, {"item": _id(chooser)}, {"item": chooser.choice(ODD_VALUES)}])
    return json.dumps({"type": "trigger", **named})


KINDS: list[Callable[[random.Random], str]] = [
    noise,
    cut,
    deep,
    huge_number,
    oversize,
    twice_named,
    odd_value,
    too_big,
    forged_trigger,
]


def _item(chooser: random.Random) -> dict[str, Any]:
    return {"id": _id(chooser), "bakingTimeSecs": chooser.randrange(3), "size": chooser.randrange(1, 4)}


def _id(chooser: random.Random) -> str:
    return "".join(chooser.choices(LETTERS, k=chooser.randrange(1, 81)))
