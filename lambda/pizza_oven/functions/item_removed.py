"""The Lambda function ItemRemoved: Step Functions invokes it with an item that has baked."""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.functions import wiring
from pizza_oven.item import Item, parse_fields

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _item_removed() -> Callable[[Item], None]:
    journal = wiring.journal_of("ItemRemoved", os.environ)
    return journal.flushed_after(wiring.item_removed(os.environ, Session(), journal))


def handler(event: dict[str, Any], _context: "LambdaContext") -> None:
    """Raise what goes wrong: Step Functions tries again."""
    _item_removed()(parse_fields(event))
