"""What the functions work with: the oven's size, its services, its log and a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pizza_oven.errors import ThrottledError
from pizza_oven.messages import BATCH
from pizza_oven.ports import (
    BakingTable,
    DeadLetters,
    DecisionLog,
    ItemStates,
    LeavingItems,
    NewItems,
    TaskTokens,
    WaitingItems,
)

Answer = TypeVar("Answer")

ROUND_SECS = 4.0
"""What a round of requests may take when they are slow. With less time left, another function goes on."""

LOOK_FIRST_SLOTS = 101
"""An oven of so many slots reads the row before it writes: of a large row, a write that is refused costs
many units, too, and DynamoDB throttles a row at 1,000 a second."""

CROWDED_SLOTS = 200
"""While so many slots are taken, Item Removed may be throttled: then each batch looks at Leaving Items."""

RECEIVE_MORE_SLOTS = 1000
"""An oven of so many slots receives more messages beside a full batch, since a write of its row is dear."""

PACKED_ITEMS = 4
"""The most items that join the line in one message."""

SLOTS_PER_PACKED_ITEM = 50
"""Items of one message take their slots together, and what is free before stays free: so a message has at
most one item for so many slots of the oven."""


@dataclass(frozen=True, slots=True)
class Context:
    """Passed to each step of both functions."""

    capacity: int
    """In slots."""
    table: BakingTable
    waiting_items: WaitingItems
    new_items: NewItems
    leaving_items: LeavingItems
    dead_letters: DeadLetters
    item_states: ItemStates
    task_tokens: TaskTokens
    log: DecisionLog
    now: Callable[[], float]
    """Seconds since 1970."""
    time_left: Callable[[], float]
    """Seconds until the function is timed out."""
    item_out: str | None = None
    """The item that this function has just handed out, if it is Item Removed. A copy of it needs no slots."""
    look_first_slots: int = LOOK_FIRST_SLOTS
    crowded_slots: int = CROWDED_SLOTS
    slots_per_packed_item: int = SLOTS_PER_PACKED_ITEM
    receive_more_slots: int = RECEIVE_MORE_SLOTS
    full_batch: int = BATCH
    """After so many messages of New Items, there may be more."""

    def persist(self, request: Callable[[], Answer]) -> Answer:
        """Make a request, and again while a quota is used up and there is time. Raises ServiceError.

        The SDK pauses between its own attempts, with jitter.
        """
        while True:
            try:
                return request()
            except ThrottledError:
                if self.time_left() < ROUND_SECS:
                    raise

    @property
    def looks_first(self) -> bool:
        """Whether the oven is so large that a read of the row before a write is cheaper than a refusal."""
        return self.capacity >= self.look_first_slots

    @property
    def packed_items(self) -> int:
        """How many items of one slot may join the line in one message."""
        return max(min(self.capacity // self.slots_per_packed_item, PACKED_ITEMS), 1)
