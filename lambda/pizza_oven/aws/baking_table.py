"""The Baking Table: one DynamoDB item that holds all that must be decided at once.

Attributes: `occupied`, `waiting`, `joinedAt`, and for each item in the oven its lease `@<item id>`, a
list of its size and of the time it should be out. Names and lists are short on purpose: a write is
billed by the whole item, 1 KB (some 17 leases) a unit
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pizza_oven.aws.clients import service_errors
from pizza_oven.errors import ServiceError
from pizza_oven.ports import Answer, Lease, Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": "capacity"}}
_LEASE = "@"


class DynamoBakingTable:
    """Implements BakingTable. The row need not exist: the first load makes it."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def look(self) -> Row:
        with service_errors("looking at the baking table"):
            response = self._client.get_item(TableName=self._table_name, Key=KEY, ConsistentRead=True)
        return _row(response.get("Item", {}))

    def load_directly(self, leases: Mapping[str, Lease], capacity: int, joining: int, now: float) -> Answer:
        write = _Write()
        if leases:
            write.lease(leases, capacity)
            write.only_if("(attribute_not_exists(waiting) OR waiting <= :zero)", zero=0)
        if joining:
            write.add("waiting :joining", joining=joining)
            write.set("joinedAt = :now", now=now)
        return self._update(write)

    def load_from_line(self, leases: Mapping[str, Lease], capacity: int, taken: int) -> Answer:
        write = _Write()
        if leases:
            write.lease(leases, capacity)
        if taken:
            write.add("waiting :left", left=-taken)
            write.only_if("waiting >= :taken", taken=taken)
        return self._update(write)

    def unload(self, item_id: str) -> Answer:
        return self._update(_Write().free(item_id))

    def undo(self, item_id: str, rejoining: int) -> Answer:
        write = _Write().free(item_id)
        if rejoining:
            write.add("waiting :rejoining", rejoining=rejoining)
        return self._update(write)

    def renew(self, item_id: str, until: float) -> Answer:
        write = _Write({"#lease": _LEASE + item_id})
        write.set("#lease[1] = :until", until=until)
        write.only_if("attribute_exists(#lease)")
        return self._update(write)

    def evict(self, item_id: str, until: float) -> Answer:
        write = _Write().free(item_id)
        write.only_if("#lease[1] = :until", until=until)
        return self._update(write)

    def recount(self, seen: Row) -> Answer:
        write = _Write()
        write.set("waiting = :zero", zero=0)
        write.only_if("waiting = :seen AND joinedAt = :joined", seen=seen.waiting, joined=seen.joined_at)
        return self._update(write)

    def _update(self, write: "_Write") -> Answer:
        try:
            with service_errors("writing to the baking table"):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key=KEY,
                    ReturnValues="ALL_NEW",
                    # Why the condition failed, at no cost:
                    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **write.request(),
                )
        except ServiceError as error:
            refusal = error.__cause__
            if isinstance(refusal, self._client.exceptions.ConditionalCheckFailedException):
                return Answer(False, _row(cast("dict[str, Any]", refusal.response.get("Item", {}))))
            raise
        return Answer(True, _row(response["Attributes"]))


class _Write:
    """An UpdateItem request in the making."""

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self._names: dict[str, str] = names or {}
        self._values: dict[str, Any] = {}
        self._clauses: dict[str, list[str]] = {}
        self._conditions: list[str] = []

    def add(self, clause: str, **values: float) -> None:
        self._clauses.setdefault("ADD", []).append(clause)
        self._use(values)

    def set(self, clause: str, **values: float) -> None:
        self._clauses.setdefault("SET", []).append(clause)
        self._use(values)

    def only_if(self, condition: str, **values: float) -> None:
        self._conditions.append(condition)
        self._use(values)

    def lease(self, leases: Mapping[str, Lease], capacity: int) -> None:
        """Lease them all, if there is room for all and none is leased."""
        size = sum(lease.size for lease in leases.values())
        self.add("occupied :size", size=size)
        # At most, not exactly: a lowered capacity finds the oven fuller than it may be.
        room = (
            "occupied <= :most"
            if size > capacity
            else "(attribute_not_exists(occupied) OR occupied <= :most)"
        )
        self.only_if(room, most=capacity - size)
        for n, (item_id, lease) in enumerate(leases.items()):
            self._names[f"#lease{n}"] = _LEASE + item_id
            self._values[f":lease{n}"] = {"L": [_number(lease.size), _number(lease.until)]}
            self._clauses.setdefault("SET", []).append(f"#lease{n} = :lease{n}")
            self._conditions.append(f"attribute_not_exists(#lease{n})")

    def free(self, item_id: str) -> "_Write":
        """Free the item's slots, if it is leased: as many as its lease says, whatever a copy of it says."""
        self._names["#lease"] = _LEASE + item_id
        self._clauses.setdefault("SET", []).append("occupied = occupied - #lease[0]")
        self._clauses.setdefault("REMOVE", []).append("#lease")
        self._conditions.append("attribute_exists(#lease)")
        return self

    def request(self) -> dict[str, Any]:
        """The parts of the request that are not empty, as DynamoDB demands."""
        clauses = " ".join(f"{action} {', '.join(parts)}" for action, parts in self._clauses.items())
        request: dict[str, Any] = {"UpdateExpression": clauses}
        if self._conditions:
            request["ConditionExpression"] = " AND ".join(self._conditions)
        if self._names:
            request["ExpressionAttributeNames"] = self._names
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request

    def _use(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._values[f":{name}"] = _number(value)


def _number(value: float) -> dict[str, str]:
    # Times to the millisecond; a float in full would not come back as the number that was sent.
    return {"N": str(value) if isinstance(value, int) else f"{value:.3f}"}


def _row(attributes: Mapping[str, Any]) -> Row:
    return Row(
        occupied=int(attributes.get("occupied", {"N": "0"})["N"]),
        waiting=int(attributes.get("waiting", {"N": "0"})["N"]),
        joined_at=float(attributes.get("joinedAt", {"N": "0"})["N"]),
        leases={
            name.removeprefix(_LEASE): Lease(int(value["L"][0]["N"]), float(value["L"][1]["N"]))
            for name, value in attributes.items()
            if name.startswith(_LEASE)
        },
    )
