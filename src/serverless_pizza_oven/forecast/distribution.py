"""Distributions of whole numbers, for baking times and sizes that are drawn."""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from serverless_pizza_oven.simulator.random_source import RandomSource

_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?(?::([0-9]{1,9}))?", re.ASCII)


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
    def read(cls, text: str) -> Self:
        """Read `20`, `15-30`, or with weights `15-30:9,60:1`. Raises ValueError."""
        ranges: list[WeightedRange] = []
        total = 0
        for part in text.split(","):
            found = _RANGE.fullmatch(part.strip())
            if not found:
                raise ValueError(f"{part.strip()!r} is none of these")
            least, most, weight = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
            if least > most:
                raise ValueError(f"in {part.strip()} the first number is above the second")
            total += weight
            ranges.append(WeightedRange(least, most, total))
        if not total:
            raise ValueError("all weights are 0")
        return cls(tuple(ranges), text)

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
