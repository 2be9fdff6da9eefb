"""Items from a file: CSV with a line of column names, or JSON Lines.

    time,id,bakingTimeSecs,size              {"time": 0, "id": "a", "bakingTimeSecs": 20}
    0,a,20,1                                 {"time": 1.5, "bakingTimeSecs": 30, "size": 2}
    1.5,b,30,2                               {"time": 3}

`time` is in seconds from any moment, or a date and time such as 2026-11-23T12:00:03Z; the lines are in its
order. Whatever else is missing is made up. Other columns and fields are the sender's own.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

from kitchen.errors import UsageError
from kitchen.planning.orders import BAKING, SIZE, Order, made_up_id, stream
from kitchen.planning.spread import Spread
from kitchen.simulation.dice import Dice
from kitchen.simulation.loop import micros
from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse, read_object, write_object

LATEST = 10_000_000_000
"""Seconds: later than any date, and earlier than milliseconds since 1970 would be."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)

NUMBERS = ("bakingTimeSecs", "size")

Fields = dict[str, Any]


class Lines:
    """The lines of a file that hold an item, each as the fields it names."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self.number = 0
        """Of the line that was read last."""
        self._file = file

    def __iter__(self) -> Iterator[Fields]:
        """Raises ValueError, csv.Error and MalformedItemError."""
        texts = self._texts()
        first = next(texts, "")
        if first.startswith("{"):
            yield read_object(first)
            yield from map(read_object, texts)
        else:
            columns = [name.strip() for name in next(csv.reader([first]), [])]
            if "time" not in columns:
                raise ValueError("it must name the columns, of which one is called time, or be a JSON object")
            yield from (_cells(columns, cells) for cells in csv.reader(texts, strict=True))

    def _texts(self) -> Iterator[str]:
        for line in self._file:
            self.number += 1
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8").strip()
            if text:
                yield text


@dataclass(frozen=True, slots=True)
class FromFile:
    """Implements Orders: the items of a file, which is read anew each time."""

    path: Path
    count: int
    """How many of them."""
    says: frozenset[str]
    """Which fields there are."""
    baking_secs: Spread
    slots: Spread
    """Of the items whose lines do not say."""

    @property
    def arrivals(self) -> str:
        return f"as in {self.path.name}"

    @property
    def baking(self) -> str:
        return self.arrivals if "bakingTimeSecs" in self.says else f"{self.baking_secs.text} s"

    @property
    def sizes(self) -> str:
        return self.arrivals if "size" in self.says else self.slots.text

    @property
    def ids_repeat(self) -> bool:
        return "id" in self.says

    def each(self, seed: int) -> Iterator[Order]:
        return islice(
            _orders(self.path, self.baking_secs, self.slots, stream(seed, 1), None, set()), self.count
        )


def read(
    path: Path, capacity: int, most: int | None = None, baking_secs: Spread = BAKING, slots: Spread = SIZE
) -> FromFile:
    """The items of a file, or the first `most`, for an oven of `capacity` slots.

    All of them are looked through. Raises UsageError that names the first line with which something is wrong.
    """
    says: set[str] = set()
    orders = _orders(path, baking_secs, slots, stream(0, 1), capacity, says)
    count = sum(1 for _ in islice(orders, most))
    if not count:
        raise UsageError(f"{path}: there are no items in it")
    return FromFile(path, count, frozenset(says), baking_secs, slots)


def _orders(
    path: Path, baking_secs: Spread, slots: Spread, dice: Dice, capacity: int | None, says: set[str]
) -> Iterator[Order]:
    """Read a file, and add the names of its fields to `says`."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no regular file: it is read more than once")
    try:
        with path.open("rb") as file:
            lines = Lines(file)
            try:
                yield from _in_order(lines, baking_secs, slots, dice, capacity, says)
            except (ValueError, csv.Error, MalformedItemError) as error:
                raise UsageError(f"{path}, line {max(lines.number, 1)}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _in_order(
    lines: Lines, baking_secs: Spread, slots: Spread, dice: Dice, capacity: int | None, says: set[str]
) -> Iterator[Order]:
    begun = before = None
    for number, fields in enumerate(lines, 1):
        says.update(fields)
        moment = _moment(fields.get("time"))
        if before is not None and moment < before:
            raise ValueError(f"the time {fields['time']} is before that of the line above: sort them by time")
        before = moment
        begun = moment if begun is None else begun
        made_up = {
            "id": made_up_id(number),
            "bakingTimeSecs": baking_secs.draw(dice),
            "size": slots.draw(dice),
        }
        yield moment - begun, _item(made_up | fields, capacity)


def _item(fields: Fields, capacity: int | None) -> Item:
    """The oven's own rules hold. Raises MalformedItemError."""
    # With an id and a time it is no trigger.
    return cast("Item", parse(write_object(fields), capacity))


def _cells(columns: list[str], cells: list[str]) -> Fields:
    """An empty cell says nothing."""
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells, and {len(columns)} columns")
    return {
        column: int(cell) if column in NUMBERS and _WHOLE_NUMBER.fullmatch(cell) else cell
        for column, cell in zip(columns, map(str.strip, cells), strict=True)
        if cell
    }


def _moment(time: object) -> int:
    """In microseconds. Raises ValueError."""
    if isinstance(time, str):
        return _parsed(time)
    if isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time <= LATEST:
        return micros(time)
    raise _no_time(time)


def _parsed(text: str) -> int:
    try:
        return _moment(float(text))
    except ValueError:
        """Then it is a date."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise _no_time(text) from None
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _no_time(time: object) -> ValueError:
    if time is None:
        return ValueError("time is missing")
    return ValueError(
        f"time must be seconds from 0 to {LATEST}, or a date such as 2026-11-23T12:00:00Z, not {time!r:.60}"
    )
