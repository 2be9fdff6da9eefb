"""Extends the lease of an item by hand, and tells until when it is held."""

import threading

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, LeaseExtension, parse
from serverless_pizza_oven.operations.hold_errors import HoldError
from serverless_pizza_oven.operations.hold_requests import HoldRequests, LeaseSighting
from serverless_pizza_oven.operations.hold_timing import HoldTiming

CONFIRM_SECS = 30.0
"""How long the row is read until an extension took effect."""


class NotExtendedError(HoldError):
    """The lease was not extended."""


def extend(requests: HoldRequests, item_id: str, secs: int | None, timing: HoldTiming) -> float:
    """Extend a lease by `secs` from now, or by what the item says, and wait until the row says so.

    Returns when it ends, in seconds since 1970. Raises NotExtendedError and AwsError.
    """
    seen = requests.look(item_id)
    before = _until(item_id, seen)
    if secs is None:
        secs = _lease_of(requests, item_id)
    if before - seen.read_before > secs:
        # An extension never makes a lease shorter.
        return before
    requests.send(LeaseExtension(item_id, secs).body)
    never, give_up_at = threading.Event(), timing.now() + CONFIRM_SECS
    while timing.now() < give_up_at:
        timing.pause(never, 0.5 + timing.random() / 2)
        until = _until(item_id, requests.look(item_id))
        if until > before:
            return until
    raise NotExtendedError(
        f"the extension of {item_id} was sent and has not taken effect in {CONFIRM_SECS:g} s"
    )


def _until(item_id: str, seen: LeaseSighting) -> float:
    lease = seen.lease
    if lease is None or lease.extensions is None or lease.ended:
        raise NotExtendedError(f"{item_id} is not held: oven item tells where it is")
    return lease.until


def _lease_of(requests: HoldRequests, item_id: str) -> int:
    execution = requests.describe(item_id)
    try:
        item = parse(execution.body, None) if execution else None
    except MalformedItemError:
        item = None
    if not isinstance(item, Item):
        raise NotExtendedError(f"the lease of {item_id} is not known: say --secs")
    return item.baking_time_secs
