"""The Lambda function ItemRemoved: Step Functions invokes it with an item that has baked."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from pizza_oven.errors import StillHeldError
from pizza_oven.functions import wiring
from pizza_oven.item import is_cancelling, parse_fields
from pizza_oven.work import Worked, worked

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _remove() -> Callable[[dict[str, Any], "LambdaContext"], None]:
    log, deadline = wiring.decision_log("ItemRemoved", os.environ), wiring.Deadline()
    item_removed = wiring.item_removed(os.environ, Session(), log, time.time, deadline.secs_left)

    def remove(event: dict[str, Any], invocation: "LambdaContext") -> None:
        deadline.begin(invocation)
        retries, redrives = _count(invocation, "retryCount"), _count(invocation, "redriveCount")
        if event.keys() == {"handedOut"}:
            item_removed.free(event["handedOut"], redrives=redrives)
        elif is_cancelling(event["item"] if _is_worked(event) else event):
            # It holds no slots: its execution only used up the name of an item.
            return
        else:
            # In an oven with work, the event is the item beside what became of it.
            ended = worked(event["item"], event["work"]) if _is_worked(event) else Worked(parse_fields(event))
            try:
                item_removed(ended.item, retries, redrives, ended.failure)
            except StillHeldError as held:
                raise StillHeldError(held.until, _moment(held.until)) from None

    return log.flushed_after(remove)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Raise what goes wrong: Step Functions tries again.

    The event is the item. If only its slots are left to be freed, the event names the item as `handedOut`.
    The client context tells how often the task was retried and the execution redriven: in the event it would
    come out with the item
    (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html).
    """
    _remove()(event, context)


def _is_worked(event: dict[str, Any]) -> bool:
    return event.keys() == {"item", "work"}


def _moment(seconds: float) -> str:
    """As a Wait state reads it, in whole seconds, and no earlier
    (https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-wait-state.html)."""
    return datetime.fromtimestamp(ceil(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(context: "LambdaContext", name: str) -> int:
    # The runtime has no client context where the caller gave none.
    custom = getattr(context.client_context, "custom", None) or {}
    return int(custom.get(name, 0))
