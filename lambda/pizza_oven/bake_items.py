"""Bake Items: takes slots for items, starts their baking, and serves the waiting line.

Three rules keep it right while functions crash and messages come twice:

- After an item is enqueued, its function looks at the row again, so that a slot freed meanwhile is seen.
- A pending wake-up is cleared only by a write that proves that no further item can be loaded, or with which
  items join: their function looks at the row afterwards.
- No message is deleted before its item is safe elsewhere. A crash at any point makes work come twice, and
  what comes twice is recognised by its lease or by its execution.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from pizza_oven.admission import Admitted, admit
from pizza_oven.batch import Batch, classify
from pizza_oven.context import Context
from pizza_oven.errors import ServiceError
from pizza_oven.holding import extend, release
from pizza_oven.messages import NewMessage
from pizza_oven.receiving import delete_all, receive_up_to
from pizza_oven.reconciling import reconcile
from pizza_oven.rejecting import reject
from pizza_oven.waiting_line import RETRY_SECS, serve

MORE_AT_ONCE = 20
"""So many messages are received beside those of the invocation. A write of these 30 items that also frees the
slots of 40 is within DynamoDB's limits."""


def bake_items(context: Context, messages: Sequence[NewMessage]) -> list[str]:
    """Handle up to 10 messages of New Items. If there are 10, a large oven, whose row is dear to write,
    receives more: they are settled by the same write.

    Returns the ids of the messages that must come again. The items of all others are in the oven, in the
    line or in the dead-letter queue, or were baked before.
    """
    more: list[NewMessage] = []
    if len(messages) >= context.full_batch and context.capacity >= context.receive_more_slots:
        more = receive_up_to(context, context.new_items, MORE_AT_ONCE)
    failed = _handle(context, [*messages, *more])
    delete_all(context, context.new_items, [message for message in more if message.id not in failed])
    return [message.id for message in messages if message.id in failed]


def _handle(context: Context, messages: Sequence[NewMessage]) -> set[str]:
    """Returns the ids of the messages that must come again."""
    batch = classify(context, messages)
    released = dict.fromkeys(request.item_id for request in batch.releases.values())
    failed = _unless_done(context, batch.malformed, lambda: _reject_malformed(context, batch))
    failed |= _unless_done(context, batch.extensions, lambda: extend(context, batch.extensions.values()))
    failed |= _unless_done(context, batch.releases, lambda: release(context, released))
    admitted = _admit(context, batch, failed)
    if batch.triggers or batch.releases or admitted.joined or admitted.must_look:
        failed |= _serve_and_reconcile(context, batch, admitted)
    return failed


def _unless_done(context: Context, message_ids: Iterable[str], work: Callable[[], object]) -> set[str]:
    """Do what these messages ask for. Returns them if that failed."""
    try:
        work()
    except ServiceError as error:
        context.log.record("failed", error=str(error))
        return set(message_ids)
    return set()


def _reject_malformed(context: Context, batch: Batch) -> None:
    if batch.malformed:
        context.persist(lambda: reject(context, list(batch.malformed.values())))


def _admit(context: Context, batch: Batch, failed: set[str]) -> Admitted:
    try:
        admitted = admit(context, batch)
    except ServiceError as error:
        context.log.record("failed", error=str(error))
        failed |= {message.id for message in batch.asking_for_departures}
        admitted = Admitted(failed=list(batch.items))
    failed |= {message.id for item_id in admitted.failed for message in batch.messages[item_id]}
    return admitted


def _serve_and_reconcile(context: Context, batch: Batch, admitted: Admitted) -> set[str]:
    """Serve the line, and reconcile if a trigger names an item. Returns the messages that must come again."""
    try:
        serve(context, batch.wake_ups)
        kept = _reconcile(context, batch.named.keys())
    except ServiceError as error:
        context.log.record("failed", error=str(error))
        return _trigger_again(context, batch, admitted)
    # Step Functions may be some seconds behind its event: when the trigger comes once more, it knows.
    return {m.id for item_id in kept for m in batch.named[item_id] if m.receive_count == 1}


def _reconcile(context: Context, named: AbstractSet[str]) -> AbstractSet[str]:
    if not named:
        return set()
    reconciled = reconcile(context, named)
    if reconciled.freed:
        # Items may have joined since the row was read, and found no room.
        serve(context, 0)
    return reconciled.kept & named


def _trigger_again(context: Context, batch: Batch, admitted: Admitted) -> set[str]:
    """Have another function serve the line soon, or else the messages come again that asked for it."""
    # A trigger that names an item may be the only word of its failure. Any other is as good as the next.
    failed = {message.id for named in batch.named.values() for message in named}
    try:
        context.persist(lambda: context.new_items.trigger(RETRY_SECS))
    except ServiceError as error:
        context.log.record("failed", error=str(error))
        failed |= {message.id for message in batch.triggers} | batch.releases.keys()
        failed |= {message.id for item_id in admitted.joined for message in batch.messages[item_id]}
    return failed
