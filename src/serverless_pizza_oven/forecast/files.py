"""Items from a file: CSV with a line of column names, or JSON Lines.

    time,id,bakingTimeSecs,size              {"time": 0, "id": "a", "bakingTimeSecs": 20}
    0,a,20,1                                 {"time": 1.5, "bakingTimeSecs": 30, "size": 2}
    1.5,b,30,2                               {"time": 3}

`time` is in seconds from any moment, or a date and time such as 2026-11-23T12:00:03Z, the same in all lines,
which are in its order. Whatever else is missing is made up. Other columns and fields are the sender's own.
"""

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse, read_object, write_object
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrivals import DAY
from serverless_pizza_oven.forecast.orders import BAKING, MOST_DAYS, SIZE, Order, made_up_id, stream
from serverless_pizza_oven.forecast.spread import Spread
from serverless_pizza_oven.simulator.loop import micros
from serverless_pizza_oven.simulator.random_source import RandomSource

LATEST = 10_000_000_000
"""Seconds: later than any date, and earlier than milliseconds since 1970 would be."""

STDIN = "-"

MOST_COPIED = 2_000_000_000
"""Bytes of a pipe."""

READ = ("time", "id", "bakingTimeSecs", "size")
"""The fields that say something to the oven."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""That stand in the place of commas elsewhere."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)

NUMBERS = ("bakingTimeSecs", "size")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read as often as need be."""

    path: Path
    name: str
    """As its user calls it."""
    copy: object = None
    """If it is one: it goes when nobody holds this any more."""


class Sources:
    """Finds files. What can be read only once is copied first, and once."""

    def __init__(self, open_stdin: Callable[[], BinaryIO] | None = None) -> None:
        """Without a way to open standard input there is none."""
        self._open_stdin = open_stdin
        self._copies: dict[str, Source] = {}

    def find(self, text: str) -> Source | None:
        """The file of this name, standard input for `-`, or None if there is none. Raises UsageError."""
        if text == STDIN and self._open_stdin:
            return self._copy(text, "standard input", self._open_stdin)
        if not (text and os.path.exists(text)):  # noqa: PTH110 - Path's raises for some names
            return None
        path = Path(text)
        if path.is_fifo():
            return self._copy(text, text, lambda: path.open("rb"))
        return Source(path, text)

    def _copy(self, text: str, name: str, open_pipe: Callable[[], BinaryIO]) -> Source:
        if text not in self._copies:
            self._copies[text] = _copied(name, open_pipe)
        return self._copies[text]


def _copied(name: str, open_pipe: Callable[[], BinaryIO]) -> Source:
    try:
        # In this order: the copy could else become standard input, where there is none.
        with open_pipe() as pipe:
            copy = tempfile.NamedTemporaryFile(prefix="oven-")  # noqa: SIM115 - closed when it goes
            while some := pipe.read(1 << 20):
                copy.write(some)
                if copy.tell() > MOST_COPIED:
                    raise UsageError(f"{name}: more than 2 GB come out of it: write them to a file first")
        copy.flush()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    return Source(Path(copy.name), name, copy)


