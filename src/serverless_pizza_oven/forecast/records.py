"""The records of a file as fields: CSV with a line of column names, or JSON Lines.

    time,id,bakingTimeSecs,size              {"time": 0, "id": "a", "bakingTimeSecs": 20}
    0,a,20,1                                 {"time": 1.5, "bakingTimeSecs": 30, "size": 2}

or the Standard Workload Format of clusters, which is read as such:
https://www.cs.huji.ac.il/labs/parallel/workload/swf.html

The columns of a CSV may be separated by commas, semicolons, tabs or bars. Where commas do not separate them,
a number may have a decimal comma, as spreadsheets write it in many countries.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from pizza_oven.strict_json import read_object
from serverless_pizza_oven.decoding import decode_line
from serverless_pizza_oven.forecast.columns import END, START, Columns, renamed

KNOWN_FIELDS = ("time", "id", "bakingTimeSecs", "size")
"""The fields that mean something to the oven or to the simulation."""

NUMBERS = ("time", "bakingTimeSecs", "size", START, END)

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_SWF_FIELDS = 18
_SWF_LINE = re.compile(r"(-?[0-9.]+\s+){17}-?[0-9.]+", re.ASCII)
_SUBMIT, _RUN_TIME, _PROCESSORS, _REQUESTED = 1, 3, 4, 7
"""The places of fields in a line of the Standard Workload Format. -1 is what is not known."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"(-?[0-9]{1,18}),([0-9]{1,18})", re.ASCII)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""

Fields = dict[str, Any]


class Records:
    """Iterates over the records of a file; blank lines are skipped."""

    def __init__(self, file: Iterable[bytes], columns: Columns | None = None) -> None:
        """`columns` says what the file calls the fields, where it calls them otherwise."""
        self.line_number = 0
        """The number of the line that was read last, from 1."""
        self.delimiter: str | None = None
        """What separates the columns, in words. None for JSON Lines, and before the first line was read."""
        self.jobs_left_out = 0
        """Jobs of the Standard Workload Format without a run time or processors: they never ran."""
        self._file = file
        self._columns = columns or {}
        self._row_begins_at = 0
        """The line in which a CSV row begins: a quoted cell may contain line breaks."""

    def __iter__(self) -> Iterator[Fields]:
        """Raises ValueError and MalformedItemError. `line_number` then names the wrong line."""
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            return
        if first.lstrip().startswith("{"):
            yield from map(self._renamed, map(read_object, chain([first], lines)))
        elif _is_swf(first):
            self.delimiter = "commas"
            yield from self._jobs(chain([first], lines))
        else:
            yield from self._csv_records(first, lines)

    def _lines(self) -> Iterator[str]:
        for line in self._file:
            self.line_number += 1
            # Not tabs, which may stand for empty cells.
            text = decode_line(line, self.line_number).strip(" \r\n")
            if text and not text.isspace():
                self._row_begins_at = self._row_begins_at or self.line_number
                yield text

    def _csv_records(self, header: str, lines: Iterator[str]) -> Iterator[Fields]:
        if named := _SEPARATOR_LINE.fullmatch(header):
            header = next(lines, "")
            delimiter = named[1]
        else:
            delimiter = _delimiter_of(header, self._columns.get("time", "time"))
        self.delimiter = _DELIMITERS.get(delimiter, repr(delimiter))
        columns = _columns(next(self._rows([header], delimiter), []), header, self._columns)
        for cells in self._rows(lines, delimiter):
            yield _fields(columns, cells, delimiter)

    def _renamed(self, record: Fields) -> Fields:
        if not self._columns:
            return record
        names = renamed([*record], self._columns)
        return {name: value for name, value in zip(names, record.values(), strict=True) if name}

    def _jobs(self, lines: Iterable[str]) -> Iterator[Fields]:
        if self._columns:
            raise ValueError("this is the Standard Workload Format, which has no names: leave out --columns")
        for line in lines:
            if line.lstrip().startswith(";"):
                continue
            if not _SWF_LINE.fullmatch(line.strip()):
                raise ValueError(f"a job of the Standard Workload Format has {_SWF_FIELDS} numbers")
            cells = [_number(cell, ",") for cell in line.split()]
            processors = cells[_PROCESSORS] if cells[_PROCESSORS] > 0 else cells[_REQUESTED]
            if cells[_RUN_TIME] < 0 or processors <= 0:
                self.jobs_left_out += 1
            else:
                yield {"time": cells[_SUBMIT], "bakingTimeSecs": cells[_RUN_TIME], "size": processors}

    def _rows(self, lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
        try:
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                self._row_begins_at = 0
                yield cells
        except csv.Error as error:
            self.line_number = self._row_begins_at
            raise ValueError(_explain(error, delimiter)) from error


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip(' "') for name in header.split(delimiter)]


