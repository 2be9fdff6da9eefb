"""Checks of items that are held: extended, released, and lost when their leases end."""

from pizza_oven.item import LeaseExtension
from pizza_oven.row import Lease
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, ok

LEASE_SECS = 600
"""Of the item that is released. Its slots must be free long before."""

SHORT_LEASE_SECS = 3
"""Of the item whose lease ends."""

EXTENDED_SECS = 6
"""The second lease of that item. So its execution waits twice."""

SOON_SECS = 15
"""Within this time the slots of a released item must be free."""


def released(context: CheckContext) -> Finding:
    """A held item keeps its slots, is extended, and frees them when it is released. It comes out nowhere."""
    traffic, item_id = context.traffic, f"{context.run}-held"
    if not _holds(context, "held", LEASE_SECS, 2 * LEASE_SECS):
        return failed(f"{item_id} got no slots", context.see_logs)
    if not context.until(lambda: _extensions(context, item_id) == 1):
        return failed(f"the lease of {item_id} was not extended", context.see_logs)
    released_at = context.clock()
    traffic.release(item_id)
    if not context.until(lambda: not _lease(context, item_id), SOON_SECS):
        return failed(
            f"the slots were not free {SOON_SECS} s after the release",
            "see whether the role of Bake Items may stop executions: oven logs",
        )
    secs = context.clock() - released_at
    traffic.receive_baked()
    traffic.receive_letters()
    if traffic.received(item_id) or traffic.letters_of(item_id):
        return failed("it came out, or is a dead letter", context.see_logs)
    return ok(f"the lease was extended, and the slots were free {secs:.1f} s after the release")


def lease_ended(context: CheckContext) -> Finding:
    """A held item whose extended lease ends becomes a dead letter, and frees its slots."""
    traffic, item_id = context.traffic, f"{context.run}-expired"
    if not _holds(context, "expired", SHORT_LEASE_SECS, EXTENDED_SECS):
        return failed(f"{item_id} got no slots", context.see_logs)
    if not context.receive_letters_until(lambda: traffic.letters_of(item_id)):
        return failed(f"no dead letter came in {context.patience_secs:.0f} s", context.see_logs)
    reason = traffic.letters_of(item_id)[0].reason
    if "nor released" not in reason:
        return failed(f"its dead letter has the reason {reason}", context.see_logs)
    if not context.until(lambda: not _lease(context, item_id), SOON_SECS):
        return failed("its slots are still taken", context.see_logs)
    return ok(f"dead letter: {reason}")


def _holds(context: CheckContext, name: str, lease_secs: int, extended_secs: int) -> bool:
    """Send an item that is held, and an extension once it has slots. False if it gets none."""
    item = context.traffic.item(name, lease_secs, hold=True)
    context.traffic.send(item)
    if not context.until(lambda: _lease(context, item["id"])):
        return False
    context.traffic.send_bodies([LeaseExtension(item["id"], extended_secs).body])
    return True


def _lease(context: CheckContext, item_id: str) -> Lease | None:
    return context.row().leases.get(item_id)


def _extensions(context: CheckContext, item_id: str) -> int | None:
    lease = _lease(context, item_id)
    return lease.extensions if lease else None


CHECKS = (
    Check("released", released),
    Check("lease ended", lease_ended),
)
