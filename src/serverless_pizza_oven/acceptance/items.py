"""Checks of what becomes of items and of malformed messages."""

import json
from typing import Any

from pizza_oven.messages import BATCH
from pizza_oven.strict_json import MAX_ITEM_BYTES
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, ok


def round_trip(context: CheckContext) -> Finding:
    """An item comes out of Baked Items, with the fields that were sent."""
    traffic = context.traffic
    item = traffic.item("first", 1, note="ünï ✓", nested={"a": [1, 2.5, None]})
    began = context.clock()
    traffic.send(item)
    if not context.receive_baked_until(lambda: traffic.received(item["id"])):
        return _did_not_come_out(context, item["id"])
    secs = context.clock() - began
    (came, *more) = traffic.received(item["id"])
    if more:
        return failed(f"{item['id']} came out {1 + len(more)} times", context.see_logs)
    if came != item:
        return failed(f"sent {_shown(item)}, received {_shown(came)}", context.see_logs)
    return ok(f"an item of 1 s came out {secs:.1f} s after it was sent, as it was")


def dead_letter(context: CheckContext) -> Finding:
    """A malformed message becomes a dead letter, with the reason as an attribute."""
    traffic = context.traffic
    name = f"{context.run}-malformed"
    traffic.send_bodies([json.dumps({"id": name, "bakingTimeSecs": "soon"})])
    if not context.receive_letters_until(lambda: traffic.letters_of(name)):
        return failed(
            f"no dead letter came in {context.patience_secs:.0f} s for a malformed message",
            context.see_logs,
        )
    reason = traffic.letters_of(name)[0].reason
    if "bakingTimeSecs" not in reason:
        return failed(f"the dead letter has the reason {reason!r}", context.see_logs)
    return ok(f"dead letter with the reason: {reason}")


def once(context: CheckContext) -> Finding:
    """An item comes out once although three copies are sent: two together, and one after it came out."""
    traffic = context.traffic
    item = traffic.item("thrice", 1)
    traffic.send(item, item)
    if not context.receive_baked_until(lambda: traffic.received(item["id"])):
        return _did_not_come_out(context, item["id"])
    traffic.send(item)
    if not context.until_decided(item["id"], "duplicate"):
        return failed(
            f"Bake Items logged no duplicate of {item['id']} in {context.patience_secs:.0f} s",
            context.see_logs,
        )
    # A second execution would end within its baking time.
    context.receive_baked_until(lambda: len(traffic.received(item["id"])) > 1, within_secs=3)
    copies = len(traffic.received(item["id"]))
    if copies > 1:
        return failed(
            f"it came out {copies} times. SQS may deliver twice by itself, if rarely", "run the check again"
        )
    return ok("sent three times, came out once; the last copy was dropped as a duplicate")


def large_batch(context: CheckContext) -> Finding:
    """Ten items of the largest size, 64 KB, come out unchanged. They are sent with one request."""
    traffic = context.traffic
    items = [_padded(traffic.item(f"large-{number}", 0)) for number in range(BATCH)]
    traffic.send(*items)
    ids = [item["id"] for item in items]
    if not context.receive_baked_until(lambda: all(map(traffic.received, ids))):
        missing = [item_id for item_id in ids if not traffic.received(item_id)]
        return failed(f"{len(missing)} of {BATCH} items of 64 KB did not come out", context.see_logs)
    for item in items:
        if traffic.received(item["id"])[0] != item:
            return failed(f"{item['id']} came out changed", context.see_logs)
    return ok(f"{BATCH} items of {MAX_ITEM_BYTES:,} bytes in one request came out whole")


def _padded(item: dict[str, Any]) -> dict[str, Any]:
    """The item with a field that makes it as large as an item may be."""
    whole = {**item, "padding": ""}
    room = MAX_ITEM_BYTES - len(json.dumps(whole, separators=(",", ":")))
    return {**whole, "padding": "x" * room}


def _did_not_come_out(context: CheckContext, item_id: str) -> Finding:
    letters = context.traffic.letters_of(item_id)
    became = f"became a dead letter: {letters[0].reason}" if letters else "did not come out"
    return failed(
        f"{item_id} {became}, in {context.patience_secs:.0f} s",
        f"{context.see_logs}; and let nobody else receive from Baked Items meanwhile",
    )


def _shown(item: Any) -> str:
    text = json.dumps(item)
    return text if len(text) <= 200 else f"{text[:197]}..."


CHECKS = (
    Check("round trip", round_trip),
    Check("dead letter", dead_letter),
    Check("once", once),
    Check("large batch", large_batch),
)
