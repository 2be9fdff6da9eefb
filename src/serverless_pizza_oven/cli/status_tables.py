"""The status of an oven as tables, and in one line."""

import sys
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.text import counted, duration, moment, plain, slots

FEWEST_LINES = 3
"""The fewest lines of items, even on a small screen."""

MOST_HELD = 10
"""The most lines of held items."""

FAILURES_SHOWN = 5

PAUSED_NOTE = "Paused: an item that fails or is removed keeps its slots until oven resume."


def status_tables(status: Status, console: Console) -> RenderableType:
    """The status as text and tables: on a terminal what fits on it, else everything."""
    above: list[RenderableType] = [headline(status), _queues(status)]
    if status.throttled:
        limits = "\n".join(requests.in_words() for requests in status.throttled)
        above.insert(1, Text(limits, "bold yellow"))
    below: list[RenderableType] = [Text(PAUSED_NOTE)] if status.is_paused and status.baking else []
    if status.background.failures:
        below.append(_failures(status))
    return Group(*_apart([*above, *_in_the_oven(status, _room(console, [*above, *below]), console), *below]))


def _in_the_oven(status: Status, room: int, console: Console) -> list[RenderableType]:
    """The items that are held, and those that bake, in so many lines."""
    held, baking = status.held, [item for item in status.baking if not item.is_held]
    if not held:
        return [_items("IN THE OVEN", baking, status.at, room, console)] if baking else []
    if not baking:
        return [_items("HELD", held, status.at, min(room, MOST_HELD), console)]
    # A heading and an empty line more.
    room = max(room - 2, 2 * FEWEST_LINES)
    first = _items("HELD", held, status.at, min(room // 2, MOST_HELD), console)
    left = max(room - _lines(first, console) + 1, FEWEST_LINES)
    return [first, _items("IN THE OVEN", baking, status.at, left, console)]


def _lines(part: RenderableType, console: Console) -> int:
    """How many lines it takes: long ones fold."""
    return len(console.render_lines(part, pad=False))


def _room(console: Console, others: list[RenderableType]) -> int:
    """How many lines of items fit on the terminal with the other parts."""
    if not console.is_terminal:
        return sys.maxsize
    taken = sum(_lines(part, console) for part in others)
    # An empty line after each part, the heading of the items, the line that ends a watch, and the cursor's.
    return max(console.height - taken - len(others) - 3, FEWEST_LINES)


def headline(status: Status) -> Text:
    """The stack, how full it is, how many items wait, and what is unusual."""
    held = f" ({status.held_slots} held)" if status.held else ""
    text = Text(
        f"{status.stack}: {status.occupied} of {status.capacity} slots taken{held}, {status.waiting} in line"
    )
    if status.too_few_slots:
        text.append(f" ({too_few(status.too_few_slots)})")
    if status.occupied > status.capacity:
        text.append(", draining", "bold yellow")
    if status.ended_leases:
        text.append(f", {counted(len(status.ended_leases), 'lease')} ended", "bold red")
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
    if status.held:
        parts.append(f"held {slots(status.held_slots)}")
    if status.ended_leases:
        parts.append(f"leases ended {len(status.ended_leases)}")
    if status.overdue:
        parts.append(f"overdue {len(status.overdue)}")
    if status.is_paused:
        parts.append("paused")
    parts += [requests.briefly() for requests in status.throttled]
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


def _items(
    heading: str, items: Sequence[BakingItem], now: float, most: int, console: Console
) -> RenderableType:
    """A heading, and as many of the first items as fit in at most so many lines, but one at least."""
    for count in range(min(most, len(items)), 1, -1):
        drawn = _first_items(heading, items, now, count)
        if not console.is_terminal or _lines(drawn, console) <= most + 1:
            return drawn
    return _first_items(heading, items, now, 2)


def _first_items(heading: str, items: Sequence[BakingItem], now: float, most: int) -> RenderableType:
    table = _table(heading, "SLOTS", "")
    shown = items if len(items) <= most else items[: most - 1]
    for item in shown:
        is_late = item.is_overdue(now) or item.has_ended(now)
        table.add_row(item.id, str(item.size), bakes(item, now), style="red" if is_late else None)
    left = items[len(shown) :]
    if not left:
        return table
    taken = sum(item.size for item in left)
    last = f"lease {_lease(left[-1], now)}" if left[-1].is_held else bakes(left[-1], now)
    return Group(table, f"and {len(left)} more in {slots(taken)}; the last {last} (all: --json)")


def bakes(item: BakingItem, now: float) -> str:
    """How long an item still bakes, or is held, at `now` in seconds since the epoch."""
    if item.is_held:
        return _held(item, now)
    if item.is_overdue(now):
        return f"is overdue by {duration(now - item.until)}"
    if item.until <= now:
        return "is coming out"
    return f"bakes {duration(item.until - now)} more"


def _held(item: BakingItem, now: float) -> str:
    # The page says the same.
    by = f" by {plain(item.holder)}" if item.holder else ""
    times = f", extended {counted(item.extensions, 'time')}" if item.extensions else ""
    return f"is held{by}, its lease {_lease(item, now)}{times}"


def _lease(item: BakingItem, now: float) -> str:
    if not item.has_ended(now):
        return f"ends in {duration(item.until - now)}"
    return "ended" + (f" {duration(now - item.until)} ago" if now - item.until >= 1 else "")


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
