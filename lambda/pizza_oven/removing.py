"""Item Removed: the task at the end of an item's baking. Step Functions repeats it until it works."""

from collections.abc import Callable
from dataclasses import dataclass

from pizza_oven.errors import HandedOutError, ServiceError
from pizza_oven.item import Item
from pizza_oven.ports import Answer, BakedItems, BakingTable, Journal, NewItems

UNANSWERED_SECS = 20
"""A call that stands for so long went to a function that died: its 10 s are over, and then some."""


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """Frees the slots of an item, hands it out, and calls Bake Items if somebody waits."""

    table: BakingTable
    baked_items: BakedItems
    new_items: NewItems
    journal: Journal
    now: Callable[[], float]
    """Seconds since the epoch."""

    def __call__(self, item: Item) -> None:
        """Any step may have been done before by a try that died.

        Raises ServiceError; HandedOutError where `free` is all that is left to do.
        """
        # Handed out first: should its execution end between the two, its lease is still there to tell of it.
        self.baked_items.push(item)
        try:
            self.free(item.id)
        except ServiceError as error:
            raise HandedOutError(f"{item.id} is out, but has its slots: {error}") from error

    def free(self, item_id: str) -> None:
        """Free the slots of an item that is handed out. Raises ServiceError."""
        now = round(self.now(), 3)
        unloaded = self.table.unload(item_id, now)
        if _must_call(unloaded, now):
            self.new_items.trigger()
        self.journal.note("baked", item_id, occupied=unloaded.row.occupied, waiting=unloaded.row.waiting)


def _must_call(unloaded: Answer, now: float) -> bool:
    if not unloaded.ok:
        # An earlier try got at least as far as unloading, and perhaps no further.
        return True
    if unloaded.row.waiting <= 0:
        # Whoever joins from now on looks at the row after it has.
        return False
    called_at = unloaded.row.called_at
    return called_at == now or called_at < now - UNANSWERED_SECS
