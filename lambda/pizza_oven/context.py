"""What Bake Items works with: the oven's size, its services, its log and a clock."""

from collections.abc import Callable
from dataclasses import dataclass

from pizza_oven.ports import BakingTable, DeadLetters, DecisionLog, ItemStates, NewItems, WaitingItems


@dataclass(frozen=True, slots=True)
class Context:
    """Passed to each step of Bake Items."""

    capacity: int
    """In slots."""
    table: BakingTable
    waiting_items: WaitingItems
    new_items: NewItems
    dead_letters: DeadLetters
    item_states: ItemStates
    log: DecisionLog
    now: Callable[[], float]
    """Seconds since 1970."""
