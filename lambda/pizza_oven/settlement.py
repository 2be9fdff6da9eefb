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
    """When the last of them that tells its epoch was enqueued, in seconds since 1970; 0 if none does."""


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
    """Items that join. This clears a pending wake-up, since their function looks at the row afterwards."""
    served: Served = NONE_SERVED
    overtakes: bool = False
    """Some loads are new items. The row refuses them if an item waits that does not leave with this write."""
    clear_wake_up_unless_fits: int | None = None
    """Clear the pending wake-up. The row refuses this if items wait after the change and an item of this
    many slots fits. None leaves the wake-up to `joining`."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        clears = self.clear_wake_up_unless_fits is not None
        return not (self.loads or self.frees or self.joining or self.served.sequences or clears)

    @property
    def occupied_change(self) -> int:
        """The slots that are taken, less those that are freed. May be negative."""
        return sum(lease.size for lease in self.loads.values()) - sum(self.frees.values())
