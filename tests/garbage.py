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


def noise(dice: random.Random) -> str:
    """Characters of all planes."""
    text = "".join(chr(dice.choice([dice.randrange(32, 127), dice.randrange(0x110000)])) for _ in range(40))
    return UNSENDABLE.sub("", text.encode(errors="replace").decode()) or " "


def cut(dice: random.Random) -> str:
    """An item whose end is cut off, or with one character replaced."""
    body = json.dumps(_item(dice))
    where = dice.randrange(1, len(body))
    return body[:where] + dice.choice(["", dice.choice('{}[]",:0eE.-\\') + body[where + 1 :]])


def deep(dice: random.Random) -> str:
    """Brackets in brackets."""
    levels = dice.choice([99, 100, 101, 5000])
    opened, closed = dice.choice([("[", "]"), ('{"a":', "}")])
    return '{"id": "deep", "bakingTimeSecs": 1, "x": ' + opened * levels + "0" + closed * levels + "}"


def huge_number(dice: random.Random) -> str:
    """Numbers that many parsers cannot read."""
    number = dice.choice(
        ["9" * dice.randrange(300, 5000), f"1e{dice.randrange(300, 10**6)}", "NaN", "-Infinity"]
    )
    return f'{{"id": "huge", "bakingTimeSecs": {dice.choice([number, "1"])}, "price": {number}}}'


def oversize(dice: random.Random) -> str:
    """A body that is a little too large."""
    return json.dumps({**_item(dice), "topping": "x" * (MAX_ITEM_BYTES + dice.randrange(2000))})


def twice_named(dice: random.Random) -> str:
    """An object with a repeated name."""
    name = dice.choice(["id", "bakingTimeSecs", "size"])
    return json.dumps(_item(dice))[:-1] + f', "{name}": {json.dumps(dice.choice(ODD_VALUES))}}}'


def odd_value(dice: random.Random) -> str:
    """An item with a value that is not allowed."""
    return json.dumps({**_item(dice), dice.choice(["id", "bakingTimeSecs", "size"]): dice.choice(ODD_VALUES)})


def too_big(dice: random.Random) -> str:
    """An item that is larger than any oven."""
    return json.dumps({**_item(dice), "size": dice.randrange(15, 10**9)})


def forged_trigger(dice: random.Random) -> str:
    """A trigger, usually with a name."""
    named: dict[str, Any] = dice.choice([{}, {"item": _id(dice)}, {"item": dice.choice(ODD_VALUES)}])
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


def _item(dice: random.Random) -> dict[str, Any]:
    return {"id": _id(dice), "bakingTimeSecs": dice.randrange(3), "size": dice.randrange(1, 4)}


def _id(dice: random.Random) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randrange(1, 81)))
