"""Says in words where an item is, once or while a command waits for it."""

import time

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.status_tables import bakes
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.item_lookup import LOG_SEARCH_SECS, ItemReport, ItemStage
from serverless_pizza_oven.operations.removing import what_follows
from serverless_pizza_oven.operations.waiting import lookout, wait_for
from serverless_pizza_oven.text import duration, moment, plain, slots


def wait_until(
    aws: Aws,
    oven: Stack,
    item_id: str,
    sign: Sign,
    timeout_secs: float | None = None,
    log_search_secs: float = LOG_SEARCH_SECS,
) -> ItemReport:
    """Wait for a sign of the item, and say on standard error where it is meanwhile. Raises WaitError."""
    look = lookout(aws, oven, item_id, time.time, log_search_secs)

    def say_where(report: ItemReport) -> None:
        if report.stage is ItemStage.UNKNOWN:
            say(f"{item_id} is not known yet. Waiting.")
        else:
            say(f"{item_id} {told(report, time.time(), oven)}. Waiting.")

    return wait_for(look, sign, time.time, time.sleep, timeout_secs, say_where)


def told(found: ItemReport, now: float, oven: Stack) -> str:
    """Where a known item is, as the end of a sentence that begins with its id."""
    since = ""
    if found.since is not None:
        since = f" at {moment(found.since, now)}, {duration(now - found.since)} ago"
    reason = f": {plain(found.reason)}" if found.reason else ""
    match found.stage:
        case ItemStage.IN_LINE:
            return f"waits in line, which it joined{since}"
        case ItemStage.BAKING if lease := found.lease:
            return f"{bakes(lease, now)}, in {slots(lease.size)}, until {moment(lease.until, now)}"
        case ItemStage.BAKING:
            return f"was loaded{since}"
        case ItemStage.BAKED:
            return f"came out of the oven{since}"
        case _:
            verb = found.stage_verb
            follows = (
                f"; {what_follows(oven)}" if found.lease else ". It became a dead letter (oven dlq list)"
            )
            return f"{verb}{since}{reason}{follows}"
