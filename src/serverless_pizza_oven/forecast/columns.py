"""What the columns of a foreign file are called, and how it tells the baking time."""

from collections.abc import Mapping, Sequence

from serverless_pizza_oven.errors import UsageError

START, END = "start", "end"
"""Moments in the form of `time`. The baking time is the end minus the start, or minus `time` without one."""

FIELDS = ("time", "id", "bakingTimeSecs", "size", START, END)

Columns = Mapping[str, str]
"""The file's name of a column, by the field that it is read as."""


def read_columns(text: str) -> Columns:
    """Read `time=submit,size=procs`. Raises UsageError."""
    columns: dict[str, str] = {}
    for part in text.split(","):
        name, equals, column = (each.strip() for each in part.partition("="))
        if not equals or not column or name not in FIELDS or name in columns:
            raise UsageError(
                f"--columns takes FIELD=COLUMN, each of {', '.join(FIELDS)} at most once, such as "
                f"time=submit,size=procs, not {part.strip()!r}"
            )
        columns[name] = column
    if START in columns and END not in columns:
        raise UsageError("--columns start=... needs end=..., too: the baking time is the end minus the start")
    if END in columns and "bakingTimeSecs" in columns:
        raise UsageError("--columns takes end=... or bakingTimeSecs=..., not both")
    return columns


def renamed(names: Sequence[str], columns: Columns) -> list[str]:
    """The names as fields. A column that is called like another one's field loses its name.

    Raises ValueError if a column is missing.
    """
    for name, column in columns.items():
        if column not in names:
            there = ", ".join(filter(None, names))[:200] or "none"
            raise ValueError(f"no column is called {column}, for --columns {name}={column}; there is {there}")
    fields = {column: name for name, column in columns.items()}
    return [fields.get(name, "" if name in columns else name) for name in names]
