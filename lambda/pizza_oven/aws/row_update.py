"""An UpdateItem request in the making, from clauses and conditions that are added one by one."""

from collections.abc import Mapping
from typing import Any

UNTIL = "@"
SIZE = "*"
EXTENSIONS = "+"
EPOCH = "~"
"""What the names of the attributes of leases and of epochs begin with."""


class RowUpdate:
    """Clauses by their action, conditions that must all hold, and the placeholders in both.

    DynamoDB allows 4 KB and 300 operators in an expression
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._values: dict[str, Any] = {}
        self._clauses: dict[str, list[str]] = {}
        self._conditions: list[str] = []

    def name(self, placeholder: str, attribute: str) -> None:
        self._names[placeholder] = attribute

    def add(self, clause: str, **values: float) -> None:
        self._clauses.setdefault("ADD", []).append(clause)
        self._use(values)

    def set(self, clause: str, **values: float) -> None:
        self._clauses.setdefault("SET", []).append(clause)
        self._use(values)

    def remove(self, *names: str) -> None:
        if names:
            self._clauses.setdefault("REMOVE", []).extend(names)

    def return_unchanged(self, attribute: str) -> None:
        """Have UPDATED_NEW return a number that does not change. ALL_NEW would return all leases, too."""
        self.set(f"{attribute} = if_not_exists({attribute}, :zero)", zero=0)

    def only_if(self, condition: str, **values: float) -> None:
        self._conditions.append(condition)
        self._use(values)

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
            # Times to the millisecond: a float in full would not come back as the number that was sent.
            text = str(value) if isinstance(value, int) else f"{value:.3f}"
            self._values[f":{name}"] = {"N": text}
