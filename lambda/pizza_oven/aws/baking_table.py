"""The Baking Table: one DynamoDB item that holds everything that must be decided atomically.

The attributes are short on purpose: a write is billed by the whole item, in units of 1 KB, which hold
some 20 leases
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).

| field of Row | attribute |
| --- | --- |
| occupied, waiting | `occupied`, `waiting` |
| joined_at | `joinedAt` |
| leases | `@<item id>`: until; `*<item id>`: size, if it is more than one slot |
| wake_up_requested_at | `calledAt` |
| retry_at | `comeAt` |
| last_left, last_left_sent_at | `leftLine`, `leftAt` |
| waiting_by_epoch | `~<epoch>` |
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from pizza_oven.aws.clients import service_errors
from pizza_oven.aws.row_update import RowUpdate
from pizza_oven.errors import ServiceError
from pizza_oven.row import Counts, Lease, Refused, Row, Unloaded, epoch_of
from pizza_oven.settlement import Settlement

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": "capacity"}}
"""A historic name that must stay: the rows of deployed ovens have it."""
_UNTIL = "@"
_SIZE = "*"
_EPOCH = "~"

_NUMBERS = ("occupied", "waiting", "joinedAt", "calledAt", "comeAt", "leftLine", "leftAt")

_Attributes = Mapping[str, Any]


class DynamoBakingTable:
    """Implements BakingTable. The row need not exist: the first write creates it."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def read(self) -> Row:
        with service_errors("reading the baking table"):
            response = self._client.get_item(TableName=self._table_name, Key=KEY, ConsistentRead=True)
        return _row(response.get("Item", {}))

    def look(self, item_ids: Iterable[str]) -> Row:
        names = {f"#n{n}": name for n, name in enumerate(_NUMBERS)}
        for n, item_id in enumerate(item_ids):
            names |= {f"#until{n}": _UNTIL + item_id, f"#size{n}": _SIZE + item_id}
        with service_errors("reading the baking table"):
            response = self._client.get_item(
                TableName=self._table_name,
                Key=KEY,
                ConsistentRead=True,
                # It costs as much as the whole row, but to parse thousands of leases takes a function long.
                ProjectionExpression=", ".join(names),
                ExpressionAttributeNames=names,
            )
        return _row(response.get("Item", {}))

    def settle(self, settlement: Settlement, capacity: int, now: float) -> Counts | Refused:
        update = RowUpdate()
        _change_occupied(update, settlement)
        update.return_unchanged("comeAt")
        _load(update, settlement, capacity)
        _free_all(update, settlement.frees)
        _leave(update, settlement)
        _count_waiting(update, settlement, now)
        if settlement.clear_wake_up_unless_fits is not None:
            update.remove("calledAt")
            update.only_if(
                "(attribute_not_exists(waiting) OR waiting <= :served OR occupied > :fitting)",
                served=settlement.served.counted,
                fitting=capacity - settlement.occupied_change - settlement.clear_wake_up_unless_fits,
            )
        attributes = self._write(update, returning="UPDATED_NEW")
        return attributes if isinstance(attributes, Refused) else _counts(attributes)

    def unload(self, item_id: str, now: float) -> Unloaded | Refused:
        update = _free(item_id)
        update.set("calledAt = if_not_exists(calledAt, :now)", now=now)
        update.return_unchanged("waiting")
        attributes = self._write(update, returning="UPDATED_NEW")
        if isinstance(attributes, Refused):
            return attributes
        return Unloaded(
            int(attributes["occupied"]["N"]),
            int(attributes["waiting"]["N"]),
            float(attributes["calledAt"]["N"]),
        )

    def roll_back(self, item_id: str) -> Refused | None:
        return self._write_only(_free(item_id))

    def renew(self, item_id: str, until: float) -> Refused | None:
        update = RowUpdate({"#until": _UNTIL + item_id})
        update.set("#until = :until", until=until)
        update.only_if("attribute_exists(#until)")
        return self._write_only(update)

    def evict(self, item_id: str, until: float) -> Refused | None:
        update = _free(item_id)
        update.only_if("#until = :until", until=until)
        return self._write_only(update)

    def replace_wake_up(self, seen_at: float, now: float) -> Refused | None:
        update = RowUpdate()
        update.set("calledAt = :now", now=now)
        update.only_if("calledAt = :seen", seen=seen_at)
        return self._write_only(update)

    def schedule_retry(self, now: float, at: float) -> Refused | None:
        update = RowUpdate()
        update.set("calledAt = :now", now=now)
        update.set("comeAt = :at", at=at)
        update.only_if("(attribute_not_exists(comeAt) OR comeAt <= :now)")
        return self._write_only(update)

    def reset_waiting(self, seen: Row) -> Refused | None:
        names = _epoch_names(seen.waiting_by_epoch)
        update = RowUpdate(names)
        update.set("waiting = :zero", zero=0)
        update.remove(*names)
        update.only_if("waiting = :seen AND joinedAt = :joined", seen=seen.waiting, joined=seen.joined_at)
        return self._write_only(update)

    def subtract_orphans(self, seen: Row, epochs: Sequence[int]) -> Refused | None:
        names = _epoch_names(epochs)
        update = RowUpdate(names)
        update.add("waiting :minus", minus=-seen.orphaned(epochs))
        update.remove(*names)
        for n, (name, epoch) in enumerate(zip(names, epochs, strict=True)):
            update.only_if(f"{name} = :seen{n}", **{f"seen{n}": seen.waiting_by_epoch[epoch]})
        return self._write_only(update)

    def _write_only(self, update: RowUpdate) -> Refused | None:
        outcome = self._write(update, returning="NONE")
        return outcome if isinstance(outcome, Refused) else None

    def _write(self, update: RowUpdate, returning: Literal["NONE", "UPDATED_NEW"]) -> _Attributes | Refused:
        try:
            with service_errors("writing to the baking table"):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key=KEY,
                    ReturnValues=returning,
                    # The row that failed the condition, at no cost:
                    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **update.request(),
                )
        except ServiceError as error:
            refusal = error.__cause__
            if isinstance(refusal, self._client.exceptions.ConditionalCheckFailedException):
                return Refused(_row(cast("dict[str, Any]", refusal.response.get("Item", {}))))
            raise
        return response.get("Attributes", {})


