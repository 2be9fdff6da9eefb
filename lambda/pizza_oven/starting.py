"""Starting: one execution for each item that has its slots.

The name of an execution is the id of its item, and a name can be used once in 90 days. So Step Functions
remembers which items were baked before, and an item that comes twice bakes once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from pizza_oven.context import ROUND_SECS, Context
from pizza_oven.errors import MalformedItemError, ServiceError, ThrottledError
from pizza_oven.execution import Execution
from pizza_oven.holding import release
from pizza_oven.item import Item, parse
from pizza_oven.messages import DeadLetter
from pizza_oven.plans import Candidate, Plan, lease_of
from pizza_oven.rejecting import dead_letter_failed, reject

CLOCK_SKEW_SECS = 1
"""How far the clock of Step Functions may be behind that of a function."""

RECHECK_SECS = 5
"""After this time DescribeExecution, which is eventually consistent, knows that an execution has ended."""


class Start(Enum):
    """What starting an item found."""

    FIRST = "it bakes since just now"
    REPEATED = "it was started before, and bakes"
    OF_ANOTHER = "another item of this id bakes: the slots are that one's"
    NONE = "it does not bake, and has no slots any more"


@dataclass(slots=True)
class Started:
    """What became of the items that were to start."""

    done: set[str] = field(default_factory=set)
    """The ids of those whose messages can be deleted: they bake, or were baked before."""
    rolled_back: bool = False
    """Whether slots were freed again. Items that joined meanwhile found no room."""


def start(context: Context, plan: Plan, at: float) -> Started:
    """Start the items that got slots `at` that moment, in seconds since 1970, and once more those that had
    them: their first start may have failed."""
    started = Started()
    starting = plan.loads + _renew_leases(context, plan.redelivered)
    if not starting:
        return started
    asked_at = context.now()
    items = [candidate.item for candidate in starting if candidate.item]
    for candidate, item, execution in zip(starting, items, _start_all(context, items), strict=True):
        try:
            found = _resolve(context, item, execution, asked_at, candidate.sent_at)
            if found in (Start.FIRST, Start.REPEATED) and item.task_token is not None:
                found = _tell(context, item, item.task_token, at, found)
            started.rolled_back |= found is Start.NONE
            started.done.add(item.id)
        except ServiceError as error:
            context.log.record("failed", item.id, error=str(error))
    return started


def _start_all(context: Context, items: Sequence[Item]) -> list[Execution | ServiceError]:
    """Start the items, those that are throttled again while there is time."""
    executions = context.item_states.start(items)
    while context.time_left() >= ROUND_SECS:
        again = [n for n, execution in enumerate(executions) if isinstance(execution, ThrottledError)]
        if not again:
            break
        answers = context.item_states.start([items[n] for n in again])
        for n, answer in zip(again, answers, strict=True):
            executions[n] = answer
    return executions


def _renew_leases(context: Context, redelivered: Sequence[Candidate]) -> list[Candidate]:
    """Renew the leases of redelivered items. Returns those that still have one.

    The renewal comes before the start: an eviction that has seen the old lease fails from here on.
    """
    renewed = []
    for candidate in redelivered:
        item = candidate.item
        if item is None:
            continue
        try:
            renew = _renew_hold if item.hold else _renew
            if renew(context, item):
                renewed.append(candidate)
        except ServiceError as error:
            context.log.record("failed", item.id, error=str(error))
    return renewed


def _renew(context: Context, item: Item) -> bool:
    until = lease_of(item, context.now()).until
    return context.persist(lambda: context.table.renew(item.id, until)) is None


def _renew_hold(context: Context, item: Item) -> bool:
    """Extend the lease, at least by a millisecond: that also tells that the item was received again."""
    until = lease_of(item, context.now()).until
    refused = context.persist(lambda: context.table.extend(item.id, until, 0))
    lease = refused.row.leases.get(item.id) if refused else None
    if lease is not None and not lease.ended:
        later = round(lease.until + 0.001, 3)
        context.persist(lambda: context.table.extend(item.id, later, 0))
    # A lease that has ended stays so, and the item is started all the same: its execution tells.
    return refused is None or lease is not None


def _resolve(
    context: Context, item: Item, execution: Execution | ServiceError, asked_at: float, sent_at: float
) -> Start:
    """Roll back an item that is not to bake. Raises ServiceError if it is not known whether it bakes."""
    if isinstance(execution, ServiceError):
        raise execution
    if execution.running and execution.cancelled is None:
        return _resolve_running(context, item, execution, asked_at, sent_at)
    _roll_back(context, item, execution)
    return Start.NONE


def _resolve_running(
    context: Context, item: Item, execution: Execution, asked_at: float, sent_at: float
) -> Start:
    # It is a duplicate if an earlier request started the execution, perhaps for another item of this id.
    is_another = execution.body not in ("", item.body)
    if is_another or execution.started_at < asked_at - CLOCK_SKEW_SECS:
        _align_lease(context, item, execution)
        context.log.record("duplicate", item.id)
        return Start.OF_ANOTHER if is_another else Start.REPEATED
    context.log.record(
        "loaded",
        item.id,
        size=item.size,
        baking_time_secs=item.baking_time_secs,
        waited_secs=round(max(context.now() - sent_at, 0), 3),
    )
    return Start.FIRST


def _tell(context: Context, item: Item, token: str, at: float, found: Start) -> Start:
    """End the task that waits until a held item has its slots. Returns what is true of the item afterwards.

    If there is no such task, its owner gave up, and the slots are freed; unless another function received the
    item meanwhile, and has told the owner. It has extended the lease before that.
    """
    lease = lease_of(item, at)
    if (
        context.persist(lambda: context.task_tokens.succeed(token, item.id, lease.until))
        or found is not Start.FIRST
        or context.table.look([item.id]).leases.get(item.id) != lease
    ):
        return found
    release(context, [item.id])
    return Start.NONE


def _align_lease(context: Context, item: Item, execution: Execution) -> None:
    """Let the lease end when the execution is due, which was started earlier or for another item of this id.

    If it is due already, the item may have been unloaded a moment ago, and these slots are held for
    nothing. Then a trigger has the item reconciled as soon as Step Functions knows that the execution has
    ended. So it is with each item that is held, since its lease may have been extended.
    """
    if item.hold:
        context.new_items.trigger(RECHECK_SECS, item.id)
        return
    original = _item_of(execution, item)
    until = lease_of(original, execution.started_at).until
    context.table.renew(item.id, until)
    if until <= context.now():
        context.new_items.trigger(RECHECK_SECS, item.id)


def _item_of(execution: Execution, item: Item) -> Item:
    """The item that bakes. An execution that was started by hand may have any input."""
    try:
        original = parse(execution.body, None) if execution.body else item
    except MalformedItemError:
        return item
    return original if isinstance(original, Item) else item


def _roll_back(context: Context, item: Item, execution: Execution) -> None:
    """The item was baked before, or cancelled: free its slots again."""
    if execution.cancelled:
        reject(context, [DeadLetter(item.body, execution.cancelled, execution.cancelled, item.id)])
    elif execution.failed:
        dead_letter_failed(context, item.id, execution)
    else:
        context.log.record("duplicate" if execution.cancelled is None else "cancelled", item.id)
    context.persist(lambda: context.table.roll_back(item.id))
