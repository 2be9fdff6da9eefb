"""Reads the times of a file: numbers that count from any moment, or dates."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from serverless_pizza_oven.forecast.arrivals import DAY
from serverless_pizza_oven.forecast.workload import MAX_DAYS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimeUnit(Enum):
    """The units of a time. Numbers from 10^11 on are taken as parts of a second since 1970."""

    SECONDS = "in seconds"
    MILLISECONDS = "in milliseconds"
    MICROSECONDS = "in microseconds"
    NANOSECONDS = "in nanoseconds"
    DATES = "a date"


_NUMBERS = (
    # The least number that is read so, and how many microseconds one is: as a fraction, to keep digits.
    (10**17, TimeUnit.NANOSECONDS, (1, 1000)),
    (10**14, TimeUnit.MICROSECONDS, (1, 1)),
    (10**11, TimeUnit.MILLISECONDS, (1000, 1)),
    (0, TimeUnit.SECONDS, (1_000_000, 1)),
)
_LIMIT = 10**20
"""Above any moment in nanoseconds since 1970."""


@dataclass(slots=True)
class ArrivalTimes:
    """The times of one file, which have one unit and do not decrease."""

    unit: TimeUnit | None = None
    """None before the first."""
    _first: int = 0
    _last: int = 0

    def read(self, time: object) -> int:
        """Read a time, and return it in microseconds after the first. Raises ValueError."""
        moment, unit = moment_of(time)
        if self.unit is None:
            self._first, self._last, self.unit = moment, moment, unit
        elif unit is not self.unit:
            raise ValueError(f"the time {time} is {unit.value}, and the first one is {self.unit.value}")
        elif moment < self._last:
            raise ValueError(f"the time {time} is before that of the line above: sort the lines by time")
        if moment - self._first > MAX_DAYS * DAY:
            days = (moment - self._first) // DAY
            raise ValueError(
                f"the time {time} is {days} days after the first, and a simulation takes at most {MAX_DAYS}"
            )
        self._last = moment
        return moment - self._first


def moment_of(time: object) -> tuple[int, TimeUnit]:
    """A time in microseconds, and its unit. Raises ValueError."""
    if isinstance(time, str):
        return _from_text(time)
    if isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time < _LIMIT:
        unit, (numerator, denominator) = next(
            (unit, micros) for least, unit, micros in _NUMBERS if time >= least
        )
        return round(time * numerator / denominator if denominator > 1 else time * numerator), unit
    raise _refusal(time)


def _from_text(text: str) -> tuple[int, TimeUnit]:
    try:
        return moment_of(float(text))
    except ValueError:
        """Read a time that is not a number. It may be a date."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise _refusal(text) from None
    moment = (date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH
    return moment // timedelta(microseconds=1), TimeUnit.DATES


def _refusal(time: object) -> ValueError:
    return ValueError(
        "time must be a number of seconds, or of milliseconds since 1970, or a date such as "
        f"2026-11-23T12:00:00Z, not {json.dumps(time)[:60]}"
    )
