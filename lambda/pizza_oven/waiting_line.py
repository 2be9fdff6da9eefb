"""The waiting line: first come, first served.

One function at a time receives from it. The first slot that is freed while items wait requests one
wake-up. That stays pending until a write proves that no further item can be loaded, or until items join,
whose function looks at the row afterwards. So a hundred items that are done at once wake one function,
and none of their slots is missed.

The line is locked while a message is received and not deleted, since its FIFO queue has one message
group. A function that finds it locked leaves a trigger for later, and only one such retry is scheduled at
a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pizza_oven.context import ROUND_SECS, Context
from pizza_oven.errors import MalformedItemError, ServiceError
from pizza_oven.holding import give_up
from pizza_oven.item import Item, parse
from pizza_oven.messages import BATCH, WaitingMessage
from pizza_oven.plans import Candidate, Plan
from pizza_oven.rejecting import letter_of, reject
from pizza_oven.row import Counts, Refused
from pizza_oven.settlement import Settlement
from pizza_oven.settling import settle
from pizza_oven.starting import Started, start

RETRY_SECS = 3
"""A locked line is looked at again after this time. A function that works holds it for less."""

SUPPRESS_RETRIES_SECS = 1
"""For this long no other retry is scheduled. It is over by any clock when the retry arrives, though one
function's clock may be 2 s ahead of another's."""


@dataclass(frozen=True, slots=True)
class LineView:
    """What a function that serves the line knows of the row."""

    counts: Counts
    next_size: int
    """The slots that the head of the line needs, or 1 if that is not known."""
    is_idle: bool
    """Whether no further item can be loaded, and no wake-up is pending that this function must clear."""


def serve(context: Context, expected: int, wait_secs: int = 0) -> None:
    """Load items from the line until none waits or the first does not fit. Raises ServiceError.

    Receives for `expected` free slots before the first look at the row, and waits up to `wait_secs`.
    """
    view = _receive_and_load(context, min(expected, BATCH), wait_secs) if expected else None
    if view is None:
        view = _look(context, next_size=1)
    while not view.is_idle:
        counts = view.counts
        room = counts.room(context.capacity)
        if counts.waiting <= 0 or room < view.next_size:
            view = _look(context, view.next_size)
            continue
        if context.time_left() < ROUND_SECS:
            context.new_items.trigger()
            break
        # A short poll may come back empty although the line is not; a long poll asks every server of SQS.
        # It is not needed while a retry is scheduled.
        wait_secs = 0 if counts.retry_at > context.now() else 1
        loaded = _receive_and_load(context, min(room, BATCH), wait_secs)
        if loaded is None:
            _schedule_retry(context)
            break
        view = loaded
    context.log.record("looked", occupied=view.counts.occupied, waiting=view.counts.waiting)


def _look(context: Context, next_size: int) -> LineView:
    """See whether an item of `next_size` slots fits. If none does, clear the pending wake-up."""
    if context.looks_first:
        row = context.persist(lambda: context.table.look([]))
        fits = row.waiting > 0 and row.room(context.capacity) >= next_size
        if fits or not row.wake_up_requested_at:
            return LineView(row, next_size, is_idle=not fits)
    clearing = Settlement(clear_wake_up_unless_fits=next_size)
    outcome = context.persist(lambda: context.table.settle(clearing, context.capacity, context.now()))
    if isinstance(outcome, Refused):
        return LineView(outcome.row, next_size, is_idle=False)
    return LineView(outcome, next_size, is_idle=True)


def _schedule_retry(context: Context) -> None:
    """The row says that an item can be loaded, but the line gave none.

    Another function has received its head, and may have crashed; or the items that joined are not
    enqueued yet; or the count is too high. In each case the wake-up stays pending, and a trigger comes
    back to it.
    """
    now = context.now()
    at = round(now + SUPPRESS_RETRIES_SECS, 3)
    refused = context.persist(lambda: context.table.schedule_retry(round(now, 3), at))
    # If the row says exactly this, an earlier try of the request was written and its answer lost.
    if refused is None or refused.row.retry_at == at:
        context.persist(lambda: context.new_items.trigger(RETRY_SECS))


def _receive_and_load(context: Context, count: int, wait_secs: int) -> LineView | None:
    """Receive up to `count` items and load those that fit. None if nothing was received."""
    received = context.persist(lambda: context.waiting_items.receive(count, wait_secs))
    if not received:
        return None
    try:
        return _load(context, [_candidate(context, m, body) for m in received for body in m.bodies])
    except ServiceError:
        context.waiting_items.put_back(received, RETRY_SECS)
        raise


def _load(context: Context, candidates: Sequence[Candidate]) -> LineView:
    settled = settle(context, candidates)
    plan = settled.plan
    _dismiss(context, plan.needless)
    started = start(context, plan, settled.at)
    _return_messages(context, plan, started)
    if settled.counts is None or started.rolled_back:
        # The look comes when no message is received any more, and the line is not locked.
        return _look(context, plan.next_size)
    return LineView(settled.counts, plan.next_size, settled.is_idle)


def _dismiss(context: Context, needless: Sequence[Candidate]) -> None:
    """Send the dead letters of what is not to be baked, and record second copies."""
    letters = [candidate.letter for candidate in needless if candidate.letter]
    if letters:
        reject(context, letters)
    for candidate in needless:
        if candidate.item:
            context.log.record("duplicate", candidate.item.id)


def _return_messages(context: Context, plan: Plan, started: Started) -> None:
    """Delete what is done with, and put the others back into the line.

    Items that could not be started keep their slots, and are started when their messages are received again.
    """
    starting = plan.loads + plan.redelivered
    unstarted = _messages([c for c in starting if c.item and c.item.id not in started.done])
    done = [message for message in plan.served if message not in unstarted]
    if done:
        context.persist(lambda: context.waiting_items.delete(done))
    if rest := _messages(plan.rest):
        context.persist(lambda: context.waiting_items.put_back(rest, 0))
        waited_secs = round(max(context.now() - rest[0].sent_at, 0), 3)
        context.log.record("looked", oldest_waiting_secs=waited_secs)
    if unstarted:
        context.waiting_items.put_back(unstarted, RETRY_SECS)
        context.new_items.trigger(RETRY_SECS)


def _messages(candidates: Sequence[Candidate]) -> list[WaitingMessage]:
    """The messages of these candidates, each once."""
    return list(dict.fromkeys(candidate.message for candidate in candidates if candidate.message))


def _parse(context: Context, message: WaitingMessage, body: str) -> object:
    """What a message, or a part of it, contains. Raises MalformedItemError if it can never get slots."""
    content = parse(body, context.capacity)
    if len(message.bodies) > context.capacity:
        raise MalformedItemError("it shares a message with more items than the oven has slots")
    return content


def _candidate(context: Context, message: WaitingMessage, body: str) -> Candidate:
    try:
        item = _parse(context, message, body)
    except MalformedItemError as error:
        # Valid when it joined: the capacity was lowered since, and now it is larger than the oven.
        return Candidate(None, message.sent_at, message, letter_of(body, error))
    if not isinstance(item, Item) or item.id == context.item_out:
        # Of the item that is just out, Step Functions still says that it bakes: a start would not tell.
        return Candidate(None, message.sent_at, message)
    if message.asked_at is not None:
        letter = give_up(context, item, context.now() - message.asked_at)
        if letter:
            return Candidate(None, message.sent_at, message, letter)
    return Candidate(item, message.sent_at, message)