class Lines:
    """The lines of a file that hold an item, each as the fields it names."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self.number = 0
        """Of the line that was read last."""
        self._file = file
        self._row = 0
        """The line in which the row of a CSV begins: a cell in quotation marks may go on in the next."""

    def __iter__(self) -> Iterator[Fields]:
        """Raises ValueError and MalformedItemError."""
        texts = self._texts()
        first = next(texts, None)
        if first is None:
            return
        if first.startswith("{"):
            yield read_object(first)
            yield from map(read_object, texts)
        else:
            columns = _columns(first, next(self._rows([first]), []))
            yield from (_cells(columns, cells) for cells in self._rows(texts))

    def _texts(self) -> Iterator[str]:
        for line in self._file:
            self.number += 1
            try:
                text = line.decode("utf-8-sig" if self.number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise ValueError("the line is not UTF-8") from None
            if text:
                self._row = self._row or self.number
                yield text

    def _rows(self, texts: Iterable[str]) -> Iterator[list[str]]:
        try:
            for cells in csv.reader(texts, strict=True):
                self._row = 0
                yield cells
        except csv.Error as error:
            self.number = self._row
            raise ValueError(_in_words(error)) from error


@dataclass(frozen=True, slots=True)
class FromFile:
    """Implements Orders: the items of a file, which is read anew each time."""

    source: Source
    count: int
    """How many of them."""
    says: frozenset[str]
    """Which fields there are."""
    baking_secs: Spread
    slots: Spread
    """Of the items whose lines do not say."""

    @property
    def arrivals(self) -> str:
        return f"as in {self.source.name if self.source.copy else self.source.path.name}"

    @property
    def baking(self) -> str:
        return self.arrivals if "bakingTimeSecs" in self.says else f"{self.baking_secs.text} s"

    @property
    def sizes(self) -> str:
        return self.arrivals if "size" in self.says else self.slots.text

    @property
    def ids_repeat(self) -> bool:
        return "id" in self.says

    @property
    def unread(self) -> Sequence[str]:
        """The fields that say nothing to the oven."""
        return sorted(self.says.difference(READ))

    def each(self, seed: int) -> Iterator[Order]:
        orders = _orders(self.source, self.baking_secs, self.slots, stream(seed, 1), None, set())
        return islice(orders, self.count)


def read(
    source: Source,
    capacity: int,
    most: int | None = None,
    baking_secs: Spread = BAKING,
    slots: Spread = SIZE,
) -> FromFile:
    """The items of a file, or the first `most`, for an oven of `capacity` slots.

    All of them are looked through. Raises UsageError that names the first line with which something is wrong.
    """
    says: set[str] = set()
    orders = _orders(source, baking_secs, slots, stream(0, 1), capacity, says)
    count = sum(1 for _ in islice(orders, most))
    if not count:
        raise UsageError(f"{source.name}: there are no items in it")
    return FromFile(source, count, frozenset(says), baking_secs, slots)


def _orders(
    source: Source,
    baking_secs: Spread,
    slots: Spread,
    random_source: RandomSource,
    capacity: int | None,
    says: set[str],
) -> Iterator[Order]:
    """Read a file, and add the names of its fields to `says`."""
    if source.path.exists() and not source.path.is_file():
        raise UsageError(f"{source.name} is no file and no pipe")
    try:
        with source.path.open("rb") as file:
            lines = Lines(file)
            try:
                yield from _in_order(lines, baking_secs, slots, random_source, capacity, says)
            except (ValueError, MalformedItemError) as error:
                raise UsageError(f"{source.name}, line {lines.number}: {error}") from error
    except OSError as error:
        raise UsageError(f"{source.name} cannot be read: {error.strerror}") from error


def _in_order(
    lines: Lines,
    baking_secs: Spread,
    slots: Spread,
    random_source: RandomSource,
    capacity: int | None,
    says: set[str],
) -> Iterator[Order]:
    times = Times()
    for number, fields in enumerate(lines, 1):
        _check_spelling(fields.keys() - says, fields)
        says.update(fields)
        moment = times.read(fields.get("time"))
        made_up = {
            "id": made_up_id(number),
            "bakingTimeSecs": baking_secs.draw(random_source),
            "size": slots.draw(random_source),
        }
        yield moment, _item(made_up | fields, capacity)


class Times:
    """Those of one file: all of them in seconds, or all of them dates, one after the other."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last = 0
        self._dated = False

    def read(self, time: object) -> int:
        """A time, in microseconds from the first. Raises ValueError."""
        moment, dated = _moment(time)
        if self._first is None:
            self._first, self._dated = moment, dated
        elif dated is not self._dated:
            kinds = ("in seconds", "a date")
            raise ValueError(f"the time {time} is {kinds[dated]}, and the first one is {kinds[not dated]}")
        elif moment < self._last:
            raise ValueError(f"the time {time} is before that of the line above: sort them by time")
        if moment - self._first > MOST_DAYS * DAY:
            days = (moment - self._first) // DAY
            raise ValueError(
                f"the time {time} is {days} days after the first, "
                f"and no simulation takes more than {MOST_DAYS}"
            )
        self._last = moment
        return moment - self._first


def _item(fields: Fields, capacity: int | None) -> Item:
    """The oven's own rules hold. Raises MalformedItemError."""
    # With an id and a time it is no trigger.
    return cast("Item", parse(write_object(fields), capacity))


def _columns(line: str, names: list[str]) -> list[str]:
    """The names of the columns. Raises ValueError."""
    columns = [name.strip() for name in names]
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise ValueError(f"there are two columns called {twice}")
    _check_spelling(columns, columns)
    if "time" in columns:
        return columns
    for separator, called in _SEPARATORS.items():
        if "time" in (name.strip(' "').lower() for name in line.split(separator)):
            raise ValueError(f"there are {called} between its columns: put commas there")
    raise ValueError("it must name the columns, of which one is called time, or be a JSON object")


def _check_spelling(names: Iterable[str], among: Collection[str]) -> None:
    """Raise ValueError for a name that is one of ours but for its case, unless ours is there, too."""
    ours = {name.lower(): name for name in READ}
    for name in names:
        right = ours.get(re.sub("[ _-]", "", name).lower())
        if right and right not in among:
            raise ValueError(f"{name} must be written {right}")


def _in_words(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said:
        return "a quotation mark is not closed"
    if "field limit" in said:
        return f"a cell has more than {csv.field_size_limit()} characters: is a quotation mark not closed?"
    if "expected after" in said:
        return "after a cell in quotation marks there must be a comma, or the end of the line"
    return "it is not CSV: is there a carriage return in the midst of it?"


def _cells(columns: list[str], cells: list[str]) -> Fields:
    """An empty cell says nothing, nor does one in a column without a name."""
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells, and {len(columns)} columns")
    return {
        column: int(cell) if column in NUMBERS and _WHOLE_NUMBER.fullmatch(cell) else cell
        for column, cell in zip(columns, map(str.strip, cells), strict=True)
        if column and cell
    }


def _moment(time: object) -> tuple[int, bool]:
    """In microseconds, and whether it is a date. Raises ValueError."""
    if isinstance(time, str):
        return _parsed(time)
    if isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time <= LATEST:
        return micros(time), False
    raise _no_time(time)


def _parsed(text: str) -> tuple[int, bool]:
    try:
        return _moment(float(text))
    except ValueError:
        """Then it is a date."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise _no_time(text) from None
    moment = (date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH
    return moment // timedelta(microseconds=1), True


def _no_time(time: object) -> ValueError:
    if time is None:
        return ValueError("time is missing")
    return ValueError(
        f"time must be seconds from 0 to {LATEST}, or a date such as 2026-11-23T12:00:00Z, "
        f"not {json.dumps(time)[:60]}"
    )
