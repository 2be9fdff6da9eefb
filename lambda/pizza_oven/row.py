"""The row of the Baking Table: everything that must be decided atomically.

The row counts the slots that are taken and the items that wait, and holds a lease for each item in the
oven. The table in docs/protocol.md maps its fields to the attributes in DynamoDB.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

EPOCH_SECS = 300
"""Items that join the waiting line within these seconds are counted together."""

EPOCHS = 12
"""After 12 epochs (an hour) the numbers are used again, so that a long line does not enlarge the row."""


def epoch_of(moment: float) -> int:
    """The number, 0 to 11, of the epoch of a moment in seconds since 1970."""
    return int(moment // EPOCH_SECS) % EPOCHS


@dataclass(frozen=True, slots=True)
class Lease:
    """The hold of one item on its slots."""

    size: int
    """In slots."""
    until: float
    """When the item is due to come out, in seconds since 1970, to the millisecond."""
    extensions: int | None = None
    """How often a held item was extended. None if the item is not held."""
    ended: bool = False
    """Whether the lease of a held item cannot be extended any more: its slots are about to be freed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of the row at one moment."""

    occupied: int = 0
    """Slots taken: the sum of the leases."""
    waiting: int = 0
    """Items that joined the waiting line and were not loaded yet.

    Never too low. Too high after a crash between joining and enqueueing, until `orphaned` tells by how many.
    """
    retry_at: float = field(default=0, kw_only=True)
    """No other retry is scheduled before this moment, in seconds since 1970. The trigger arrives after it."""

    def room(self, capacity: int, freed: int = 0) -> int:
        """Free slots, once so many are freed. 0 while the oven is fuller than a lowered capacity."""
        return min(max(capacity - self.occupied + freed, 0), capacity)


@dataclass(frozen=True, slots=True)
class Row(Counts):
    """The whole row at one moment."""

    joined_at: float = 0
    """When an item last joined the row, in seconds since 1970."""
    leases: Mapping[str, Lease] = field(default_factory=dict)
    """By item id."""
    wake_up_requested_at: float = 0
    """When the pending wake-up of Bake Items was requested, in seconds since 1970; 0 if none is pending.

    While it is pending and items wait, a trigger is on its way or a function is at work.
    """
    last_left: int = 0
    """The sequence number of the last message that left the line."""
    last_left_sent_at: float = 0
    """When the last message that left and told its epoch had been enqueued, in seconds since 1970."""
    waiting_by_epoch: Mapping[int, int] = field(default_factory=dict)
    """How many of the waiting items joined in each epoch."""
    packs_since: float = field(default=0, kw_only=True, compare=False, repr=False)
    """When an item first joined since messages of the line may have several, in seconds since 1970; 0 if none
    did."""

    def orphaned(self, epochs: Iterable[int]) -> int:
        """How many items of these closed epochs are counted but were never enqueued. If 5 joined in a closed
        epoch and 4 of them left the line, 1 is orphaned."""
        counted = sum(self.waiting_by_epoch[epoch] for epoch in epochs)
        # Release 1.0.0 counts no epochs: items that it took out of the line are still counted there.
        taken_out = max(sum(self.waiting_by_epoch.values()) - self.waiting, 0)
        return counted - min(taken_out, max(counted, 0))


@dataclass(frozen=True, slots=True)
class Refused:
    """The condition of a write did not hold, and nothing was written."""

    row: Row
    """The row that failed the condition."""


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The row after an item's slots were freed."""

    occupied: int
    waiting: int
    wake_up_requested_at: float
