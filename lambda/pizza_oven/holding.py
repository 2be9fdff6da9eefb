"""Holding: releases, extensions, and items that must never get slots.

A release stops the execution of its item before it frees the slots: a function that is killed between the two
leaves a lease whose execution has ended, and the message that comes again frees it. If there is no execution
yet, one is started that uses up the name of the item. A function that starts the item later rolls back.
"""

from collections.abc import Iterable
from functools import partial

from pizza_oven.context import Context
from pizza_oven.errors import ServiceError
from pizza_oven.item import Item, LeaseExtension, cancelling
from pizza_oven.messages import DeadLetter
from pizza_oven.ports import ItemStates


def extend(context: Context, extensions: Iterable[LeaseExtension]) -> None:
    """Extend leases. Those that have ended, or that are of no held item, stay as they are.

    Raises ServiceError: then some may be extended. An extension that comes twice does no harm.
    """
    for extension in extensions:
        now = context.now()
        until = round(now + extension.secs, 3)
        refused = context.persist(partial(context.table.extend, extension.item_id, until, now))
        if refused is None:
            context.log.record("extended", extension.item_id, until=until)
        else:
            context.log.record("ignored", extension.item_id, reason="it is not held, or its lease has ended")


def release(context: Context, item_ids: Iterable[str]) -> None:
    """Free the slots of these items, and cancel those that have none yet. Serve the line afterwards.

    Raises ServiceError: then some may be released. A release that comes twice does no harm.
    """
    for item_id in item_ids:
        stopped = _stop(context, item_id)
        context.persist(partial(context.table.roll_back, item_id))
        context.log.record("released" if stopped else "cancelled", item_id)


def _stop(context: Context, item_id: str) -> bool:
    """End the execution of an item. False if it had none, and never will have one."""
    stop = partial(context.item_states.stop, item_id)
    if context.persist(stop):
        return True
    if cancel(context, item_id) is not None:
        return False
    # It was started just now, by another function.
    if not context.persist(stop):
        raise ServiceError(f"{item_id} was started, and Step Functions does not know its execution yet")
    return True


def cancel(context: Context, item_id: str, reason: str = "") -> str | None:
    """Use up the name of an item, so that it is never started. Returns the reason why it is not: it may have
    been cancelled before. None if it was started. Raises ServiceError."""

    return context.persist(lambda: use_up_name(context.item_states, item_id, reason))


def use_up_name(item_states: ItemStates, item_id: str, reason: str) -> str | None:
    """Use up the name of an item with one request. Returns what `cancel` returns."""
    (execution,) = item_states.start([cancelling(item_id, reason)])
    if isinstance(execution, ServiceError):
        raise execution
    # The answer contains no body if this is what was started.
    return execution.cancelled if execution.body else reason


def give_up(context: Context, item: Item, waited_secs: float) -> DeadLetter | None:
    """Give up an item if it waited for too long. Returns its dead letter. None if it did not, or if it has
    slots or is to be dropped, which its start tells. Raises ServiceError.

    A function that was killed may have taken slots for it and not started it: they are freed.
    """
    if item.wait_at_most_secs is None or waited_secs <= item.wait_at_most_secs:
        return None
    reason = (
        f"it waited {waited_secs:.0f} s for slots, longer than waitAtMostSecs, {item.wait_at_most_secs} s"
    )
    reason = cancel(context, item.id, reason) or ""
    if not reason:
        return None
    context.persist(partial(context.table.roll_back, item.id))
    return DeadLetter(item.body, reason, reason, item.id)
