"""An item in the oven, as its lease in the row tells of it."""

from dataclasses import dataclass

from pizza_oven.row import Lease

OVERDUE_SECS = 5
"""How long after its time an item may still be coming out."""


@dataclass(frozen=True, slots=True)
class BakingItem:
    """An item in the oven."""

    id: str
    size: int
    """In slots."""
    until: float
    """When it should be out, in seconds since the epoch. For a held item, when its lease ends."""
    extensions: int | None = None
    """How often the lease of a held item was extended. None if the item is not held."""
    ended: bool = False
    """Whether the lease of a held item has ended: its slots are about to be freed."""
    holder: str | None = None
    """Who holds it, by `holder_lookup`: empty if the item does not say so, None if that is not known."""

    @classmethod
    def of(cls, item_id: str, lease: Lease) -> "BakingItem":
        """The item that has this lease in the row."""
        return cls(item_id, lease.size, lease.until, lease.extensions, lease.ended)

    @property
    def is_held(self) -> bool:
        """Whether it has its slots until it is released or its lease ends."""
        return self.extensions is not None

    def has_ended(self, now: float) -> bool:
        """Whether it is held, and its lease is over: it was neither extended nor released."""
        return self.is_held and (self.ended or self.until <= now)

    def is_overdue(self, now: float) -> bool:
        """Whether it should have come out more than OVERDUE_SECS ago."""
        return now - self.until > OVERDUE_SECS
