"""Formats durations, counts and times of day for people, and makes foreign text safe to print."""

from datetime import datetime

_UNITS = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(secs: float) -> str:
    """A number of seconds in its two largest units, leaving out a second of 0: `12 s`, `2 h 5 min`."""
    left = round(secs)
    if left >= 600:
        # From ten minutes on, seconds are noise.
        left = round(left / 60) * 60
    parts = []
    for unit, length in _UNITS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(parts[:2]) or "0 s"


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 item`, `2 items`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def slots(count: int) -> str:
    """A count of slots: `1 slot`, `2 slots`."""
    return counted(count, "slot")


def moment(at: float, now: float) -> str:
    """The local time of day; on another day than that of `now`, after the date.

    Both are in seconds since the epoch.
    """
    then, today = (datetime.fromtimestamp(secs).astimezone() for secs in (at, now))
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M:%S}"


def plain(text: str) -> str:
    """The text on one line, with `?` for what is not printable: it could move the terminal's cursor."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
