"""Workloads: which items are sent to an oven, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrivals import Arrivals, AtOnce
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.simulator.random_source import RandomSource

DEFAULT_BAKING_SECS = Distribution.of(15, 30)
DEFAULT_SIZE = Distribution.of(1, 1)
"""The baking times of the demo."""

MAX_DAYS = 1_100
"""The most virtual time that a simulation takes."""

ARRIVAL_STREAM, ITEM_STREAM, OVEN_STREAM = range(3)
"""What the three streams of random numbers are for."""

TimedItem = tuple[int, Item]
"""When an item is sent, in microseconds from the beginning, and the item."""


class Workload(Protocol):
    """Items, and when each is sent."""

    @property
    def count(self) -> int:
        """How many items are sent."""

    @property
    def arrivals(self) -> str:
        """How they arrive, in words."""

    @property
    def baking(self) -> str:
        """How long they bake, in words."""

    @property
    def sizes(self) -> str:
        """How many slots they take, in words."""

    @property
    def ids_repeat(self) -> bool:
        """Whether two items may have one id."""

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about how the input was read, a sentence each."""

    def items(self, seed: int) -> Iterator[TimedItem]:
        """The items in the order in which they are sent; the same for the same seed."""


@dataclass(frozen=True, slots=True)
class DrawnWorkload:
    """Implements Workload with `count` items drawn at random."""

    count: int = 100
    when: Arrivals = field(default_factory=AtOnce)
    baking_secs: Distribution = DEFAULT_BAKING_SECS
    slots: Distribution = DEFAULT_SIZE
    notes: Sequence[str] = ()

    @property
    def arrivals(self) -> str:
        return str(self.when)

    @property
    def baking(self) -> str:
        return seconds_in_words(self.baking_secs)

    @property
    def sizes(self) -> str:
        return self.slots.text

    @property
    def ids_repeat(self) -> bool:
        return False

    def items(self, seed: int) -> Iterator[TimedItem]:
        # Two streams, so that other arrivals leave the items as they are.
        moments = self.when.moments(random_stream(seed, ARRIVAL_STREAM))
        drawn = random_stream(seed, ITEM_STREAM)
        for number, moment in zip(range(1, self.count + 1), moments, strict=False):
            secs, size = self.baking_secs.draw(drawn), self.slots.draw(drawn)
            yield moment, plain_item(generated_id(number), secs, size)


def seconds_in_words(baking_secs: Distribution) -> str:
    """As the user wrote them; numbers without a unit are seconds."""
    return baking_secs.text if any(unit in baking_secs.text for unit in "smhd") else f"{baking_secs.text} s"


def random_stream(seed: int, number: int) -> RandomSource:
    """One of the three independent streams of random numbers that belong to a seed."""
    return RandomSource(3 * seed + number)


def generated_id(number: int) -> str:
    """An id of 36 characters, like a UUID. Longer ids make the row larger, and each write of it dearer."""
    return f"item-{number:031}"


def plain_item(item_id: str, baking_secs: int, size: int) -> Item:
    """An item without fields of the sender's own."""
    body = f'{{"id":"{item_id}","bakingTimeSecs":{baking_secs},"size":{size}}}'
    return Item(item_id, baking_secs, size, body)


def check_distributions(baking_secs: Distribution, slots: Distribution, capacity: int) -> None:
    """Raise UsageError if an oven of `capacity` slots would refuse some of the items that may be drawn."""
    for option, distribution, extremes in (
        ("--bake", baking_secs, [(secs, 1) for secs in (baking_secs.least, baking_secs.most)]),
        ("--size", slots, [(0, size) for size in (slots.least, slots.most)]),
    ):
        for secs, size in extremes:
            try:
                parse(plain_item("item", secs, size).body, capacity)
            except MalformedItemError as error:
                raise UsageError(f"{option} {distribution.text}: {error}") from None
