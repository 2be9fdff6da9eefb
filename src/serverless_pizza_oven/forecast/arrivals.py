"""Arrival patterns: when items arrive, at once, at a steady rate, at random, or along a daily curve.

Moments are whole microseconds from the beginning, computed from whole numbers only, so that a seed gives the
same moments on any machine.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, count, repeat
from typing import Protocol

from serverless_pizza_oven.simulator.loop import MINUTE, SECOND
from serverless_pizza_oven.simulator.random_source import RandomSource

HOUR = 60 * MINUTE
DAY = 24 * HOUR

CURVE = (2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 12, 22, 26, 16, 8, 7, 10, 18, 28, 30, 20, 10, 4, 2)
"""The rate in each hour of a pizzeria's day, from midnight; 10 is the average."""

_AVERAGE = sum(CURVE) // len(CURVE)
_CUMULATIVE = (0, *accumulate(weight * HOUR for weight in CURVE))

UNIT = 1 << 32
"""The mean of the exponentially distributed numbers, which are whole."""

_PERIODS = {"s": SECOND, "min": MINUTE, "h": HOUR, "day": DAY}
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/(s|min|h|day))?", re.ASCII)


class Arrivals(Protocol):
    """A pattern of arrivals."""

    @property
    def gap(self) -> Fraction:
        """Microseconds from one arrival to the next, on average."""

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        """The moments of arrival, in order, without end."""

    def __str__(self) -> str:
        """The pattern in words, to be written after "100 items"."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of arrivals."""

    gap: Fraction
    """Microseconds from one arrival to the next, on average."""
    text: str

    @classmethod
    def read(cls, text: str) -> "Rate":
        """Read 5, 0.5/s, 300/min, 1000/h or 20000/day. Raises ValueError."""
        found = _RATE.fullmatch(text)
        if not found or not (number := Fraction(found[1])):
            raise ValueError(f"a rate is like 5/s, 300/min, 1000/h or 20000/day, not {text!r}")
        unit = found[2] or "s"
        return cls(Fraction(_PERIODS[unit]) / number, f"{found[1]}/{unit}")


@dataclass(frozen=True, slots=True)
class AtOnce:
    """All items arrive at the first moment."""

    @property
    def gap(self) -> Fraction:
        return Fraction(0)

    def moments(self, _random: RandomSource) -> Iterator[int]:
        return repeat(0)

    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class Steady:
    """Items arrive at equal distances."""

    rate: Rate

    @property
    def gap(self) -> Fraction:
        return self.rate.gap

    def moments(self, _random: RandomSource) -> Iterator[int]:
        numerator, denominator = self.gap.as_integer_ratio()
        return (number * numerator // denominator for number in count())

    def __str__(self) -> str:
        return f"steady, {self.rate.text}"


@dataclass(frozen=True, slots=True)
class Poisson:
    """Items arrive independently of each other (a Poisson process)."""

    rate: Rate

    @property
    def gap(self) -> Fraction:
        return self.rate.gap

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        numerator, denominator = self.gap.as_integer_ratio()
        denominator *= UNIT
        passed = 0
        while True:
            passed += exponential(random_source)
            yield passed * numerator // denominator

    def __str__(self) -> str:
        return f"Poisson, {self.rate.text}"


@dataclass(frozen=True, slots=True)
class Daily:
    """Items arrive as a Poisson process whose rate follows CURVE."""

    rate: Rate
    """The average over the day."""

    @property
    def gap(self) -> Fraction:
        return self.rate.gap

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        return map(along_the_curve, Poisson(self.rate).moments(random_source))

    def __str__(self) -> str:
        return f"daily curve, {self.rate.text} on average"


def exponential(random_source: RandomSource) -> int:
    """An exponentially distributed number with a mean of UNIT.

    By von Neumann's method: draw uniform numbers while each is less than the one before. If their count is
    odd, the first is the result's fraction; else add one mean and begin anew. It needs no logarithm, whose
    last digits differ between machines.
    """
    whole_means = 0
    while True:
        first = last = random_source.below(UNIT)
        length = 1
        while (following := random_source.below(UNIT)) < last:
            last = following
            length += 1
        if length % 2:
            return whole_means + first
        whole_means += UNIT


def along_the_curve(even: int) -> int:
    """The moment by which as many items arrive along the curve as arrive by `even` at a constant rate."""
    days, rest = divmod(even * _AVERAGE, _CUMULATIVE[-1])
    hour = bisect_right(_CUMULATIVE, rest) - 1
    return days * DAY + hour * HOUR + (rest - _CUMULATIVE[hour]) // CURVE[hour]


def read_arrivals(text: str) -> Arrivals | None:
    """Read `at-once`, `steady:RATE`, `poisson:RATE` or `daily:RATE`; None for other texts.

    Raises ValueError for a bad rate.
    """
    if text == "at-once":
        return AtOnce()
    kind, colon, rate = text.partition(":")
    kinds: dict[str, type[Steady | Poisson | Daily]] = {"steady": Steady, "poisson": Poisson, "daily": Daily}
    if kind not in kinds:
        return None
    if not colon:
        raise ValueError(f"{kind} needs a rate, such as {kind}:5/s")
    return kinds[kind](Rate.read(rate))
