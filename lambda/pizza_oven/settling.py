"""Plan, write, and plan again: the one loop in which functions that work at once agree on the row.

A plan is made from a row that may be out of date, and written on conditions that hold only if it is not.
When the row refuses it, DynamoDB returns that row with the refusal, and the next plan is made from it.

A write costs by the size of the row. While that is small, the first plan assumes an empty oven, and a
refusal costs little. When it is large, a read that costs a twentieth of a write comes first, and one write
does everything: it also frees the slots of Leaving Items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pizza_oven.context import Context
from pizza_oven.messages import Departure
from pizza_oven.plans import Candidate, Plan
from pizza_oven.receiving import delete_all, receive_up_to
from pizza_oven.row import Counts, Lease, Refused, Row

ATTEMPTS = 3
"""Writes that may load items, while others change the row. After them, one write only has new items join."""

DEPARTURES_AT_ONCE = 40
"""Slots of so many items are freed by one write. DynamoDB allows 4 KB and 300 operators in an expression
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)."""

PACK_AFTER_SECS = 20
"""So long after a function first might have packed items, each function of an older release has timed out. It
would take such a message for malformed. CloudFormation updates Bake Items after Item Removed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The final plan, and what its write said of the row."""

    plan: Plan
    at: float
    """When, in seconds since 1970."""
    counts: Counts | None
    """The row after that. None if nothing was written, or the answer was lost."""
    is_idle: bool = False
    """Whether the write proved that no further item can be loaded, and cleared the pending wake-up."""
    took_departures: bool = False
    """Whether messages of Leaving Items were taken: no slots of their items are held any more."""
    may_pack: bool = False
    """Whether each function at work knows that a message of the line may have several items."""


def settle(
    context: Context, candidates: Sequence[Candidate], *, asks_for_departures: bool = False
) -> Settled:
    """Take slots for the candidates that fit, count the others as waiting, and free those of Leaving Items.

    Raises ServiceError; ThrottledError if the row is throttled until the function must end.
    """
    return context.persist(lambda: _settle(context, candidates, asks_for_departures=asks_for_departures))


def _settle(context: Context, candidates: Sequence[Candidate], *, asks_for_departures: bool) -> Settled:
    # Without a row, an empty oven is assumed: a guess that is right unless the oven is full or items wait.
    row: Row | None = None
    if context.looks_first:
        row = context.table.look([c.item.id for c in candidates if c.item])
    asks_for_departures |= row is not None and _may_be_throttled(context, row, candidates)
    departures = _departures_beside(context, candidates) if asks_for_departures else []
    # A look shows only the leases of the candidates. The leases of the departures are assumed.
    frees = {departure.item_id: departure.size for departure in departures}
    for attempt in range(ATTEMPTS + 1):
        is_last = attempt == ATTEMPTS
        if is_last:
            # New items must join at last, and nothing may keep the row from that.
            frees, departures = {}, []
        known, now = row or Row(), context.now()
        room = 0 if is_last else known.room(context.capacity, sum(frees.values()))
        plan = Plan.of(candidates, known, room)
        settlement = plan.settlement(row, context.capacity, now, frees)
        outcome = None if settlement.is_empty else context.table.settle(settlement, context.capacity, now)
        if isinstance(outcome, Refused) and not _answer_was_lost(settlement.loads, outcome.row):
            row = outcome.row
            frees = {i: row.leases[i].size for i in frees if i in row.leases}
            continue
        delete_all(context, context.leaving_items, departures)
        counts = outcome if isinstance(outcome, Counts) else None
        is_idle = counts is not None and settlement.clear_wake_up_unless_fits is not None
        may_pack = 0 < known.packs_since < now - PACK_AFTER_SECS
        return Settled(plan, now, counts, is_idle, took_departures=bool(departures), may_pack=may_pack)
    # Only messages of the line come here: a write that only has new items join is never refused.
    return Settled(Plan(rest=list(candidates)), context.now(), None)


def _may_be_throttled(context: Context, row: Row, candidates: Sequence[Candidate]) -> bool:
    """Whether the row is large, or lacks room: then slots may be left to Bake Items."""
    size = sum(candidate.size for candidate in candidates)
    return row.occupied >= context.crowded_slots or row.room(context.capacity) < size


def _departures_beside(context: Context, candidates: Sequence[Candidate]) -> list[Departure]:
    """Receive departures, except those of the candidates: no write may both load and free an item.

    A late copy of an item that left is settled first. Its departure is received again.
    """
    ids = {c.item.id for c in candidates if c.item}
    departures = receive_up_to(context, context.leaving_items, DEPARTURES_AT_ONCE)
    return [departure for departure in departures if departure.item_id not in ids]


def _answer_was_lost(loads: Mapping[str, Lease], row: Row) -> bool:
    """Whether these exact leases are there: then the SDK's first try of this request was written."""
    return bool(loads) and all(row.leases.get(item_id) == lease for item_id, lease in loads.items())
