"""DynamoDB: the speed of writes to a row with hundreds of leases."""

import copy
import functools
import marshal
from types import SimpleNamespace
from typing import Any


def copy_items_quickly(dynamodb: Any) -> None:
    """Copy items as plain data, and parse each number once. Every write copies the whole row."""

    def plain_copy(value: Any) -> Any:
        try:
            return marshal.loads(marshal.dumps(value))  # noqa: S302 - dumped in the same line
        except ValueError:
            return copy.deepcopy(value)

    dynamodb.copy = SimpleNamespace(deepcopy=plain_copy)
    dynamodb._ddb_canonicalize_number = functools.lru_cache(100_000)(dynamodb._ddb_canonicalize_number)
