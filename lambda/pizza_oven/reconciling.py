"""Reconciling: the row is compared with what Step Functions and SQS say, and corrected.

It is done for each trigger that names an item: EventBridge sends one when an execution fails, and the
pilot light one each minute. A forged trigger does no harm, since only the answers of Step Functions
count.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pizza_oven.context import Context
from pizza_oven.execution import Execution
from pizza_oven.rejecting import dead_letter_failed
from pizza_oven.row import EPOCH_SECS, EPOCHS, Lease, Refused, Row

OVERDUE_AFTER_SECS = 90
"""Grace period before an expired lease is reconciled: 10 s function timeout + 60 s for a late request +
clock skew."""

RECONCILED_AT_ONCE = 20
"""Overdue leases reconciled for one batch: DescribeExecution allows 15 a second, after 300 at once
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

QUIET_SECS = 135
"""An item that joined this long ago is in SQS's count of the line, or was never enqueued: 10 s function
timeout + 60 s for a late request + 60 s that the count may be old + 5 s clock skew."""


@dataclass(slots=True)
class Reconciled:
    """What was found."""

    freed: bool = False
    """Whether slots were freed. Items that joined meanwhile found no room."""
    kept: set[str] = field(default_factory=set)
    """Items that keep their slots: they bake, or may have been started a moment ago."""


def reconcile(context: Context, named: AbstractSet[str]) -> Reconciled:
    """Free the slots of named and of overdue items that bake no more, and correct the count of the line.

    Raises ServiceError.
    """
    row, now = context.table.read(), context.now()
    overdue = sorted(i for i, lease in row.leases.items() if lease.until + OVERDUE_AFTER_SECS < now)
    context.log.record("looked", occupied=row.occupied, waiting=row.waiting, overdue=len(overdue))
    reconciled = Reconciled()
    for item_id in dict.fromkeys([*sorted(named & row.leases.keys()), *_share(overdue, now)]):
        _reconcile_lease(context, item_id, row.leases[item_id], item_id in overdue, reconciled)
    _correct_waiting(context, row, now)
    return reconciled


def _reconcile_lease(
    context: Context, item_id: str, lease: Lease, is_overdue: bool, reconciled: Reconciled
) -> None:
    execution = context.item_states.describe(item_id)
    # Step Functions may not know yet of an execution that was started a second ago.
    is_unknown_yet = execution is None and not is_overdue
    if is_unknown_yet or (execution and execution.running):
        reconciled.kept.add(item_id)
        return
    if execution and execution.failed:
        dead_letter_failed(context, item_id, execution)
    refused = context.table.evict(item_id, lease.until)
    # Not leased any more: another function freed the slots, or an earlier try of this request did.
    if refused is None or item_id not in refused.row.leases:
        reconciled.freed = True
    if refused is None:
        context.log.record("evicted", item_id, status=_status(execution))


def _status(execution: Execution | None) -> str:
    return execution.status if execution else "never started"


def _share(overdue: Sequence[str], now: float) -> Sequence[str]:
    """A few of them, others each minute, so that overdue items that still bake do not hide the rest."""
    first = int(now / 60) * RECONCILED_AT_ONCE % max(len(overdue), 1)
    return [*overdue[first:], *overdue[:first]][:RECONCILED_AT_ONCE]


def _correct_waiting(context: Context, row: Row, now: float) -> None:
    """Subtract items that joined but were never enqueued, since their function crashed between the two."""
    outcome: Refused | None
    if row.waiting > 0 and now - row.joined_at > QUIET_SECS and context.waiting_items.count() == 0:
        excess, outcome = row.waiting, context.table.reset_waiting(row)
    elif closed := _closed_epochs(row, now):
        excess, outcome = row.orphaned(closed), context.table.subtract_orphans(row, closed)
    else:
        return
    if outcome is None and excess:
        context.log.record("recounted", waiting=excess)


def _closed_epochs(row: Row, now: float) -> list[int]:
    """The epochs whose items have all left the line, except those that were never enqueued.

    The line is first in, first out. So they have left once a message left that was enqueued more than
    QUIET_SECS after the epoch ended. A number is used again after an hour: what must have ended is the
    latest epoch of that number that may have begun by any clock.
    """
    latest = int((now + QUIET_SECS) // EPOCH_SECS)
    ends = {epoch: (latest - (latest - epoch) % EPOCHS + 1) * EPOCH_SECS for epoch in row.waiting_by_epoch}
    return [epoch for epoch, end in ends.items() if end + QUIET_SECS < row.last_left_sent_at]
