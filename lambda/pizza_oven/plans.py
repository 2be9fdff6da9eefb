"""Which items get slots, which are in the oven already, and which wait: decided from a row, without
asking anybody."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pizza_oven.item import Item
from pizza_oven.messages import DeadLetter, WaitingMessage
from pizza_oven.row import Lease, Row
from pizza_oven.settlement import Served, Settlement


def lease_of(item: Item, start: float) -> Lease:
    """The lease of an item that starts to bake at `start`, in seconds since 1970."""
    return Lease(item.size, round(start + item.baking_time_secs, 3), 0 if item.hold else None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What asks for slots: a new item, or a message received from the line."""

    item: Item | None
    """None if the message is not to be baked."""
    sent_at: float
    """When it was sent to New Items or to the line, in seconds since 1970."""
    message: WaitingMessage | None = None
    """None for a new item."""
    letter: DeadLetter | None = None
    """The dead letter that becomes of it, if one does."""

    @property
    def size(self) -> int:
        """The slots it needs; the least possible if that is not known."""
        return self.item.size if self.item else 1


@dataclass(slots=True)
class Plan:
    """What becomes of candidates, who are served in their order: new items after those of the line."""

    loads: list[Candidate] = field(default_factory=list)
    """They get slots."""
    redelivered: list[Candidate] = field(default_factory=list)
    """They have slots already."""
    needless: list[Candidate] = field(default_factory=list)
    """They need none: second copies of an item, and what is not to be baked."""
    rest: list[Candidate] = field(default_factory=list)
    """They do not fit, or stand behind one that does not: new items join the line, messages of the line
    go back."""
    next_size: int = 1
    """The slots that the first of the rest needs, with all of its message; the least possible if there is no
    rest, or if that is not known."""
    served: list[WaitingMessage] = field(default_factory=list)
    """The messages of the line among the first three, in order."""

    @classmethod
    def of(cls, candidates: Iterable[Candidate], row: Row, room: int) -> "Plan":
        """Serve the longest prefix of the candidates that is leased in the row already or fits into
        `room` slots; and behind it, new items that are leased already. What is in one message stays
        together."""
        plan = cls()
        seen: set[str] = set()
        for _, group in groupby(candidates, key=lambda candidate: candidate.message or candidate):
            together = list(group)
            message = together[0].message
            if message is None and row.waiting > _count(plan.served):
                # New items do not overtake those that wait.
                room = 0
            asking = [c.item for c in together if c.item and c.item.id not in seen]
            size = sum(item.size for item in asking if item.id not in row.leases)
            # A new item that is leased is a redelivery wherever it stands; the line has an order to keep.
            is_blocked = plan.rest and (message or size)
            if is_blocked or size > room:
                plan.next_size = plan.next_size if plan.rest else size
                plan.rest += together
                continue
            room -= size
            if message:
                plan.served.append(message)
            for candidate in together:
                plan._serve(candidate, row, seen)
        return plan

    def _serve(self, candidate: Candidate, row: Row, seen: set[str]) -> None:
        item = candidate.item
        if item is None or item.id in seen:
            self.needless.append(candidate)
            return
        seen.add(item.id)
        (self.redelivered if item.id in row.leases else self.loads).append(candidate)

    def settlement(self, row: Row | None, capacity: int, now: float, frees: Mapping[str, int]) -> Settlement:
        """The write that carries out this plan and frees the slots of `frees`, by item id. Without a row, it
        assumes that nothing waits but its messages, which `waiting` counts: else the row may refuse it."""
        loads = {c.item.id: lease_of(c.item, now) for c in self.loads if c.item}
        served = self._served(row)
        joining = sum(candidate.message is None for candidate in self.rest)
        next_size: int | None = None
        if not joining and (served.sequences or any(candidate.message for candidate in self.loads)):
            next_size = self.next_size
            if row is not None:
                room = row.room(capacity, sum(frees.values())) - sum(c.size for c in self.loads)
                if row.waiting > served.counted and room >= next_size:
                    # Another item fits after them, so the wake-up stays pending.
                    next_size = None
        return Settlement(
            loads=loads,
            frees=frees,
            joining=joining,
            served=served,
            overtakes=any(candidate.message is None for candidate in self.loads),
            clear_wake_up_unless_fits=next_size,
        )

    def _served(self, row: Row | None) -> Served:
        # What left before, and was received once more, is not subtracted a second time.
        served = [message for message in self.served if row is None or message.sequence > row.last_left]
        return Served(
            [message.sequence for message in served],
            _count(served) if row is None else min(_count(served), max(row.waiting, 0)),
            Counter(message.epoch for message in served for _ in message.bodies if message.epoch is not None),
            max((message.sent_at for message in served if message.epoch is not None), default=0),
        )


def _count(messages: Sequence[WaitingMessage]) -> int:
    """The items of these messages."""
    return sum(len(message.bodies) for message in messages)
