"""Counts what became of the pizzas of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from serverless_pizza_oven.demo.menu import Pizza


@dataclass(frozen=True, slots=True)
class Arrival:
    """A pizza in Baked Items."""

    message_id: str
    at: float
    """In seconds since the epoch."""


@dataclass(slots=True)
class Tally:
    """Keeps count of the pizzas of one run, by their ids."""

    pizzas: Sequence[Pizza]
    sent: dict[str, float] = field(default_factory=dict)
    """When each was sent, in seconds since the epoch."""
    baked: dict[str, Arrival] = field(default_factory=dict)
    """The first arrival of each."""
    doubles: set[str] = field(default_factory=set)
    """Pizzas that came out more than once."""
    dead: dict[str, str] = field(default_factory=dict)
    """Why each of them became a dead letter."""
    _ids: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._ids = frozenset(pizza.id for pizza in self.pizzas)

    def knows(self, item_id: str | None) -> bool:
        """Whether it is a pizza of this run."""
        return item_id in self._ids

    def came_out(self, item_id: str, arrival: Arrival) -> None:
        """Count a baked pizza; a message that SQS delivers twice is still one pizza."""
        first = self.baked.setdefault(item_id, arrival)
        if first.message_id != arrival.message_id:
            self.doubles.add(item_id)

    def dead_lettered(self, item_id: str, reason: str) -> None:
        """Note the reason why a pizza became a dead letter."""
        self.dead[item_id] = reason

    def to_send(self, count: int) -> Sequence[Pizza]:
        """The next `count` that were not sent yet, or what is left of them."""
        return self.pizzas[len(self.sent) : len(self.sent) + count]

    @property
    def missing(self) -> list[str]:
        """The ids of pizzas that were sent, and neither came out nor became dead letters."""
        return [item_id for item_id in self.sent if item_id not in self.baked and item_id not in self.dead]

    @property
    def all_sent(self) -> bool:
        return len(self.sent) == len(self.pizzas)

    @property
    def is_complete(self) -> bool:
        """Whether every pizza came out or became a dead letter."""
        return self.all_sent and not self.under_way

    @property
    def under_way(self) -> int:
        """How many were sent, and are not yet in Baked Items or in the dead-letter queue."""
        return len(self.sent) - len(self.baked) - sum(item_id not in self.baked for item_id in self.dead)

    @property
    def out(self) -> int:
        return len(self.baked)

    def leases_of(self, leases: Mapping[str, object]) -> int:
        """How many of the leases are of pizzas of this run."""
        return sum(item_id in self._ids for item_id in leases)
