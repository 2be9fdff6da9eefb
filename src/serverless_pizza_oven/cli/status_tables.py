"""The status of an oven as tables, and in one line."""

import sys
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from serverless_pizza_oven.operations.status import BakingItem, Status
from serverless_pizza_oven.text import duration, moment, plain, slots

FEWEST_LINES = 3
"""The fewest lines of items, even on a small screen."""

FAILURES_SHOWN = 5

PAUSED_NOTE = "Paused: an item that fails or is removed keeps its slots until oven resume."


def status_tables(status: Status, console: Console) -> RenderableType:
    """The status as text and tables: on a terminal what fits on it, else everything."""
    above: list[RenderableType] = [headline(status), _queues(status)]
    below: list[RenderableType] = [Text(PAUSED_NOTE)] if status.is_paused and status.baking else []
    if status.background.failures:
        below.append(_failures(status))
    items = [_items(status, _room(console, [*above, *below]))] if status.baking else []
    return Group(*_apart([*above, *items, *below]))


def _room(console: Console, others: list[RenderableType]) -> int:
    """How many lines of items fit on the terminal with the other parts."""
    if not console.is_terminal:
        return sys.maxsize
    taken = sum(len(console.render_lines(part, pad=False)) for part in others)
    # An empty line after each part, the heading of the items, the line that ends a watch, and the cursor's.
    return max(console.height - taken - len(others) - 3, FEWEST_LINES)


def headline(status: Status) -> Text:
    """The stack, how full it is, how many items wait, and what is unusual."""
    text = Text(
        f"{status.stack}: {status.occupied} of {status.capacity} slots taken, {status.waiting} in line"
    )
    if status.too_few_slots:
        text.append(f" ({too_few(status.too_few_slots)})")
    if status.occupied > status.capacity:
        text.append(", draining", "bold yellow")
    if status.overdue:
        text.append(f", {len(status.overdue)} overdue", "bold red")
    if status.is_paused:
        text.append(", paused: nothing is admitted", "bold yellow")
    return text


def too_few(free: int) -> str:
    """Why items wait although slots are free."""
    return f"{free} free, the first in line needs more"


def summary_line(status: Status) -> str:
    """The numbers alone."""
    depths = status.depths
    parts = [
        f"{status.occupied} of {status.capacity} slots",
        f"baking {len(status.baking)}",
        f"in line {status.waiting}",
        f"new {depths.new}",
        f"baked {depths.baked}",
        f"dead {depths.dead}",
    ]
    if status.too_few_slots:
        parts.append(too_few(status.too_few_slots))
    if status.overdue:
        parts.append(f"overdue {len(status.overdue)}")
    if status.is_paused:
        parts.append("paused")
    return ", ".join(parts)


def _queues(status: Status) -> Table:
    # CloudWatch tells the ages, and the numbers beside them are of now.
    table = _table("QUEUE", "MESSAGES", "OLDEST, AS OF SOME MINUTES AGO")
    depths = status.depths
    table.add_row("New Items", str(depths.new))
    table.add_row("Waiting Items", str(depths.line), _age(depths.line, status.oldest_waiting_secs))
    table.add_row("Baked Items", str(depths.baked))
    letters = _age(depths.dead, status.oldest_dead_secs)
    table.add_row("dead letters", str(depths.dead), letters, style="red" if depths.dead else None)
    return table


def _age(count: int, secs: float | None) -> str:
    if not count:
        return ""
    return "not known yet" if secs is None else f"about {duration(secs)}"


def _items(status: Status, most: int) -> RenderableType:
    table = _table("IN THE OVEN", "SLOTS", "")
    shown = status.baking if len(status.baking) <= most else status.baking[: most - 1]
    for item in shown:
        overdue = item.is_overdue(status.at)
        table.add_row(item.id, str(item.size), bakes(item, status.at), style="red" if overdue else None)
    left = status.baking[len(shown) :]
    if not left:
        return table
    taken = sum(item.size for item in left)
    last = bakes(left[-1], status.at)
    return Group(table, f"and {len(left)} more in {slots(taken)}; the last {last} (all: --json)")


def bakes(item: BakingItem, now: float) -> str:
    """How long an item in the oven still bakes, at `now` in seconds since the epoch."""
    if item.is_overdue(now):
        return f"is overdue by {duration(now - item.until)}"
    if item.until <= now:
        return "is coming out"
    return f"bakes {duration(item.until - now)} more"


def _failures(status: Status) -> Table:
    table = _table("RECENT FAILURES", "", "")
    table.columns[1].justify = "left"
    for failure in status.background.failures[:FAILURES_SHOWN]:
        reason = failure.facts.get("reason") or failure.facts.get("error") or ""
        table.add_row(moment(failure.at, status.at), failure.item_id or "-", plain(str(reason)))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number == 1 else "left", overflow="fold")
    return table


def _apart(parts: list[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield part
