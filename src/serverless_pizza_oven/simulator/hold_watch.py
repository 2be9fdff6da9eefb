"""Watches the held items of a world: that they keep their slots, and that their owners are told once."""

from collections import Counter

from pizza_oven.row import Lease, Row
from serverless_pizza_oven.simulator.message_reader import MessageReader
from serverless_pizza_oven.simulator.world import SKEW, World

MOST_SKEW_SECS = 2 * SKEW / 1_000_000
"""How far the clocks of two functions may be apart."""


class HoldWatch:
    """Tells what is wrong with a held item as a text, or None if nothing is."""

    def __init__(self, world: World, reader: MessageReader) -> None:
        self._world = world
        self._reader = reader
        self.released: set[str] = set()
        """The items for which a release was sent, or whose owners gave up."""
        self._expired: set[str] = set()
        """The items whose leases have ended. A copy of one may get slots until its start tells."""
        self._told: Counter[str] = Counter()

    def sent(self, body: str) -> None:
        """Remember a message that is sent to New Items."""
        if item_id := self._reader.released(body):
            self.released.add(item_id)

    def memory(self) -> object:
        """What the watch remembers that does not follow from the world."""
        return sorted(self._told.items()), sorted(self._expired)

    def row_changed(self, before: Row, row: Row) -> str | None:
        """Whether a held item has lost its slots, though it was neither released nor due."""
        for item_id, lease in before.leases.items():
            after = row.leases.get(item_id)
            if lease.extensions is None or after is lease:
                continue
            if lease.ended and after is not None and not after.ended:
                return f"the lease of {item_id} had ended, and was extended"
            if not lease.ended and not self._may_end(item_id):
                text = self._lease_changed(item_id, lease, after)
                if text:
                    return text
        return None

    def owner_told(self, item_id: str, until: float) -> str | None:
        """Whether an owner is told of slots that the item does not have, or is the second one."""
        self._told[item_id] += 1
        if self._told[item_id] > 1:
            return f"{self._told[item_id]} owners of {item_id} are told"
        now = self._world.loop.seconds()
        if item_id in self._world.table.row.leases or self._may_end(item_id) or until <= now + MOST_SKEW_SECS:
            return None
        return f"the owner of {item_id} is told of slots that it does not have"

    def _lease_changed(self, item_id: str, lease: Lease, after: Lease | None) -> str | None:
        if after is None:
            return f"{item_id} is held, and has lost its slots"
        if after.ended:
            self._expired.add(item_id)
            late = lease.until - self._world.loop.seconds() - MOST_SKEW_SECS
            return f"the lease of {item_id} ended {late} s too early" if late > 0 else None
        return f"the lease of {item_id} became shorter" if after.until < lease.until else None

    def _may_end(self, item_id: str) -> bool:
        """Whether it was released, or is held no more, or was never started."""
        baking = self._world.executions.bakings.get(item_id)
        if item_id in self.released or item_id in self._expired:
            return True
        return baking is None or not baking.running or not baking.item.size
