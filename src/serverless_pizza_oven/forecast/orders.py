"""What is sent to an oven, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrivals import Arrivals, AtOnce
from serverless_pizza_oven.forecast.spread import Spread
from serverless_pizza_oven.simulator.random_source import RandomSource

BAKING = Spread.of(15, 30)
SIZE = Spread.of(1, 1)
"""Those of the demo."""

MOST_DAYS = 1_100
"""Of virtual time, a run may take."""

Order = tuple[int, Item]
"""When an item is sent, in microseconds from the beginning, and the item."""


class Orders(Protocol):
    """Items to send."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def arrivals(self) -> str:
        """How they come, in words."""

    @property
    def baking(self) -> str:
        """How long they bake, in words."""

    @property
    def sizes(self) -> str:
        """How many slots they take, in words."""

    @property
    def ids_repeat(self) -> bool:
        """Whether an id may come twice."""

    @property
    def unread(self) -> Sequence[str]:
        """The fields of items that say nothing to the oven."""

    def each(self, seed: int) -> Iterator[Order]:
        """One after the other, in the order in which they are sent; the same for the same seed."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Implements Orders: so many, drawn from the seed."""

    count: int = 100
    when: Arrivals = field(default_factory=AtOnce)
    baking_secs: Spread = BAKING
    slots: Spread = SIZE

    @property
    def arrivals(self) -> str:
        return str(self.when)

    @property
    def baking(self) -> str:
        return f"{self.baking_secs.text} s"

    @property
    def sizes(self) -> str:
        return self.slots.text

    @property
    def ids_repeat(self) -> bool:
        return False

    @property
    def unread(self) -> Sequence[str]:
        return ()

    def each(self, seed: int) -> Iterator[Order]:
        # Apart, so that another way to come changes nothing about the items.
        moments = self.when.moments(stream(seed, 0))
        random_source = stream(seed, 1)
        for number, moment in zip(range(1, self.count + 1), moments, strict=False):
            yield (
                moment,
                item(
                    made_up_id(number), self.baking_secs.draw(random_source), self.slots.draw(random_source)
                ),
            )


def stream(seed: int, number: int) -> RandomSource:
    """One of three independent random_source of a seed: for arrivals, for items, and for the oven."""
    return RandomSource(3 * seed + number)


def made_up_id(number: int) -> str:
    """As long as a UUID: the longer the ids, the larger is the row, and the dearer each write of it."""
    return f"item-{number:031}"


def item(item_id: str, baking_secs: int, size: int) -> Item:
    """An item with nothing of the sender's own."""
    body = f'{{"id":"{item_id}","bakingTimeSecs":{baking_secs},"size":{size}}}'
    return Item(item_id, baking_secs, size, body)


def check_spreads(baking_secs: Spread, slots: Spread, capacity: int) -> None:
    """Raise UsageError if the oven of so many slots would refuse items of such numbers."""
    for option, spread, extremes in (
        ("--bake", baking_secs, [(secs, 1) for secs in (baking_secs.least, baking_secs.most)]),
        ("--size", slots, [(0, size) for size in (slots.least, slots.most)]),
    ):
        for secs, size in extremes:
            try:
                parse(item("item", secs, size).body, capacity)
            except MalformedItemError as error:
                raise UsageError(f"{option} {spread.text}: {error}") from None