def _is_swf(first: str) -> bool:
    """Whether a file of this first line is in the Standard Workload Format, rather than a CSV."""
    if first.startswith(";"):
        return all(_simplified(name) != "time" for name in _names(first, ";"))
    return bool(_SWF_LINE.fullmatch(first.strip()))


def _delimiter_of(header: str, time: str) -> str:
    """The delimiter that makes one of the names `time`, in any spelling; else the most frequent one."""
    for delimiter in _DELIMITERS:
        if any(_simplified(name) == _simplified(time) for name in _names(header, delimiter)):
            return delimiter
    return max(_DELIMITERS, key=header.count)


def _columns(names: list[str], header: str, as_fields: Columns) -> list[str]:
    """The names of the columns. Raises ValueError."""
    columns = [name.strip() for name in names]
    if as_fields:
        columns = renamed(columns, as_fields)
    repeated = next((name for name in columns if name and columns.count(name) > 1), None)
    if repeated:
        raise ValueError(f"there are two columns called {repeated}")
    check_spelling(columns, columns)
    if "time" not in columns:
        if header.startswith("["):
            raise ValueError("this is a JSON array: write one object per line, as jq -c '.[]' does")
        raise ValueError(
            f"no column is called time; this line names {', '.join(filter(None, columns))[:200] or 'none'}. "
            "Name the columns in the first line, and call the one with the arrival times time, or say "
            "--columns time=NAME"
        )
    return columns


def check_spelling(names: Iterable[str], among: Collection[str]) -> None:
    """Raise ValueError for another spelling of a known field, unless `among` has the right one, too."""
    known = {_simplified(name): name for name in KNOWN_FIELDS}
    for name in names:
        right = known.get(_simplified(name))
        if right and right not in among:
            raise ValueError(f"{name} must be written {right}")


def _simplified(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


def _fields(columns: list[str], cells: list[str], delimiter: str) -> Fields:
    """The fields of a row. An empty cell is no field, nor is one in a column without a name."""
    if len(cells) != len(columns):
        hint = ": a cell that contains a comma needs quotation marks" if delimiter == "," else ""
        raise ValueError(
            f"{len(cells)} cells, and {len(columns)} columns{hint if len(cells) > len(columns) else ''}"
        )
    return {
        column: _number(cell, delimiter) if column in NUMBERS else cell
        for column, cell in zip(columns, map(str.strip, cells), strict=True)
        if column and cell
    }


def _number(cell: str, delimiter: str) -> Any:
    """The number in a cell; the text of a cell without one."""
    if delimiter != ",":
        cell = _DECIMAL_COMMA.sub(r"\1.\2", cell) if _DECIMAL_COMMA.fullmatch(cell) else cell
    if not (found := _NUMBER.fullmatch(cell)):
        return cell
    return float(cell) if found[1] or found[2] else int(cell)


def _explain(error: csv.Error, delimiter: str) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quotation mark is not closed"
    if "field limit" in text:
        return f"a cell has more than {csv.field_size_limit()} characters: is a quotation mark not closed?"
    if "expected after" in text:
        return f"after a cell in quotation marks must come {delimiter!r} or the end of the line"
    return "this is not CSV: does the line contain a carriage return?"
