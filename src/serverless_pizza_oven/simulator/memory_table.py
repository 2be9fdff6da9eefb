"""DynamoDB in memory: the one row of the Baking Table, with the conditions of its writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pizza_oven.ports import Answer, Lease, Leaving, Row, era_of

UNIT_BYTES = 1024
"""A write is billed by the whole item, in steps of 1 KB: the larger of before and after
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""

_ROW_BYTES = 110
"""All that is no lease, with the names: three eras of twelve, as a rule."""

_TIME_BYTES = 9
_SIZE_BYTES = 3
"""Of the numbers of a lease; the names come to it
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)."""


_DONE = Answer(True, Row())


@dataclass(slots=True)
class MemoryBakingTable:
    """Implements BakingTable. Its row is a value: who has seen it keeps what was seen."""

    READS: ClassVar[frozenset[str]] = frozenset({"look"})
    """The operations that only read the row: GetItem. All others write it: UpdateItem."""

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
        occupied = row.occupied + _slots(leases)
        if leases and (row.waiting > 0 or not self._may_lease(leases, occupied, capacity)):
            return Answer(False, row)
        leases = self._with(leases)
        if joining:
            waiting, joined = row.waiting + joining, _plus(row.joined, {era_of(now): joining})
            self.row = Row(occupied, waiting, round(now, 3), leases, row.left, 0, row.come_at, joined)
        else:
            self.row = _but(row, occupied, leases, row.called_at)
        return Answer(True, Row(occupied)) if leases else _DONE

    def load_from_line(
        self,
        leases: Mapping[str, Lease],
        capacity: int,
        leaving: Leaving,
        next_size: int | None,
    ) -> Answer:
        row = self.row
        occupied, waiting = row.occupied + _slots(leases), row.waiting - leaving.counted
        if (
            (leases and not self._may_lease(leases, occupied, capacity))
            or (leaving.taken and row.left >= leaving.taken[0])
            or (leaving.counted and row.waiting < leaving.counted)
        ):
            return Answer(False, row)
        if next_size is not None and not _nobody_fits(occupied, waiting, capacity, next_size):
            return Answer(False, row)
        left = leaving.taken[-1] if leaving.taken else row.left
        called_at = row.called_at if next_size is None else 0
        joined = _plus(row.joined, {era: -count for era, count in leaving.joined.items()})
        leases = self._with(leases)
        self.row = Row(occupied, waiting, row.joined_at, leases, left, called_at, row.come_at, joined)
        return Answer(True, self.row)

    def unload(self, item_id: str, now: float) -> Answer:
        row = self.row
        if item_id not in row.leases:
            return Answer(False, row)
        self.row = row = self._without(item_id, row.called_at or now)
        return Answer(True, Row(row.occupied, row.waiting, called_at=row.called_at))

    def answer_call(self, capacity: int, head_size: int) -> Answer:
        row = self.row
        if not _nobody_fits(row.occupied, row.waiting, capacity, head_size):
            return Answer(False, row)
        self.row = _but(row, row.occupied, row.leases, 0)
        return Answer(True, self.row)

    def come_again(self, now: float, at: float) -> Answer:
        if self.row.come_at > now:
            return Answer(False, self.row)
        self.row = replace(self.row, called_at=now, come_at=at)
        return _DONE

    def drop_call(self) -> Answer:
        self.row = replace(self.row, called_at=0)
        return _DONE

    def undo(self, item_id: str) -> Answer:
        row = self.row
        if item_id not in row.leases:
            return Answer(False, row)
        self.row = self._without(item_id, row.called_at)
        return _DONE

    def renew(self, item_id: str, until: float) -> Answer:
        row = self.row
        lease = row.leases.get(item_id)
        if lease is None:
            return Answer(False, row)
        self.row = replace(row, leases={**row.leases, item_id: Lease(lease.size, until)})
        return _DONE

    def evict(self, item_id: str, until: float) -> Answer:
        lease = self.row.leases.get(item_id)
        if lease is None or lease.until != until:
            return Answer(False, self.row)
        return self.undo(item_id)

    def recount(self, seen: Row) -> Answer:
        row = self.row
        if (row.waiting, row.joined_at) != (seen.waiting, seen.joined_at):
            return Answer(False, row)
        self.row = replace(row, waiting=0, joined={})
        return _DONE

    def forget(self, seen: Row, eras: Sequence[int]) -> Answer:
        row = self.row
        if any(row.joined.get(era) != seen.joined[era] for era in eras):
            return Answer(False, row)
        waiting = row.waiting - seen.died(eras)
        joined = {era: count for era, count in row.joined.items() if era not in eras}
        self.row = replace(row, waiting=waiting, joined=joined)
        return Answer(True, self.row)

    def _may_lease(self, leases: Mapping[str, Lease], occupied: int, capacity: int) -> bool:
        return occupied <= capacity and self.row.leases.keys().isdisjoint(leases)

    def _without(self, item_id: str, called_at: float) -> Row:
        leases = _copy(self.row.leases)
        lease = leases.pop(item_id)
        self.lease_bytes -= _bytes(item_id, lease)
        return _but(self.row, self.row.occupied - lease.size, leases, called_at)

    def _with(self, leases: Mapping[str, Lease]) -> Mapping[str, Lease]:
        if not leases:
            return self.row.leases
        for item_id, lease in leases.items():
            self.lease_bytes += _bytes(item_id, lease)
        together = _copy(self.row.leases)
        together.update(leases)
        return together


def _but(row: Row, occupied: int, leases: Mapping[str, Lease], called_at: float) -> Row:
    """The row, but for these: made so often that `replace` would take too long."""
    return Row(occupied, row.waiting, row.joined_at, leases, row.left, called_at, row.come_at, row.joined)


def _copy(leases: Mapping[str, Lease]) -> dict[str, Lease]:
    # Where keys were deleted, dict() inserts them all anew, and that takes ten times as long.
    return leases.copy() if isinstance(leases, dict) else dict(leases)


def _plus(joined: Mapping[int, int], more: Mapping[int, int]) -> Mapping[int, int]:
    return {**joined, **{era: joined.get(era, 0) + count for era, count in more.items()}}


def _nobody_fits(occupied: int, waiting: int, capacity: int, size: int) -> bool:
    return waiting <= 0 or occupied > capacity - size


def _slots(leases: Mapping[str, Lease]) -> int:
    return sum(lease.size for lease in leases.values())


def _bytes(item_id: str, lease: Lease) -> int:
    name = 1 + len(item_id)
    return name + _TIME_BYTES + (name + _SIZE_BYTES if lease.size > 1 else 0)