def _change_occupied(update: RowUpdate, settlement: Settlement) -> None:
    if settlement.loads or settlement.frees:
        update.add("occupied :size", size=settlement.occupied_change)
    else:
        update.return_unchanged("occupied")


def _free_all(update: RowUpdate, frees: Mapping[str, int]) -> None:
    """End the leases, if all are there with these sizes: several in one write cannot be read from the row."""
    for n, (item_id, size) in enumerate(frees.items()):
        update.name(f"#f{n}", _UNTIL + item_id)
        update.name(f"#g{n}", _SIZE + item_id)
        update.remove(f"#f{n}", f"#g{n}")
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
        update.name(f"#until{n}", _UNTIL + item_id)
        update.set(f"#until{n} = :until{n}", **{f"until{n}": lease.until})
        update.only_if(f"attribute_not_exists(#until{n})")
        if lease.size > 1:
            update.name(f"#size{n}", _SIZE + item_id)
            update.set(f"#size{n} = :size{n}", **{f"size{n}": lease.size})


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
        update.remove("calledAt")
        epochs[epoch_of(now)] += settlement.joining
    for n, (epoch, change) in enumerate(epochs.items()):
        update.name(f"#epoch{n}", f"{_EPOCH}{epoch}")
        update.add(f"#epoch{n} :epoch{n}", **{f"epoch{n}": change})
    if change := settlement.joining - settlement.served.counted:
        update.add("waiting :change", change=change)
    else:
        update.return_unchanged("waiting")


def _free(item_id: str) -> RowUpdate:
    """Free the item's slots, if it is leased: as many as its lease says."""
    update = RowUpdate({"#until": _UNTIL + item_id, "#size": _SIZE + item_id})
    update.set("occupied = occupied - if_not_exists(#size, :one)", one=1)
    update.remove("#until", "#size")
    update.only_if("attribute_exists(#until)")
    return update


def _epoch_names(epochs: Iterable[int]) -> dict[str, str]:
    """The attributes of epochs, by their placeholders."""
    return {f"#epoch{n}": f"{_EPOCH}{epoch}" for n, epoch in enumerate(epochs)}


def _counts(attributes: _Attributes) -> Counts:
    return Counts(
        int(attributes["occupied"]["N"]),
        int(attributes["waiting"]["N"]),
        retry_at=float(attributes["comeAt"]["N"]),
    )


def _row(attributes: _Attributes) -> Row:
    numbers = {name: value["N"] for name, value in attributes.items() if "N" in value}
    return Row(
        occupied=int(numbers.get("occupied", 0)),
        waiting=int(numbers.get("waiting", 0)),
        joined_at=float(numbers.get("joinedAt", 0)),
        leases={
            name[1:]: Lease(int(numbers.get(_SIZE + name[1:], 1)), float(until))
            for name, until in numbers.items()
            if name.startswith(_UNTIL)
        },
        wake_up_requested_at=float(numbers.get("calledAt", 0)),
        retry_at=float(numbers.get("comeAt", 0)),
        last_left=int(numbers.get("leftLine", 0)),
        last_left_sent_at=float(numbers.get("leftAt", 0)),
        waiting_by_epoch={
            int(name[1:]): int(count) for name, count in numbers.items() if name.startswith(_EPOCH)
        },
    )
