"""A settlement as one conditional UpdateItem: each part of it adds its clauses and its conditions."""

from collections import Counter
from collections.abc import Mapping

from pizza_oven.aws.row_update import EPOCH, EXTENSIONS, SIZE, UNTIL, RowUpdate
from pizza_oven.row import epoch_of
from pizza_oven.settlement import Settlement


def settlement_update(settlement: Settlement, capacity: int, now: float) -> RowUpdate:
    """The request that makes the change, for an oven of `capacity` slots at `now`, in seconds since 1970."""
    update = RowUpdate()
    _change_occupied(update, settlement)
    update.return_unchanged("comeAt")
    _load(update, settlement, capacity)
    _free_all(update, settlement.frees)
    _leave(update, settlement)
    _count_waiting(update, settlement, now)
    _clear_wake_up(update, settlement, capacity)
    return update


def _change_occupied(update: RowUpdate, settlement: Settlement) -> None:
    if settlement.loads or settlement.frees:
        update.add("occupied :size", size=settlement.occupied_change)
    else:
        update.return_unchanged("occupied")


def _free_all(update: RowUpdate, frees: Mapping[str, int]) -> None:
    """End the leases, if all are there with these sizes: several in one write cannot be read from the row."""
    for n, (item_id, size) in enumerate(frees.items()):
        update.name(f"#f{n}", UNTIL + item_id)
        update.name(f"#g{n}", SIZE + item_id)
        update.name(f"#h{n}", EXTENSIONS + item_id)
        update.remove(f"#f{n}", f"#g{n}", f"#h{n}")
        update.only_if(f"attribute_exists(#f{n})")
        if size > 1:
            update.only_if(f"#g{n} = :g{n}", **{f"g{n}": size})
        else:
            update.only_if(f"attribute_not_exists(#g{n})")


def _load(update: RowUpdate, settlement: Settlement, capacity: int) -> None:
    """Take a lease for each load, if there is room for all and none is leased."""
    if not settlement.loads:
        return
    size = settlement.occupied_change
    # At most, never exactly: after the capacity was lowered, the oven is fuller than it may be.
    fits = "occupied <= :most"
    if size <= capacity:
        fits = f"(attribute_not_exists(occupied) OR {fits})"
    update.only_if(fits, most=capacity - size)
    if settlement.overtakes:
        update.only_if("(attribute_not_exists(waiting) OR waiting <= :left)", left=settlement.served.counted)
    for n, (item_id, lease) in enumerate(settlement.loads.items()):
        update.name(f"#until{n}", UNTIL + item_id)
        update.set(f"#until{n} = :until{n}", **{f"until{n}": lease.until})
        update.only_if(f"attribute_not_exists(#until{n})")
        if lease.size > 1:
            update.name(f"#size{n}", SIZE + item_id)
            update.set(f"#size{n} = :size{n}", **{f"size{n}": lease.size})
        if lease.extensions is not None:
            update.name(f"#extensions{n}", EXTENSIONS + item_id)
            update.set(f"#extensions{n} = :none", none=0)


def _leave(update: RowUpdate, settlement: Settlement) -> None:
    """Note what left the line, if none of it left before."""
    served = settlement.served
    if served.sequences:
        # The line is first in, first out, so one number tells all that left it.
        update.set("leftLine = :last", last=served.sequences[-1])
        update.only_if("(attribute_not_exists(leftLine) OR leftLine < :first)", first=served.sequences[0])
    if served.sent_at:
        update.set("leftAt = :leftAt", leftAt=served.sent_at)
    if served.counted:
        update.only_if("waiting >= :served", served=served.counted)


def _count_waiting(update: RowUpdate, settlement: Settlement, now: float) -> None:
    """Count the items that joined and left, in all and by epoch."""
    epochs = Counter({epoch: -count for epoch, count in settlement.served.by_epoch.items()})
    if settlement.joining:
        update.set("joinedAt = :now", now=now)
        update.set("packsSince = if_not_exists(packsSince, :now)")
        update.remove("calledAt")
        epochs[epoch_of(now)] += settlement.joining
    for n, (epoch, change) in enumerate(epochs.items()):
        update.name(f"#epoch{n}", f"{EPOCH}{epoch}")
        update.add(f"#epoch{n} :epoch{n}", **{f"epoch{n}": change})
    if change := settlement.joining - settlement.served.counted:
        update.add("waiting :change", change=change)
    else:
        update.return_unchanged("waiting")


def _clear_wake_up(update: RowUpdate, settlement: Settlement, capacity: int) -> None:
    """Clear the pending wake-up, unless items wait after the change and one of that size fits."""
    size = settlement.clear_wake_up_unless_fits
    if size is not None:
        update.remove("calledAt")
        update.only_if(
            "(attribute_not_exists(waiting) OR waiting <= :served OR occupied > :fitting)",
            served=settlement.served.counted,
            fitting=capacity - settlement.occupied_change - size,
        )
