"""DynamoDB in memory: the one row of the Baking Table, with the conditions of its writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pizza_oven.row import Counts, Lease, Refused, Row, Unloaded, epoch_of
from pizza_oven.settlement import Settlement

UNIT_BYTES = 1024
"""A write is billed by the whole item, in steps of 1 KB: the larger of before and after
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""

_ROW_BYTES = 125
"""All that is no lease, with the names: three epochs of twelve, as a rule."""

_TIME_BYTES = 9
_SIZE_BYTES = 3
"""Of the numbers of a lease; the names come to it
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)."""


@dataclass(slots=True)
class MemoryBakingTable:
    """Implements BakingTable. Its row is a value: a row that was returned does not change."""

    READS: ClassVar[frozenset[str]] = frozenset({"read", "look"})
    """The operations that only read the row: GetItem. All others write it: UpdateItem."""

    row: Row = field(default_factory=Row)
    lease_bytes: int = 0
    """About what the leases take of the row."""

    @property
    def write_units(self) -> int:
        """The units that a write costs now."""
        return -(-(_ROW_BYTES + self.lease_bytes) // UNIT_BYTES)

    def read(self) -> Row:
        return self.row

    def look(self, item_ids: Iterable[str]) -> Row:
        row = self.row
        leases = {item_id: row.leases[item_id] for item_id in item_ids if item_id in row.leases}
        return replace(row, leases=leases, waiting_by_epoch={})

    def settle(self, settlement: Settlement, capacity: int, now: float) -> Counts | Refused:
        row, loads, served = self.row, settlement.loads, settlement.served
        occupied = row.occupied + settlement.occupied_change
        left_behind = row.waiting - served.counted
        waiting = left_behind + settlement.joining
        if (
            (loads and not self._may_lease(loads, occupied, capacity))
            or any(not _is_leased(row, item_id, size) for item_id, size in settlement.frees.items())
            or (settlement.overtakes and left_behind > 0)
            or (served.sequences and row.last_left >= served.sequences[0])
            or (served.counted and left_behind < 0)
            or (
                settlement.clear_wake_up_unless_fits is not None
                and _fits(occupied, waiting, capacity, settlement.clear_wake_up_unless_fits)
            )
        ):
            return Refused(row)
        clears = settlement.joining or settlement.clear_wake_up_unless_fits is not None
        self.row = Row(
            occupied,
            waiting,
            round(now, 3) if settlement.joining else row.joined_at,
            self._changed(settlement),
            0 if clears else row.wake_up_requested_at,
            served.sequences[-1] if served.sequences else row.last_left,
            served.sent_at or row.last_left_sent_at,
            _by_epoch(row, settlement, now),
            retry_at=row.retry_at,
            packs_since=row.packs_since or (round(now, 3) if settlement.joining else 0),
        )
        return Counts(occupied, waiting, retry_at=row.retry_at)

    def unload(self, item_id: str, now: float) -> Unloaded | Refused:
        row = self.row
        if item_id not in row.leases:
            return Refused(row)
        self.row = row = self._without(item_id, row.wake_up_requested_at or now)
        return Unloaded(row.occupied, row.waiting, row.wake_up_requested_at)

    def roll_back(self, item_id: str) -> Refused | None:
        row = self.row
        if item_id not in row.leases:
            return Refused(row)
        self.row = self._without(item_id, row.wake_up_requested_at)
        return None

    def renew(self, item_id: str, until: float) -> Refused | None:
        row = self.row
        lease = row.leases.get(item_id)
        if lease is None:
            return Refused(row)
        self._set_lease(item_id, replace(lease, until=until))
        return None

    def extend(self, item_id: str, until: float, now: float) -> Refused | None:
        lease = self.row.leases.get(item_id)
        if lease is None or lease.extensions is None or lease.ended or not now < lease.until < until:
            return Refused(self.row)
        self._set_lease(item_id, Lease(lease.size, until, lease.extensions + 1))
        return None

    def expire(self, item_id: str, now: float) -> int | Refused:
        lease = self.row.leases.get(item_id)
        if lease is None or lease.extensions is None or lease.ended or lease.until > now:
            return Refused(self.row)
        self._set_lease(item_id, replace(lease, ended=True))
        return lease.extensions

    def evict(self, item_id: str, until: float) -> Refused | None:
        lease = self.row.leases.get(item_id)
        if lease is None or lease.until != until:
            return Refused(self.row)
        return self.roll_back(item_id)

    def replace_wake_up(self, seen_at: float, now: float) -> Refused | None:
        if self.row.wake_up_requested_at != seen_at:
            return Refused(self.row)
        self.row = replace(self.row, wake_up_requested_at=now)
        return None

    def schedule_retry(self, now: float, at: float) -> Refused | None:
        if self.row.retry_at > now:
            return Refused(self.row)
        self.row = replace(self.row, wake_up_requested_at=now, retry_at=at)
        return None

    def reset_waiting(self, seen: Row) -> Refused | None:
        row = self.row
        if (row.waiting, row.joined_at) != (seen.waiting, seen.joined_at):
            return Refused(row)
        self.row = replace(row, waiting=0, waiting_by_epoch={})
        return None

    def subtract_orphans(self, seen: Row, epochs: Sequence[int]) -> Refused | None:
        row = self.row
        if any(row.waiting_by_epoch.get(epoch) != seen.waiting_by_epoch[epoch] for epoch in epochs):
            return Refused(row)
        waiting = row.waiting - seen.orphaned(epochs)
        by_epoch = {epoch: count for epoch, count in row.waiting_by_epoch.items() if epoch not in epochs}
        self.row = replace(row, waiting=waiting, waiting_by_epoch=by_epoch)
        return None

    def _set_lease(self, item_id: str, lease: Lease) -> None:
        self.row = replace(self.row, leases={**self.row.leases, item_id: lease})

    def _may_lease(self, leases: Mapping[str, Lease], occupied: int, capacity: int) -> bool:
        return occupied <= capacity and self.row.leases.keys().isdisjoint(leases)

    def _without(self, item_id: str, wake_up_requested_at: float) -> Row:
        row = self.row
        leases = _copy(row.leases)
        lease = leases.pop(item_id)
        self.lease_bytes -= _bytes(item_id, lease)
        # Written out, since it is made so often that `replace` would take too long.
        return Row(
            row.occupied - lease.size,
            row.waiting,
            row.joined_at,
            leases,
            wake_up_requested_at,
            row.last_left,
            row.last_left_sent_at,
            row.waiting_by_epoch,
            retry_at=row.retry_at,
            packs_since=row.packs_since,
        )

    def _changed(self, settlement: Settlement) -> Mapping[str, Lease]:
        if not (settlement.loads or settlement.frees):
            return self.row.leases
        leases = _copy(self.row.leases)
        for item_id in settlement.frees:
            self.lease_bytes -= _bytes(item_id, leases.pop(item_id))
        for item_id, lease in settlement.loads.items():
            self.lease_bytes += _bytes(item_id, lease)
        leases.update(settlement.loads)
        return leases


def _is_leased(row: Row, item_id: str, size: int) -> bool:
    lease = row.leases.get(item_id)
    return lease is not None and lease.size == size


def _copy(leases: Mapping[str, Lease]) -> dict[str, Lease]:
    # Where keys were deleted, dict() inserts them all anew, and that takes ten times as long.
    return leases.copy() if isinstance(leases, dict) else dict(leases)


def _by_epoch(row: Row, settlement: Settlement, now: float) -> Mapping[int, int]:
    if not (settlement.joining or settlement.served.by_epoch):
        return row.waiting_by_epoch
    by_epoch = dict(row.waiting_by_epoch)
    for epoch, count in settlement.served.by_epoch.items():
        by_epoch[epoch] = by_epoch.get(epoch, 0) - count
    if settlement.joining:
        epoch = epoch_of(now)
        by_epoch[epoch] = by_epoch.get(epoch, 0) + settlement.joining
    return by_epoch


def _fits(occupied: int, waiting: int, capacity: int, size: int) -> bool:
    return waiting > 0 and occupied <= capacity - size


def _bytes(item_id: str, lease: Lease) -> int:
    name = 1 + len(item_id)
    numbers = (lease.size > 1) + (lease.extensions is not None)
    return name + _TIME_BYTES + numbers * (name + _SIZE_BYTES)
