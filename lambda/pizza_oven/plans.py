"""Which items get slots, which are in the oven already, and which wait: decided from a row, without
asking anybody."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
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
    served: list[WaitingMessage] = field(default_factory=list)
    """The messages of the line among the first three, in order."""

    @classmethod
    def of(cls, candidates: Iterable[Candidate], row: Row, room: int) -> "Plan":
        """Serve the longest prefix of the candidates that is leased in the row already or fits into
        `room` slots; and behind it, new items that are leased already."""
        plan = cls()
        seen: set[str] = set()
        for candidate in candidates:
            item = candidate.item
            if candidate.message is None and row.waiting > len(plan.served):
                # New items do not overtake those that wait.
                room = 0
            needs_no_slots = item is None or item.id in seen or item.id in row.leases
            # A new item that is leased is a redelivery wherever it stands; the line has an order to keep.
            is_blocked = plan.rest and (candidate.message or not needs_no_slots)
            if is_blocked or (not needs_no_slots and candidate.size > room):
                plan.rest.append(candidate)
                continue
            if candidate.message:
                plan.served.append(candidate.message)
            if item is None or item.id in seen:
                plan.needless.append(candidate)
                continue
            seen.add(item.id)
            if item.id in row.leases:
                plan.redelivered.append(candidate)
            else:
                plan.loads.append(candidate)
                room -= item.size
        return plan

    @property
    def next_size(self) -> int:
        """The slots that the first of the rest needs; the least possible if there is none."""
        return self.rest[0].size if self.rest else 1

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
            len(served) if row is None else min(len(served), max(row.waiting, 0)),
            Counter(message.epoch for message in served if message.epoch is not None),
            max((message.sent_at for message in served if message.epoch is not None), default=0),
        )
