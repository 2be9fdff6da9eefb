"""The Lambda function ItemRemoved: Step Functions invokes it with an item that has baked."""

import os
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.functions import wiring
from pizza_oven.item import parse_fields

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _remove() -> Callable[[dict[str, Any], int], None]:
    log = wiring.decision_log("ItemRemoved", os.environ)
    item_removed = wiring.item_removed(os.environ, Session(), log, time.time)

    def remove(event: dict[str, Any], redrives: int) -> None:
        if event.keys() == {"handedOut"}:
            item_removed.free(event["handedOut"], redrives=redrives)
        else:
            item_removed(parse_fields(event), redrives)

    return log.flushed_after(remove)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Raise what goes wrong: Step Functions tries again.

    The event is the item. If only its slots are left to be freed, the event names the item as
    `handedOut`. The client context tells how often the execution was redriven: in the event it would come
    out with the item
    (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
    """
    _remove()(event, _redrives(context))


def _redrives(context: "LambdaContext") -> int:
    # The runtime has no client context where the caller gave none.
    custom = getattr(context.client_context, "custom", None) or {}
    return int(custom.get("redriveCount", 0))
