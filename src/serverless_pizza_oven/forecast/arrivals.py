"""When items come: at once, steadily, by chance, or as a day goes.

Moments are whole microseconds from the beginning, and only whole numbers lead to them: the same seed gives
the same on any machine.
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
"""How busy each hour of a pizzeria's day is, from midnight: 10 is as busy as on average."""

_AVERAGE = sum(CURVE) // len(CURVE)
_PASSED = (0, *accumulate(weight * HOUR for weight in CURVE))

UNIT = 1 << 32
"""Exponential numbers are counted in parts of their mean, so many of them."""

_PERIODS = {"s": SECOND, "min": MINUTE, "h": HOUR, "day": DAY}
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/(s|min|h|day))?", re.ASCII)


class Arrivals(Protocol):
    """A way to come."""

    @property
    def gap(self) -> Fraction:
        """Microseconds from one to the next, on average."""

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        """One for each item, in order, without end."""

    def __str__(self) -> str:
        """As people say it, after "100 items"."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a time."""

    gap: Fraction
    """Microseconds from one to the next, on average."""
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
    """All in the first moment."""

    @property
    def gap(self) -> Fraction:
        return Fraction(0)

    def moments(self, _random: RandomSource) -> Iterator[int]:
        return repeat(0)

    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class Steady:
    """One after the other, at equal distances."""

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
    """Each without regard to the others."""

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
    """As Poisson, but more at noon and in the evening, and hardly any at night."""

    rate: Rate
    """On average over the day."""

    @property
    def gap(self) -> Fraction:
        return self.rate.gap

    def moments(self, random_source: RandomSource) -> Iterator[int]:
        return map(on_the_curve, Poisson(self.rate).moments(random_source))

    def __str__(self) -> str:
        return f"daily curve, {self.rate.text} on average"


def exponential(random_source: RandomSource) -> int:
    """An exponentially distributed number with a mean of UNIT.

    By John von Neumann's comparisons: of uniform numbers that fall from one to the next the first counts, if
    the fall is of odd length; else it is as if so much had passed in vain. It needs no logarithm, in whose
    last digits machines differ.
    """
    in_vain = 0
    while True:
        first = last = random_source.below(UNIT)
        length = 1
        while (following := random_source.below(UNIT)) < last:
            last = following
            length += 1
        if length % 2:
            return in_vain + first
        in_vain += UNIT


def on_the_curve(even: int) -> int:
    """The moment of a day as it goes by which as much has come as by `even` if all hours were alike."""
    days, rest = divmod(even * _AVERAGE, _PASSED[-1])
    hour = bisect_right(_PASSED, rest) - 1
    return days * DAY + hour * HOUR + (rest - _PASSED[hour]) // CURVE[hour]


def read(text: str) -> Arrivals | None:
    """Read at-once, steady:RATE, poisson:RATE or daily:RATE; None if it is none. Raises ValueError."""
    if text == "at-once":
        return AtOnce()
    way, colon, rate = text.partition(":")
    kinds: dict[str, type[Steady | Poisson | Daily]] = {"steady": Steady, "poisson": Poisson, "daily": Daily}
    if way not in kinds:
        return None
    if not colon:
        raise ValueError(f"{way} needs a rate, such as {way}:5/s")
    return kinds[way](Rate.read(rate))
