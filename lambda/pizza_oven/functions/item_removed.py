"""The Lambda function ItemRemoved: Step Functions invokes it with an item that has baked."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.functions import wiring
from pizza_oven.item import parse_fields
from pizza_oven.removing import ItemRemoved

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _item_removed() -> ItemRemoved:
    return wiring.item_removed(os.environ, Session())


def handler(event: dict[str, Any], _context: "LambdaContext") -> None:
    """Raise what goes wrong: Step Functions tries again."""
    _item_removed()(parse_fields(event))
