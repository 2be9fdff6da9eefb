"""The Lambda function ItemRemoved: Step Functions invokes it with an item that has baked."""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.functions import wiring
from pizza_oven.item import parse_fields

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _remove() -> Callable[[dict[str, Any]], None]:
    journal = wiring.journal_of("ItemRemoved", os.environ)
    item_removed = wiring.item_removed(os.environ, Session(), journal)

    def remove(event: dict[str, Any]) -> None:
        if event.keys() == {"handedOut"}:
            item_removed.free(event["handedOut"])
        else:
            item_removed(parse_fields(event))

    return journal.flushed_after(remove)


def handler(event: dict[str, Any], _context: "LambdaContext") -> None:
    """Raise what goes wrong: Step Functions tries again.

    The event is the item; or it names one as `handedOut`, of which only the slots are left to be freed.
    """
    _remove()(event)
