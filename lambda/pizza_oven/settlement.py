"""What one conditional write of the row does for a batch of items: all of it, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pizza_oven.row import Lease


@dataclass(frozen=True, slots=True)
class Served:
    """Messages that leave the waiting line."""

    sequences: Sequence[int] = ()
    """Their sequence numbers, ascending. The row refuses those that left before."""
    counted: int = 0
    """How many of them `waiting` still counts."""
    by_epoch: Mapping[int, int] = field(default_factory=dict)
    """How many of them joined in each epoch."""
    sent_at: float = 0
    """When the last of them was enqueued, in seconds since 1970; 0 if none tells its epoch."""


NONE_SERVED = Served()


@dataclass(frozen=True, slots=True)
class Settlement:
    """The change of the row, and what must hold of it.

    The row refuses it unless there is room for all loads, none of them is leased, all that are to be freed
    are leased with that size, and none of the served messages left before.
    """

    loads: Mapping[str, Lease] = field(default_factory=dict)
    """The leases to take, by item id."""
    frees: Mapping[str, int] = field(default_factory=dict)
    """The leases to end, by item id, with their sizes in slots."""
    joining: int = 0
    """Items that join the waiting line. A pending wake-up is cleared, since whoever joins looks at the
    line afterwards."""
    served: Served = NONE_SERVED
    overtakes: bool = False
    """Some loads are new items. The row refuses them while other items wait than those that leave."""
    next_size: int | None = None
    """Clear the pending wake-up. The row refuses this while items wait after the change and one of so
    many slots fits."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.loads or self.frees or self.joining or self.served.sequences or self.next_size is not None
        )

    @property
    def size(self) -> int:
        """The slots that are taken, less those that are freed."""
        return sum(lease.size for lease in self.loads.values()) - sum(self.frees.values())
