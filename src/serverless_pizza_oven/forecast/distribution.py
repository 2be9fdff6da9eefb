"""Distributions of whole numbers, for baking times and sizes that are drawn."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Self

from serverless_pizza_oven.simulator.random_source import RandomSource

_RANGE = re.compile(r"([0-9]{1,9})([smhd]?)(?:-([0-9]{1,9})([smhd]?))?(?::([0-9]{1,9}))?", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class WeightedRange(NamedTuple):
    """Whole numbers from `least` to `most`, all equally likely."""

    least: int
    most: int
    cumulative_weight: int
    """The sum of the weights up to this range, its own included."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Ranges of whole numbers, each with a weight."""

    ranges: tuple[WeightedRange, ...]
    text: str
    """As the user wrote it."""

    @classmethod
    def of(cls, least: int, most: int) -> Self:
        """All whole numbers from `least` to `most`, equally likely."""
        return cls((WeightedRange(least, most, 1),), str(least) if least == most else f"{least}-{most}")

    @classmethod
    def read(cls, text: str, *, is_time: bool = False) -> Self:
        """Read `20`, `15-30`, or with weights `15-30:9,60:1`. Raises ValueError.

        A time may have a unit, and is returned in seconds: `90s`, `5m-40m`, `1-2h`, `1d`.
        """
        ranges: list[WeightedRange] = []
        total = 0
        for part in text.split(","):
            found = _RANGE.fullmatch(part.strip())
            if not found or (not is_time and (found[2] or found[4])):
                raise ValueError(f"{part.strip()!r} is none of these")
            # In 1-2h both are hours.
            least = int(found[1]) * _UNITS[found[2] or found[4] or ""]
            most = int(found[3]) * _UNITS[found[4] or ""] if found[3] else least
            weight = int(found[5] or 1)
            if least > most:
                raise ValueError(f"in {part.strip()} the first number is above the second")
            total += weight
            ranges.append(WeightedRange(least, most, total))
        if not total:
            raise ValueError("all weights are 0")
        return cls(tuple(ranges), text)

    @property
    def mean(self) -> Fraction:
        total, before = Fraction(0), 0
        for least, most, cumulative in self.ranges:
            total += Fraction((least + most) * (cumulative - before), 2)
            before = cumulative
        return total / before

    @property
    def least(self) -> int:
        return min(numbers.least for numbers in self.ranges)

    @property
    def most(self) -> int:
        return max(numbers.most for numbers in self.ranges)

    def draw(self, random_source: RandomSource) -> int:
        """Draw one of the numbers."""
        least, most, _ = self.ranges[0]
        if len(self.ranges) > 1:
            weight = random_source.below(self.ranges[-1].cumulative_weight)
            least, most, _ = next(numbers for numbers in self.ranges if weight < numbers.cumulative_weight)
        return least + random_source.below(most - least + 1)
