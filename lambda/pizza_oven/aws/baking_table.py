"""The Baking Table: one DynamoDB item that holds everything that must be decided atomically.

The attributes are short on purpose: a write is billed by the whole item, in units of 1 KB, which hold
some 20 leases
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).

| field of Row | attribute |
| --- | --- |
| occupied, waiting | `occupied`, `waiting` |
| joined_at | `joinedAt` |
| leases | `@<item id>`: until; `*<item id>`: size, if not 1; `+<item id>`: extensions, if it is held |
| wake_up_requested_at | `calledAt` |
| retry_at | `comeAt` |
| last_left, last_left_sent_at | `leftLine`, `leftAt` |
| waiting_by_epoch | `~<epoch>` |
| packs_since | `packsSince` |
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from pizza_oven.aws.clients import service_errors
from pizza_oven.aws.row_update import EPOCH, EXTENSIONS, SIZE, UNTIL, RowUpdate
from pizza_oven.aws.settlement_update import settlement_update
from pizza_oven.errors import ServiceError
from pizza_oven.row import Counts, Lease, Refused, Row, Unloaded
from pizza_oven.settlement import Settlement

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": "capacity"}}
"""A historic name that must stay: the rows of deployed ovens have it."""

ENDED = -1
"""Less the extensions of a lease that has ended: -1 after none, -2 after one."""

_NUMBERS = ("occupied", "waiting", "joinedAt", "calledAt", "comeAt", "leftLine", "leftAt", "packsSince")

_Attributes = Mapping[str, Any]


def look_request(table_name: str, item_ids: Iterable[str]) -> dict[str, Any]:
    """The GetItem request for the numbers of the row and the leases of these items.

    It costs as much as the whole row, but to parse thousands of leases takes a function long.
    """
    names = {f"#n{n}": name for n, name in enumerate(_NUMBERS)}
    for n, item_id in enumerate(item_ids):
        names |= {
            f"#until{n}": UNTIL + item_id,
            f"#size{n}": SIZE + item_id,
            f"#extensions{n}": EXTENSIONS + item_id,
        }
    return {
        "TableName": table_name,
        "Key": KEY,
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


class DynamoBakingTable:
    """Implements BakingTable. The row need not exist: the first write creates it."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def read(self) -> Row:
        with service_errors("reading the baking table"):
            response = self._client.get_item(TableName=self._table_name, Key=KEY, ConsistentRead=True)
        return row_of(response.get("Item", {}))

    def look(self, item_ids: Iterable[str]) -> Row:
        with service_errors("reading the baking table"):
            response = self._client.get_item(**look_request(self._table_name, item_ids))
        return row_of(response.get("Item", {}))

    def settle(self, settlement: Settlement, capacity: int, now: float) -> Counts | Refused:
        update = settlement_update(settlement, capacity, now)
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
        update = RowUpdate({"#until": UNTIL + item_id})
        update.set("#until = :until", until=until)
        update.only_if("attribute_exists(#until)")
        return self._write_only(update)

    def extend(self, item_id: str, until: float, now: float) -> Refused | None:
        update = RowUpdate({"#until": UNTIL + item_id, "#extensions": EXTENSIONS + item_id})
        update.set("#until = :until", until=until)
        update.add("#extensions :one", one=1)
        update.only_if("#extensions >= :zero AND #until > :now AND #until < :until", zero=0, now=now)
        return self._write_only(update)

    def expire(self, item_id: str, now: float) -> int | Refused:
        update = RowUpdate({"#until": UNTIL + item_id, "#extensions": EXTENSIONS + item_id})
        update.set("#extensions = :ended - #extensions", ended=ENDED)
        update.only_if("#extensions >= :zero AND #until <= :now", zero=0, now=now)
        attributes = self._write(update, returning="UPDATED_NEW")
        if isinstance(attributes, Refused):
            return attributes
        return ENDED - int(attributes[EXTENSIONS + item_id]["N"])

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
                return Refused(row_of(cast("dict[str, Any]", refusal.response.get("Item", {}))))
            raise
        return response.get("Attributes", {})


def _free(item_id: str) -> RowUpdate:
    """Free the item's slots, if it is leased: as many as its lease says."""
    names = {"#until": UNTIL + item_id, "#size": SIZE + item_id, "#extensions": EXTENSIONS + item_id}
    update = RowUpdate(names)
    update.set("occupied = occupied - if_not_exists(#size, :one)", one=1)
    update.remove(*names)
    update.only_if("attribute_exists(#until)")
    return update


def _epoch_names(epochs: Iterable[int]) -> dict[str, str]:
    """The attributes of epochs, by their placeholders."""
    return {f"#epoch{n}": f"{EPOCH}{epoch}" for n, epoch in enumerate(epochs)}


def _lease(numbers: Mapping[str, str], item_id: str, until: float) -> Lease:
    size, extensions = int(numbers.get(SIZE + item_id, 1)), numbers.get(EXTENSIONS + item_id)
    if extensions is None:
        return Lease(size, until)
    count = int(extensions)
    return Lease(size, until, count if count >= 0 else ENDED - count, ended=count < 0)


def _counts(attributes: _Attributes) -> Counts:
    return Counts(
        int(attributes["occupied"]["N"]),
        int(attributes["waiting"]["N"]),
        retry_at=float(attributes["comeAt"]["N"]),
    )


def row_of(attributes: _Attributes) -> Row:
    """The row that DynamoDB answers with, or the part of it that was asked for."""
    numbers = {name: value["N"] for name, value in attributes.items() if "N" in value}
    return Row(
        occupied=int(numbers.get("occupied", 0)),
        waiting=int(numbers.get("waiting", 0)),
        joined_at=float(numbers.get("joinedAt", 0)),
        leases={
            name[1:]: _lease(numbers, name[1:], float(until))
            for name, until in numbers.items()
            if name.startswith(UNTIL)
        },
        wake_up_requested_at=float(numbers.get("calledAt", 0)),
        retry_at=float(numbers.get("comeAt", 0)),
        last_left=int(numbers.get("leftLine", 0)),
        last_left_sent_at=float(numbers.get("leftAt", 0)),
        waiting_by_epoch={
            int(name[1:]): int(count) for name, count in numbers.items() if name.startswith(EPOCH)
        },
        packs_since=float(numbers.get("packsSince", 0)),
    )
