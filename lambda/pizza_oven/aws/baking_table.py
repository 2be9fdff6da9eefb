"""The Baking Table: one DynamoDB item that holds all that must be decided at once.

Attributes: `occupied`, `waiting`, `joinedAt`, `leftLine`, `calledAt`, `comeAt`; `~<era>`, how many of those
who wait joined in it; and for each item in the oven its lease: `@<item id>`, when it should be out, and if it
takes more than one slot, `*<item id>`, how many. They are short on purpose: a write is billed by the whole
item, 1 KB (some 20 leases) a unit
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from pizza_oven.aws.clients import service_errors
from pizza_oven.errors import ServiceError
from pizza_oven.ports import Answer, Lease, Leaving, Row, era_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": "capacity"}}
_UNTIL = "@"
_SIZE = "*"
_ERA = "~"


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
            write.remove("calledAt")
            write.join({era_of(now): joining})
        return self._update(write, told="UPDATED_NEW")

    def load_from_line(
        self,
        leases: Mapping[str, Lease],
        capacity: int,
        leaving: Leaving,
        next_size: int | None,
    ) -> Answer:
        write = _Write()
        if leases:
            write.lease(leases, capacity)
        if leaving.taken:
            # The line is first in, first out, so one number tells all that have left it.
            write.set("leftLine = :last", last=leaving.taken[-1])
            write.only_if("(attribute_not_exists(leftLine) OR leftLine < :first)", first=leaving.taken[0])
        if leaving.counted:
            write.add("waiting :minus", minus=-leaving.counted)
            write.only_if("waiting >= :leaving", leaving=leaving.counted)
        write.join({era: -count for era, count in leaving.joined.items()})
        if next_size is not None:
            size = sum(lease.size for lease in leases.values())
            write.answer_call(capacity - size - next_size, leaving.counted)
        return self._update(write, told="ALL_NEW")

    def unload(self, item_id: str, now: float) -> Answer:
        write = _Write().free(item_id)
        write.set("calledAt = if_not_exists(calledAt, :now)", now=now)
        # Touched, so that it is told.
        write.set("waiting = if_not_exists(waiting, :zero)", zero=0)
        return self._update(write, told="UPDATED_NEW")

    def answer_call(self, capacity: int, head_size: int) -> Answer:
        write = _Write()
        write.answer_call(capacity - head_size, leaving=0)
        # Touched, so that even an oven that was never used has a row to read.
        write.set("occupied = if_not_exists(occupied, :zero)", zero=0)
        return self._update(write, told="ALL_NEW")

    def come_again(self, now: float, at: float) -> Answer:
        write = _Write()
        write.set("calledAt = :now", now=now)
        write.set("comeAt = :at", at=at)
        write.only_if("(attribute_not_exists(comeAt) OR comeAt <= :now)")
        return self._update(write)

    def drop_call(self) -> Answer:
        write = _Write()
        write.remove("calledAt")
        return self._update(write)

    def undo(self, item_id: str) -> Answer:
        return self._update(_Write().free(item_id))

    def renew(self, item_id: str, until: float) -> Answer:
        write = _Write({"#until": _UNTIL + item_id})
        write.set("#until = :until", until=until)
        write.only_if("attribute_exists(#until)")
        return self._update(write)

    def evict(self, item_id: str, until: float) -> Answer:
        write = _Write().free(item_id)
        write.only_if("#until = :until", until=until)
        return self._update(write)

    def recount(self, seen: Row) -> Answer:
        names = _era_names(seen.joined)
        write = _Write(names)
        write.set("waiting = :zero", zero=0)
        write.remove(*names)
        write.only_if("waiting = :seen AND joinedAt = :joined", seen=seen.waiting, joined=seen.joined_at)
        return self._update(write)

    def forget(self, seen: Row, eras: Sequence[int]) -> Answer:
        names = _era_names(eras)
        write = _Write(names)
        write.add("waiting :minus", minus=-seen.died(eras))
        write.remove(*names)
        for n, (name, era) in enumerate(zip(names, eras, strict=True)):
            write.only_if(f"{name} = :seen{n}", **{f"seen{n}": seen.joined[era]})
        return self._update(write, told="ALL_NEW")

    def _update(self, write: "_Write", told: Literal["NONE", "UPDATED_NEW", "ALL_NEW"] = "NONE") -> Answer:
        try:
            with service_errors("writing to the baking table"):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key=KEY,
                    ReturnValues=told,
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
        return Answer(True, _row(response.get("Attributes", {})))


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

    def remove(self, *names: str) -> None:
        if names:
            self._clauses.setdefault("REMOVE", []).extend(names)

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
            self._names[f"#until{n}"] = _UNTIL + item_id
            self.set(f"#until{n} = :until{n}", **{f"until{n}": lease.until})
            self.only_if(f"attribute_not_exists(#until{n})")
            if lease.size > 1:
                self._names[f"#size{n}"] = _SIZE + item_id
                self.set(f"#size{n} = :size{n}", **{f"size{n}": lease.size})

    def free(self, item_id: str) -> "_Write":
        """Free the item's slots, if it is leased: as many as its lease says, whatever a copy of it says."""
        self._names |= {"#until": _UNTIL + item_id, "#size": _SIZE + item_id}
        self.set("occupied = occupied - if_not_exists(#size, :one)", one=1)
        self.remove("#until", "#size")
        self.only_if("attribute_exists(#until)")
        return self

    def join(self, joined: Mapping[int, int]) -> None:
        """Count so many more who joined in each era."""
        names = _era_names(joined)
        self._names |= names
        for n, (name, count) in enumerate(zip(names, joined.values(), strict=True)):
            self.add(f"{name} :joined{n}", **{f"joined{n}": count})

    def answer_call(self, fitting: int, leaving: int) -> None:
        """The call is answered, if only those `leaving` wait, or more than `fitting` slots are taken."""
        self.remove("calledAt")
        self.only_if(
            "(attribute_not_exists(waiting) OR waiting <= :leaving OR occupied > :fitting)",
            leaving=leaving,
            fitting=fitting,
        )

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


def _era_names(eras: Iterable[int]) -> dict[str, str]:
    """The attributes of eras, by what stands for them in a request."""
    return {f"#era{n}": f"{_ERA}{era}" for n, era in enumerate(eras)}


def _number(value: float) -> dict[str, str]:
    # Times to the millisecond; a float in full would not come back as the number that was sent.
    return {"N": str(value) if isinstance(value, int) else f"{value:.3f}"}


def _row(attributes: Mapping[str, Any]) -> Row:
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
        left=int(numbers.get("leftLine", 0)),
        called_at=float(numbers.get("calledAt", 0)),
        come_at=float(numbers.get("comeAt", 0)),
        joined={int(name[1:]): int(count) for name, count in numbers.items() if name.startswith(_ERA)},
    )
