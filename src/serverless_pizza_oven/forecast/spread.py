"""Numbers that differ from item to item: baking times and sizes."""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from serverless_pizza_oven.simulator.random_source import RandomSource

_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?(?::([0-9]{1,9}))?", re.ASCII)


class Range(NamedTuple):
    """Whole numbers from `least` to `most`, all as likely."""

    least: int
    most: int
    up_to: int
    """The weights so far, this one's included."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Ranges of numbers, some likelier than others."""

    ranges: tuple[Range, ...]
    text: str
    """As people write it."""

    @classmethod
    def of(cls, least: int, most: int) -> Self:
        """All numbers from `least` to `most`."""
        return cls((Range(least, most, 1),), str(least) if least == most else f"{least}-{most}")

    @classmethod
    def read(cls, text: str) -> Self:
        """Read 20, or 15-30, or with weights 15-30:9,60:1. Raises ValueError."""
        ranges: list[Range] = []
        up_to = 0
        for part in text.split(","):
            found = _RANGE.fullmatch(part.strip())
            if not found:
                raise ValueError(f"{part.strip()!r} is none of these")
            least, most, weight = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
            if least > most:
                raise ValueError(f"in {part.strip()} the first number is above the second")
            up_to += weight
            ranges.append(Range(least, most, up_to))
        if not up_to:
            raise ValueError("all weights are 0")
        return cls(tuple(ranges), text)

    @property
    def least(self) -> int:
        return min(numbers.least for numbers in self.ranges)

    @property
    def most(self) -> int:
        return max(numbers.most for numbers in self.ranges)

    def draw(self, random_source: RandomSource) -> int:
        """One of the numbers."""
        least, most, _ = self.ranges[0]
        if len(self.ranges) > 1:
            weight = random_source.below(self.ranges[-1].up_to)
            least, most, _ = next(numbers for numbers in self.ranges if weight < numbers.up_to)
        return least + random_source.below(most - least + 1)
