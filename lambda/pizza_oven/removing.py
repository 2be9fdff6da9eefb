"""Item Removed: the task at the end of an item's baking. Step Functions repeats it until it works."""

from dataclasses import dataclass

from pizza_oven.item import Item
from pizza_oven.ports import BakedItems, BakingTable, Journal, NewItems


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """Frees the slots of an item, hands it out, and wakes Bake Items if somebody waits."""

    table: BakingTable
    baked_items: BakedItems
    new_items: NewItems
    journal: Journal

    def __call__(self, item: Item) -> None:
        """Any step may have been done before by a try that died. Raises ServiceError."""
        # Handed out first: should its execution end between the two, its lease is still there to tell of it.
        self.baked_items.push(item)
        unloaded = self.table.unload(item.id)
        # Not leased: an earlier try got at least as far as here, and perhaps no further.
        # Nobody waiting: whoever joins from now on looks at the row after it has.
        if not unloaded.ok or unloaded.row.waiting > 0:
            self.new_items.trigger()
        self.journal.note("baked", item.id)
