"""Times in the words of those who read them."""

from datetime import datetime

from serverless_pizza_oven.operations.status import Baking

_UNITS = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(secs: float) -> str:
    """The two largest units of it, the second only where it tells something: `12 s`, `3 min`, `2 h 5 min`."""
    left = round(secs)
    if left >= 600:
        # Seconds tell nothing any more.
        left = round(left / 60) * 60
    parts = []
    for unit, length in _UNITS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(parts[:2]) or "0 s"


def bakes(item: Baking, now: float) -> str:
    """How long an item in the oven still bakes."""
    if item.is_overdue(now):
        return f"is overdue by {duration(now - item.until)}"
    if item.until <= now:
        return "is coming out"
    return f"bakes {duration(item.until - now)} more"


def counted(count: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def slots(count: int) -> str:
    """`1 slot`, `2 slots`."""
    return counted(count, "slot")


def moment(at: float, now: float) -> str:
    """The time of day on this machine's clock, after the date if that is another than today's."""
    then, today = (datetime.fromtimestamp(secs).astimezone() for secs in (at, now))
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M:%S}"


def plain(text: str) -> str:
    """In one line, and without what would move the cursor of a terminal."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
