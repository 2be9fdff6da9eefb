"""Arrivals by the hour of the day, and by the day of the week."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from serverless_pizza_oven.forecast.arrivals import DAY, HOUR, UNIT, Rate, exponential
from serverless_pizza_oven.simulator.random_source import RandomSource

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 7 * DAY
HOURS = 7 * 24

_PART = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))?@)?([0-9]{1,2})-([0-9]{1,2})=(.+)", re.ASCII)
EXAMPLE = "hours:mon-fri@9-17=100/h,sat@10-14=40/h"


@dataclass(frozen=True, slots=True)
class HourlyProfile:
    """Items arrive as a Poisson process whose rate depends on the hour of the week. It begins on a Monday."""

    weights: tuple[int, ...]
    """For each hour of the week: how many items arrive in it on average, times `denominator`."""
    denominator: int
    text: str
    """As the user wrote it."""

    @property
    def gap(self) -> Fraction:
        return Fraction(WEEK * self.denominator, sum(self.weights))

    @property
    def period(self) -> int:
        """Microseconds after which the rates repeat: a week, or a day if all days are the same."""
        return DAY if self.weights == self.weights[:24] * 7 else WEEK

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        # The expected number of arrivals passes evenly in a Poisson process, and is turned into time.
        cumulative = [0, *accumulate(weight * UNIT for weight in self.weights)]
        passed = 0
        while True:
            passed += exponential(random_source) * self.denominator
            weeks, rest = divmod(passed, cumulative[-1])
            hour = bisect_right(cumulative, rest) - 1
            weight = self.weights[hour] * UNIT
            yield weeks * WEEK + hour * HOUR + (rest - cumulative[hour]) * HOUR // weight

    def __str__(self) -> str:
        return f"by the hour, {self.text}"


def read_profile(text: str) -> HourlyProfile:
    """Read `9-17=100/h,17-22=40/h`, with days `mon-fri@9-17=100/h,sat@10-14=40/h`. Raises ValueError.

    Hours that are not named have no arrivals. Where parts overlap, their rates are added.
    """
    expected = [Fraction(0)] * HOURS
    for part in text.split(","):
        hours, rate = _read_part(part.strip())
        for hour in hours:
            expected[hour] += Fraction(HOUR) / rate.gap
    denominator = math.lcm(*(each.denominator for each in expected))
    return HourlyProfile(tuple(int(each * denominator) for each in expected), denominator, text)


def _read_part(part: str) -> tuple[list[int], Rate]:
    found = _PART.fullmatch(part)
    if not found:
        raise ValueError(f"hours are like {EXAMPLE}, and {part!r} is no part of that")
    first, last, begin, end, rate = found.groups()
    days = _days(first, last or first)
    if not int(begin) < int(end) <= 24:
        raise ValueError(f"in {part} the hours must be from 0 to 24, and the first below the second")
    return [day * 24 + hour for day in days for hour in range(int(begin), int(end))], Rate.read(rate)


def _days(first: str | None, last: str | None) -> range:
    if first is None or last is None:
        return range(7)
    for name in (first, last):
        if name not in WEEKDAYS:
            raise ValueError(f"a day is one of {', '.join(WEEKDAYS)}, not {name}")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    if begin > end:
        raise ValueError(f"{first}-{last}: the week begins with mon")
    return range(begin, end + 1)
