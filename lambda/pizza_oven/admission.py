"""Admission: new items get slots if they fit and no item waits; the others join the waiting line.

An item joins the row first and is enqueued after that. Its function looks at the row again when it is in
the line, so a slot that was freed in between is not missed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pizza_oven.batch import Batch
from pizza_oven.context import Context
from pizza_oven.errors import ServiceError
from pizza_oven.holding import give_up
from pizza_oven.item import Item
from pizza_oven.messages import JoiningMessage, NewMessage, pack
from pizza_oven.plans import Candidate
from pizza_oven.rejecting import reject
from pizza_oven.row import epoch_of
from pizza_oven.settling import Settled, settle
from pizza_oven.starting import start

PACKED_CHARS = 10_000
"""Of the body of an item that shares its message, which SQS then bills as one request of 64 KB."""


@dataclass(slots=True)
class Admitted:
    """What became of new items, by id. Those of neither list are in the oven, or were baked before."""

    failed: list[str] = field(default_factory=list)
    """Their messages must come again."""
    joined: list[str] = field(default_factory=list)
    must_look: bool = False
    """Whether items that wait may fit now: slots were freed, or a pending wake-up was cleared."""


def admit(context: Context, batch: Batch) -> Admitted:
    """Load the longest prefix of the new items that fits, and enqueue the others.

    Raises ServiceError: then none of them is known to be in the oven.
    """
    if not (batch.items or batch.asking_for_departures):
        return Admitted()
    given_up = {item.id for item in batch.items.values() if _was_given_up(context, item, batch)}
    candidates = [
        Candidate(item, batch.messages[item.id][0].sent_at)
        for item in batch.items.values()
        if item.id not in given_up
    ]
    settled = settle(context, candidates, asks_for_departures=bool(batch.asking_for_departures))
    if settled.counts is not None and settled.plan.loads:
        context.log.record("looked", occupied=settled.counts.occupied)
    started = start(context, settled.plan, settled.at)
    starting = settled.plan.loads + settled.plan.redelivered
    admitted = Admitted(must_look=bool(given_up) or started.rolled_back or _may_fit_now(settled))
    admitted.failed += [c.item.id for c in starting if c.item and c.item.id not in started.done]
    _enqueue(context, settled, batch.messages, admitted)
    return admitted


def _was_given_up(context: Context, item: Item, batch: Batch) -> bool:
    waited = context.now() - batch.messages[item.id][0].sent_at
    letter = give_up(context, item, waited)
    if letter:
        reject(context, [letter])
    return letter is not None


def _may_fit_now(settled: Settled) -> bool:
    return settled.took_departures and (settled.counts is None or settled.counts.waiting > 0)


def _enqueue(
    context: Context, settled: Settled, messages: Mapping[str, list[NewMessage]], admitted: Admitted
) -> None:
    joining = {c.item.id: c.item for c in settled.plan.rest if c.item}
    if not joining:
        return
    together = [
        _joining_message(items, messages[items[0].id][0])
        for items in _packed(joining.values(), context.packed_items if settled.may_pack else 1)
    ]
    try:
        context.persist(lambda: context.waiting_items.push(together, epoch_of(settled.at)))
    except ServiceError as error:
        # Their messages come again, and they join again: `waiting` is too high until that is reconciled.
        context.log.record("failed", error=str(error))
        admitted.failed += joining.keys()
        admitted.must_look = True
        return
    admitted.joined += joining.keys()
    for item_id in joining:
        context.log.record("joined", item_id)


def _packed(items: Iterable[Item], most: int) -> list[list[Item]]:
    """The items in order, those together that may be one message."""
    groups: list[list[Item]] = []
    can_add = False
    for item in items:
        is_small = item.size == 1 and item.wait_at_most_secs is None and len(item.body) <= PACKED_CHARS
        if can_add and is_small and len(groups[-1]) < most:
            groups[-1].append(item)
        else:
            groups.append([item])
        can_add = is_small
    return groups


def _joining_message(items: Sequence[Item], first: NewMessage) -> JoiningMessage:
    return JoiningMessage(
        # Names one push: the SDK may send it twice, but a redelivered message is enqueued anew.
        f"{first.id}.{first.receive_count}",
        pack([item.body for item in items]),
        first.sent_at if items[0].wait_at_most_secs is not None else None,
    )
