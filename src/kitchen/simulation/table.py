"""DynamoDB in memory: the one row of the Baking Table, with the conditions of its writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pizza_oven.ports import Answer, Lease, Row

UNIT_BYTES = 1024
"""A write is billed by the whole item, in steps of 1 KB: the larger of before and after
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""

_ROW_BYTES = 70
"""The key, `occupied`, `waiting` and `joinedAt`, with their names."""

_TIME_BYTES = 9
_SIZE_BYTES = 3
"""Of the numbers of a lease; the names come to it
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)."""


_DONE = Answer(True, Row())


@dataclass(slots=True)
class MemoryBakingTable:
    """Implements BakingTable. Its row is a value: who has seen it keeps what was seen."""

    row: Row = field(default_factory=Row)
    lease_bytes: int = 0
    """What the leases take of the row, about."""

    @property
    def write_units(self) -> int:
        """The units that a write costs now."""
        return -(-(_ROW_BYTES + self.lease_bytes) // UNIT_BYTES)

    def look(self) -> Row:
        return self.row

    def load_directly(self, leases: Mapping[str, Lease], capacity: int, joining: int, now: float) -> Answer:
        row = self.row
        if leases and (row.waiting > 0 or not self._may_lease(leases, capacity)):
            return Answer(False, row)
        return self._become(
            row.occupied + _slots(leases),
            row.waiting + joining,
            round(now, 3) if joining else row.joined_at,
            self._with(leases),
        )

    def load_from_line(self, leases: Mapping[str, Lease], capacity: int, taken: int) -> Answer:
        row = self.row
        if (leases and not self._may_lease(leases, capacity)) or (taken and row.waiting < taken):
            return Answer(False, row)
        return self._become(
            row.occupied + _slots(leases), row.waiting - taken, row.joined_at, self._with(leases)
        )

    def unload(self, item_id: str) -> Answer:
        answer = self.undo(item_id, 0)
        return Answer(True, Row(self.row.occupied, self.row.waiting)) if answer.ok else answer

    def undo(self, item_id: str, rejoining: int) -> Answer:
        row = self.row
        lease = row.leases.get(item_id)
        if lease is None:
            return Answer(False, row)
        leases = dict(row.leases)
        del leases[item_id]
        self.lease_bytes -= _bytes(item_id, lease)
        return self._become(row.occupied - lease.size, row.waiting + rejoining, row.joined_at, leases)

    def renew(self, item_id: str, until: float) -> Answer:
        row = self.row
        lease = row.leases.get(item_id)
        if lease is None:
            return Answer(False, row)
        leases = {**row.leases, item_id: Lease(lease.size, until)}
        return self._become(row.occupied, row.waiting, row.joined_at, leases)

    def evict(self, item_id: str, until: float) -> Answer:
        lease = self.row.leases.get(item_id)
        if lease is None or lease.until != until:
            return Answer(False, self.row)
        return self.undo(item_id, 0)

    def recount(self, seen: Row) -> Answer:
        row = self.row
        if (row.waiting, row.joined_at) != (seen.waiting, seen.joined_at):
            return Answer(False, row)
        return self._become(row.occupied, 0, row.joined_at, row.leases)

    def _may_lease(self, leases: Mapping[str, Lease], capacity: int) -> bool:
        row = self.row
        return row.occupied + _slots(leases) <= capacity and row.leases.keys().isdisjoint(leases)

    def _with(self, leases: Mapping[str, Lease]) -> Mapping[str, Lease]:
        if not leases:
            return self.row.leases
        self.lease_bytes += sum(_bytes(item_id, lease) for item_id, lease in leases.items())
        return {**self.row.leases, **leases}

    def _become(self, occupied: int, waiting: int, joined_at: float, leases: Mapping[str, Lease]) -> Answer:
        self.row = Row(occupied, waiting, joined_at, leases)
        return _DONE


def _slots(leases: Mapping[str, Lease]) -> int:
    return sum(lease.size for lease in leases.values())


def _bytes(item_id: str, lease: Lease) -> int:
    name = 1 + len(item_id)
    return name + _TIME_BYTES + (name + _SIZE_BYTES if lease.size > 1 else 0)
