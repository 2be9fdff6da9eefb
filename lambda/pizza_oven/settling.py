"""Plan, write, and plan again: the one loop in which functions that work at once agree on the row.

A plan is made from a row that may be out of date, and written on conditions that hold only if it is not.
When the row refuses it, DynamoDB returns that row with the refusal, and the next plan is made from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pizza_oven.context import Context
from pizza_oven.plans import Candidate, Plan
from pizza_oven.row import Counts, Lease, Refused, Row

ATTEMPTS = 3
"""How often a plan is written while others change the row in between. After that, no candidate gets slots."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The plan that was written."""

    plan: Plan
    at: float
    """When, in seconds since 1970."""
    counts: Counts | None
    """The row after that. None if nothing was written, or the answer was lost."""
    is_idle: bool = False
    """Whether the write proved that no further item can be loaded, and cleared the pending wake-up."""


def settle(context: Context, candidates: Sequence[Candidate]) -> Settled:
    """Take slots for the candidates that fit, and count the others as waiting, in one write.

    Raises ServiceError.
    """
    # Assumed until the row is known: an empty oven, in which every write succeeds at the first attempt.
    row: Row | None = None
    for attempt in range(ATTEMPTS + 1):
        known = row or Row()
        room = known.room(context.capacity) if attempt < ATTEMPTS else 0
        plan = Plan.of(candidates, known, room)
        now = context.now()
        settlement = plan.settlement(row, context.capacity, now)
        if settlement.is_empty:
            return Settled(plan, now, None)
        outcome = context.table.settle(settlement, context.capacity, now)
        if not isinstance(outcome, Refused):
            return Settled(plan, now, outcome, settlement.next_size is not None)
        if _answer_was_lost(settlement.loads, outcome.row):
            return Settled(plan, now, None)
        row = outcome.row
    # Only messages of the line come here: a write that has new items join is never refused.
    return Settled(Plan(rest=list(candidates)), context.now(), None)


def _answer_was_lost(loads: Mapping[str, Lease], row: Row) -> bool:
    """Whether the row refused a write because it was written before: the SDK sent it again when no answer
    came."""
    return bool(loads) and all(row.leases.get(item_id) == lease for item_id, lease in loads.items())
