"""A workload that is read from a file of arrivals.

Each record has a `time`. A missing `id`, `bakingTimeSecs` or `size` is generated; other fields are the
sender's own. The records are in the order of their times.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse
from pizza_oven.strict_json import write_object
from serverless_pizza_oven.decoding import bounded_lines
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrival_times import ArrivalTimes, TimeUnit, moment_of
from serverless_pizza_oven.forecast.columns import END, START, Columns
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.input_file import InputFile
from serverless_pizza_oven.forecast.records import KNOWN_FIELDS, Fields, Records, check_spelling
from serverless_pizza_oven.forecast.workload import (
    DEFAULT_BAKING_SECS,
    DEFAULT_SIZE,
    ITEM_STREAM,
    TimedItem,
    generated_id,
    random_stream,
    seconds_in_words,
)
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.text import counted, plain

MAX_REMEMBERED_IDS = 200_000
"""Repeated ids are searched for among this many first items, to bound the memory."""

MAX_NAMES_TOLD = 8
"""Of fields that mean nothing to the oven."""


@dataclass(slots=True)
class FileSummary:
    """What was found in a file of arrivals."""

    count: int = 0
    """How many items."""
    fields: set[str] = field(default_factory=set)
    """The names of all fields."""
    unit: TimeUnit | None = None
    delimiter: str | None = None
    rounded: int = 0
    """How many baking times had a fraction."""
    rounded_first: str = ""
    """The first of them, and its line."""
    jobs_left_out: int = 0
    """See `Records.jobs_left_out`."""
    repeated: int = 0
    """How many items have the id of an earlier one, as far as is known."""
    repeated_first: str = ""
    """The first of them, and its line."""
    _ids: set[str] = field(default_factory=set)

    def add(self, item_id: str, line_number: int) -> None:
        """Count an item of the file."""
        self.count += 1
        if item_id in self._ids:
            self.repeated += 1
            self.repeated_first = self.repeated_first or f"{item_id} in line {line_number}"
        elif len(self._ids) < MAX_REMEMBERED_IDS:
            self._ids.add(item_id)

    def add_rounded(self, secs: float, line_number: int) -> None:
        """Count a baking time that was rounded up."""
        self.rounded += 1
        self.rounded_first = self.rounded_first or f"{secs} in line {line_number}"

    def notes(self, name: str) -> Iterator[str]:
        """What the user of the file `name` should know."""
        unread = sorted(self.fields.difference(KNOWN_FIELDS))
        if unread:
            names = ", ".join(unread[:MAX_NAMES_TOLD]) + (", ..." if len(unread) > MAX_NAMES_TOLD else "")
            yield f"Not read, as in {name}: {plain(names)}. The oven reads {', '.join(KNOWN_FIELDS)}."
        if self.unit not in (None, TimeUnit.SECONDS, TimeUnit.DATES):
            yield f"The times of {name} are read as {cast('TimeUnit', self.unit).value[3:]} since 1970."
        if self.delimiter not in (None, "commas"):
            yield f"The columns of {name} are separated by {self.delimiter}, and 1,5 is read as 1.5."
        if self.jobs_left_out:
            yield f"{counted(self.jobs_left_out, 'job')} of {name} left out: no run time, or no processors."
        if self.rounded:
            yield (
                f"{counted(self.rounded, 'baking time')} of {name} rounded up to whole seconds, first "
                f"{self.rounded_first}. An oven refuses fractions: round them before you send items."
            )
        if self.repeated:
            items = counted(self.repeated, "item")
            yield (
                f"{items} of {name} will be dropped, first {plain(self.repeated_first)}: the id was sent "
                "before, and an id bakes once in 90 days. Leave out the ids to have all items baked."
            )


@dataclass(frozen=True, slots=True)
class FileWorkload:
    """Implements Workload with the items of a file, which is read anew each time."""

    source: InputFile
    summary: FileSummary
    baking_secs: Distribution
    slots: Distribution
    """For the items whose records lack a field."""
    columns: Columns = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.summary.count

    @property
    def arrivals(self) -> str:
        return f"as in {self.source.short_name}"

    @property
    def baking(self) -> str:
        return (
            self.arrivals if "bakingTimeSecs" in self.summary.fields else seconds_in_words(self.baking_secs)
        )

    @property
    def sizes(self) -> str:
        return self.arrivals if "size" in self.summary.fields else self.slots.text

    @property
    def ids_repeat(self) -> bool:
        return "id" in self.summary.fields

    @property
    def notes(self) -> Sequence[str]:
        return tuple(self.summary.notes(self.source.short_name))

    def items(self, seed: int) -> Iterator[TimedItem]:
        reader = _ItemReader(self.source, None, self.baking_secs, self.slots, seed, self.columns)
        return islice(reader.items(), self.count)


def read_workload(
    source: InputFile,
    capacity: int,
    max_items: int | None = None,
    baking_secs: Distribution = DEFAULT_BAKING_SECS,
    slots: Distribution = DEFAULT_SIZE,
    columns: Columns | None = None,
) -> FileWorkload:
    """Read the items of a file, or its first `max_items`, for an oven of `capacity` slots.

    Raises UsageError that names the first line with an error, after all lines before it were checked.
    """
    columns = columns or {}
    reader = _ItemReader(source, capacity, baking_secs, slots, seed=0, columns=columns)
    for _ in islice(reader.items(), max_items):
        """Only the summary counts."""
    if not reader.summary.count:
        raise UsageError(f"{source.name}: there are no items in it")
    return FileWorkload(source, reader.summary, baking_secs, slots, columns)


class _ItemReader:
    """Reads the items of a file once, and sums up what it finds."""

    def __init__(
        self,
        source: InputFile,
        capacity: int | None,
        baking_secs: Distribution,
        slots: Distribution,
        seed: int,
        columns: Columns,
    ) -> None:
        self.summary = FileSummary()
        self._source = source
        self._capacity = capacity
        self._baking_secs = baking_secs
        self._slots = slots
        self._columns = columns
        self._random = random_stream(seed, ITEM_STREAM)

    def items(self) -> Iterator[TimedItem]:
        """Raises UsageError."""
        if self._source.path.exists() and not self._source.path.is_file():
            raise UsageError(f"{self._source.name} is no file and no pipe")
        try:
            with self._source.path.open("rb") as file:
                records = Records(bounded_lines(file), self._columns)
                try:
                    yield from self._items(records)
                except (ValueError, MalformedItemError) as error:
                    place = f"{self._source.name}, line {records.line_number}"
                    raise UsageError(f"{place}: {error}") from error
        except OSError as error:
            raise UsageError(f"{self._source.name} cannot be read: {error.strerror}") from error

    def _items(self, records: Records) -> Iterator[TimedItem]:
        times, summary = ArrivalTimes(), self.summary
        for number, record in enumerate(records, 1):
            check_spelling(record.keys() - summary.fields, record)
            if "time" not in record:
                raise ValueError(f"time is missing; there is {plain(', '.join(record))[:200] or 'no field'}")
            moment = times.read(record["time"])
            fields = _with_baking_time(record) if END in self._columns else record
            item = self._item(self._generated(number) | self._rounded(fields, records.line_number))
            summary.fields.update(fields)
            summary.unit, summary.delimiter = times.unit, records.delimiter
            summary.jobs_left_out = records.jobs_left_out
            summary.add(item.id, records.line_number)
            yield moment, item

    def _generated(self, number: int) -> Fields:
        return {
            "id": generated_id(number),
            "bakingTimeSecs": self._baking_secs.draw(self._random),
            "size": self._slots.draw(self._random),
        }

    def _rounded(self, fields: Fields, line_number: int) -> Fields:
        """The fields with a whole number of seconds: what measured durations must become to be baked."""
        secs: Any = fields.get("bakingTimeSecs")
        if not isinstance(secs, float) or secs < 0 or secs.is_integer():
            return fields
        self.summary.add_rounded(secs, line_number)
        return fields | {"bakingTimeSecs": math.ceil(secs)}

    def _item(self, fields: Fields) -> Item:
        """The oven's own rules apply. Raises MalformedItemError."""
        # A message with an id and a time is not a trigger.
        return cast("Item", parse(write_object(fields), self._capacity))


def _with_baking_time(fields: Fields) -> Fields:
    """The fields with the baking time in place of the start and the end. Raises ValueError."""
    if END not in fields:
        raise ValueError("end is missing, and the baking time is the end minus the start")
    begin, end = fields.get(START, fields["time"]), fields[END]
    micros = moment_of(end)[0] - moment_of(begin)[0]
    if micros < 0:
        raise ValueError(f"the end {end} is before the start {begin}")
    secs, rest = divmod(micros, SECOND)
    others = {name: value for name, value in fields.items() if name not in (START, END)}
    return others | {"bakingTimeSecs": micros / SECOND if rest else secs}
