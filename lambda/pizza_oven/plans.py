"""Who is loaded, who is in the oven already, and who waits: decided from a row, without asking anybody."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pizza_oven.item import Item
from pizza_oven.ports import DeadLetter, Leaving, Row, Waiting


def slots(items: Iterable[Item]) -> int:
    """What they take together."""
    return sum(item.size for item in items)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who of some items is loaded, who is in the oven already, and who waits. In their order."""

    loaded: list[Item] = field(default_factory=list)
    leased: list[Item] = field(default_factory=list)
    rest: list[Item] = field(default_factory=list)

    @property
    def head_size(self) -> int:
        """The slots that the first of the rest needs; the least possible, where nobody is known to wait."""
        return self.rest[0].size if self.rest else 1

    @classmethod
    def of(cls, items: Iterable[Item], row: Row, room: int) -> "Plan":
        """The longest prefix that fits in `room` slots, leaving out what the row has leased."""
        plan = cls()
        for item in items:
            if item.id in row.leases:
                plan.leased.append(item)
            elif not plan.rest and item.size <= room:
                plan.loaded.append(item)
                room -= item.size
            else:
                plan.rest.append(item)
        return plan


@dataclass(frozen=True, slots=True)
class Held:
    """A message of the line in hand."""

    waiting: Waiting
    item: Item | None
    """None if it is not to be baked."""
    letter: DeadLetter | None = None
    """Which then becomes of it, if any."""


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What is done with a hand: its messages are served in their order, up to the first that does not fit."""

    loaded: list[Held] = field(default_factory=list)
    leased: list[Held] = field(default_factory=list)
    idle: list[Held] = field(default_factory=list)
    """Copies of another in this hand, and what cannot be baked."""
    served: list[Held] = field(default_factory=list)
    """All of the above, in order."""
    rest: list[Held] = field(default_factory=list)

    @classmethod
    def of(cls, hand: Iterable[Held], row: Row, room: int) -> "LinePlan":
        """The longest prefix that is in the oven already, or fits into `room` slots."""
        plan = cls()
        seen: set[str] = set()
        for held in hand:
            if plan.rest or (
                held.item and held.item.id not in seen | row.leases.keys() and held.item.size > room
            ):
                plan.rest.append(held)
                continue
            plan.served.append(held)
            if held.item is None or held.item.id in seen:
                plan.idle.append(held)
                continue
            seen.add(held.item.id)
            if held.item.id in row.leases:
                plan.leased.append(held)
            else:
                plan.loaded.append(held)
                room -= held.item.size
        return plan

    def leaving(self, row: Row | None) -> Leaving:
        """How those served leave the line that `row` counts; None where it is not known yet.

        What has left before, and comes again, is not counted out a second time.
        """
        taken = [held.waiting for held in self.served if row is None or held.waiting.sequence > row.left]
        return Leaving(
            [waiting.sequence for waiting in taken],
            min(len(taken), max(row.waiting, 0)) if row else len(taken),
            Counter(waiting.era for waiting in taken if waiting.era is not None),
        )

    @property
    def items(self) -> list[Item]:
        """Those that are loaded."""
        return [held.item for held in self.loaded if held.item]

    @property
    def head_size(self) -> int:
        """The slots that the first of the rest needs; the least possible, where nobody is known to wait."""
        first = self.rest[0].item if self.rest else None
        return first.size if first else 1
