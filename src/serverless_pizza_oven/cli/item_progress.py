"""Says in words where an item is, once or while a command waits for it."""

import time

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.status_tables import bakes
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.item_lookup import LOG_SEARCH_SECS, HoldReport, ItemReport, ItemStage
from serverless_pizza_oven.operations.removing import what_follows
from serverless_pizza_oven.operations.waiting import lookout, wait_for
from serverless_pizza_oven.text import counted, duration, moment, plain, slots


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
    match found.stage:
        case ItemStage.IN_LINE:
            return f"waits in line, which it joined{since}"
        case ItemStage.BAKING if lease := found.lease:
            if found.hold:
                return _held(found.hold, lease, now)
            return f"{bakes(lease, now)}, in {slots(lease.size)}, until {moment(lease.until, now)}"
        case ItemStage.BAKING:
            return f"was loaded{since}"
        case ItemStage.BAKED:
            return f"came out of the oven{since}"
        case _:
            return f"{_how_it_ended(found, since)}{_what_follows(found, oven)}"


def _how_it_ended(found: ItemReport, since: str) -> str:
    reason = f": {plain(found.reason)}" if found.reason else ""
    if found.stage is ItemStage.EXPIRED:
        return f"was held until its lease ended{since}, and neither extended nor released"
    if found.stage is ItemStage.CANCELLED and not reason:
        return f"was released{since}, before it had slots"
    return f"{found.stage_verb}{since}{reason}"


def _what_follows(found: ItemReport, oven: Stack) -> str:
    if found.stage is ItemStage.RELEASED:
        return ""
    if found.stage is ItemStage.CANCELLED:
        becomes = "becomes a dead letter" if found.reason else "is dropped"
        return f". It never gets slots, and {becomes} when it is the first in line"
    if found.lease:
        return f"; {what_follows(oven)}"
    return ". It became a dead letter (oven dlq list)"


def _held(hold: HoldReport, lease: BakingItem, now: float) -> str:
    by = f" by {plain(hold.holder)}" if hold.holder else ""
    if lease.ended:
        return f"was held{by}, in {slots(lease.size)}. Its lease has ended, and its slots are being freed"
    times = f", extended {counted(hold.extensions, 'time')}" if hold.extensions else ""
    return f"is held{by}, in {slots(lease.size)}, until {moment(lease.until, now)}{times}"
