"""Checks of Step Functions as the memory of what was baked, and of its events."""

from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok

BAKES_SECS = 3600
"""The baking time of the item. The check stops it long before."""

SECONDS_LATER = 2
"""When the second copy is sent. Bake Items takes an execution that is up to a second old for its own."""

SOON_SECS = 15
"""Within this time the slots of a stopped item must be free. The pilot light alone takes up to a minute."""

ERROR = "Oven.Check"
CAUSE = "oven check stopped it"
"""They are in the reason of the dead letter."""


@dataclass(slots=True)
class StoppedItem:
    """What happened to an item that was sent twice, stopped, and sent once more."""

    item_id: str
    problem: str = ""
    """The step that failed. The later steps were not tried."""
    starts: list[float] = field(default_factory=list)
    """The start of its execution in seconds since the epoch, read after each time it was sent."""
    occupied: int = 0
    """The slots that were taken after it was sent twice."""
    freed_secs: float | None = None
    """How long after the stop its slots were free. None if they were not."""
    reasons: list[str] = field(default_factory=list)
    """The reasons of its dead letters."""


def stop_an_item(context: CheckContext) -> StoppedItem:
    """Send an item, send it again, stop it, and send it once more."""
    traffic = context.traffic
    item = traffic.item("ledger", BAKES_SECS)
    seen = StoppedItem(item["id"])

    traffic.send(item)
    if not context.until(lambda: _has_started(context, seen)):
        seen.problem = f"{seen.item_id} was not started"
        return seen
    context.sleep(SECONDS_LATER)
    traffic.send(item)
    if not context.until_decided(seen.item_id, "duplicate"):
        seen.problem = f"Bake Items logged no duplicate of {seen.item_id}"
        return seen
    _has_started(context, seen)
    seen.occupied = context.row().occupied

    context.aws.stepfunctions.stop_execution(
        executionArn=context.execution_arn(seen.item_id), error=ERROR, cause=CAUSE
    )
    stopped_at = context.clock()
    if not context.until(lambda: seen.item_id not in context.row().leases):
        seen.problem = (
            f"the slots were not free {context.patience_secs:.0f} s after the execution was stopped"
        )
        return seen
    seen.freed_secs = context.clock() - stopped_at
    context.receive_letters_until(lambda: traffic.letters_of(seen.item_id))

    traffic.send(item)
    context.receive_letters_until(lambda: len(traffic.letters_of(seen.item_id)) > 1)
    traffic.receive_baked()
    seen.reasons = [letter.reason for letter in traffic.letters_of(seen.item_id)]
    _has_started(context, seen)
    return seen


def started_twice(context: CheckContext) -> Finding:
    """An item that is sent again while it bakes goes on baking: one execution, one lease."""
    seen = context.once(stop_an_item)
    if seen.freed_secs is None and len(seen.starts) < 2:
        return failed(seen.problem, context.see_logs)
    if len(set(seen.starts[:2])) > 1 or seen.occupied != 1:
        return failed(
            f"{len(set(seen.starts[:2]))} executions began, {seen.occupied} slots were occupied",
            context.see_logs,
        )
    return ok("StartExecution was repeated: the execution went on, with 1 slot")


def stopped(context: CheckContext) -> Finding:
    """The slots of a stopped execution are free within seconds, and the item becomes a dead letter."""
    seen = context.once(stop_an_item)
    if len(seen.starts) < 2:
        return not_shown(seen.problem)
    if seen.freed_secs is None or seen.freed_secs > SOON_SECS:
        late = seen.problem or f"the slots were free after {seen.freed_secs:.0f} s, not within {SOON_SECS} s"
        return failed(
            late,
            "see whether the rule BakingFailed is enabled and may send to New Items. If so, run the check "
            "again: EventBridge and Step Functions are sometimes late",
        )
    reason = seen.reasons[0] if seen.reasons else "none"
    if "ABORTED" not in reason or CAUSE not in reason:
        return failed(f"its dead letter has the reason {reason}", context.see_logs)
    return ok(f"the slots were free {seen.freed_secs:.1f} s after the stop; dead letter: {reason}")


def started_again(context: CheckContext) -> Finding:
    """An item whose execution was stopped does not bake again: it becomes a dead letter once more."""
    seen = context.once(stop_an_item)
    if seen.problem:
        return not_shown(seen.problem)
    began, again = len(set(seen.starts)), context.traffic.received(seen.item_id)
    if began > 1 or again:
        return failed(f"{began} executions began, and it came out {len(again)} times", context.see_logs)
    if len(seen.reasons) < 2:
        return failed(f"no second dead letter came in {context.patience_secs:.0f} s", context.see_logs)
    return ok(f"StartExecution was refused, and the item is a dead letter again: {seen.reasons[1]}")


def _has_started(context: CheckContext, seen: StoppedItem) -> bool:
    """Read when the execution began. Returns False if there is none, or at first if the row has no lease."""
    try:
        execution = context.aws.stepfunctions.describe_execution(
            executionArn=context.execution_arn(seen.item_id)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return False
        raise
    if not seen.starts and seen.item_id not in context.row().leases:
        return False
    seen.starts.append(execution["startDate"].timestamp())
    return True


CHECKS = (
    Check("started twice", started_twice),
    Check("stopped", stopped),
    Check("started again", started_again),
)
