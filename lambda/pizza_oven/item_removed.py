"""Item Removed: the task at the end of an item's baking. Step Functions repeats it until it succeeds.

It hands the item out before it frees the slots. If the execution is stopped between the two, the lease is
still there, and with it the item is found.

When the row takes no more writes, the slots are left to Bake Items: a message in Leaving Items names the
item, and one write frees the slots of many. To try again would take the writes that this needs.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pizza_oven.errors import HandedOutError, RedrivenError, ServiceError, ThrottledError
from pizza_oven.item import LEAVING_ITEMS, Item
from pizza_oven.ports import BakedItems, BakingTable, DecisionLog, LeavingItems, NewItems
from pizza_oven.row import Refused, Unloaded

LOST_WAKE_UP_SECS = 20
"""A wake-up that is pending for longer went to a function that crashed: 10 s function timeout, doubled."""


THROTTLED_SECS = 10
"""After a throttled write, an instance does not try the row for this long."""

TRIGGER_SECS = 1
"""A trigger for Leaving Items arrives after this time, and covers all that left until then."""


@dataclass(slots=True)
class Memory:
    """What an instance of the function remembers from one item to the next, in seconds since 1970."""

    throttled_until: float = 0
    triggered_until: float = 0


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """Hands an item out, frees its slots, and wakes Bake Items if items wait."""

    table: BakingTable
    baked_items: BakedItems
    new_items: NewItems
    leaving_items: LeavingItems | None
    """None for the moment of an update in which the function's environment does not name the queue yet."""
    log: DecisionLog
    now: Callable[[], float]
    """Seconds since 1970."""
    memory: Memory

    def __call__(self, item: Item, redrives: int = 0) -> None:
        """Any step may have been done before, by a try that crashed.

        Raises ServiceError; HandedOutError if only `free` is left to do; RedrivenError if an operator had
        the execution redriven.
        """
        refuse_redriven(item.id, redrives)
        self.baked_items.push(item)
        try:
            self.free(item.id, item.size)
        except ServiceError as error:
            raise HandedOutError(f"{item.id} is out, but has its slots: {error}") from error

    def free(self, item_id: str, size: int = 1, redrives: int = 0) -> None:
        """Free the slots of an item that is in Baked Items, or have Bake Items free them.

        Raises ServiceError and RedrivenError. Bake Items finds the size in the row if this one is wrong.
        """
        refuse_redriven(item_id, redrives)
        now = round(self.now(), 3)
        if self.leaving_items is None:
            self._unload(item_id, now)
        elif now < self.memory.throttled_until:
            self._hand_over(self.leaving_items, item_id, size, now)
        else:
            try:
                self._unload(item_id, now)
            except ServiceError as error:
                if isinstance(error, ThrottledError):
                    self.memory.throttled_until = now + THROTTLED_SECS
                self._hand_over(self.leaving_items, item_id, size, now)

    def _hand_over(self, leaving_items: LeavingItems, item_id: str, size: int, now: float) -> None:
        leaving_items.push(item_id, size)
        if now >= self.memory.triggered_until:
            # It arrives after this message, whatever other instances do.
            self.new_items.trigger(TRIGGER_SECS, LEAVING_ITEMS)
            self.memory.triggered_until = now + TRIGGER_SECS
        self.log.record("baked", item_id)

    def _unload(self, item_id: str, now: float) -> None:
        outcome = self.table.unload(item_id, now)
        row = outcome.row if isinstance(outcome, Refused) else outcome
        # Not leased: an earlier try freed the slots, and perhaps crashed before it sent the trigger.
        if isinstance(outcome, Refused) or self._must_wake(outcome, now):
            self.new_items.trigger()
        self.log.record("baked", item_id, occupied=row.occupied, waiting=row.waiting)

    def _must_wake(self, row: Unloaded, now: float) -> bool:
        if row.waiting <= 0:
            # An item that joins from now on looks at the row afterwards.
            return False
        if row.wake_up_at >= now - LOST_WAKE_UP_SECS:
            return row.wake_up_at == now
        # Only one of those that find a lost wake-up replaces it.
        refused = self.table.replace_wake_up(row.wake_up_at, now)
        return refused is None or refused.row.wake_up_at == now


def refuse_redriven(item_id: str, redrives: int) -> None:
    """Raise RedrivenError for an execution that was redriven: its slots were freed when it ended."""
    if redrives:
        raise RedrivenError(
            f"{item_id} was redriven and has no slots: it does not come out. Send it again under a new id."
        )
