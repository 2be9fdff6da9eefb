"""Item Removed: the task at the end of an item's baking. Step Functions repeats it until it succeeds.

It hands the item out before it frees the slots. If the execution is stopped between the two, the lease is
still there, and with it the item is found. If items wait, it fills the slots that it freed from the line.

If that write is throttled or fails, the slots are left to Bake Items: a message in Leaving Items names the
item, and one write frees the slots of many. To try again would take the writes that this needs.
"""

from dataclasses import dataclass, replace

from pizza_oven.context import Context
from pizza_oven.errors import (
    HandedOutError,
    RedrivenError,
    ServiceError,
    StillHeldError,
    ThrottledError,
)
from pizza_oven.item import LEAVING_ITEMS, Item
from pizza_oven.messages import DeadLetter
from pizza_oven.ports import BakedItems, BakingTable
from pizza_oven.rejecting import reject
from pizza_oven.row import Refused, Unloaded
from pizza_oven.waiting_line import serve

LOST_WAKE_UP_SECS = 4
"""A wake-up that is pending for longer may have gone to a function that crashed. A round takes less; one more
function that serves the line does no harm."""

THROTTLED_SECS = 10
"""After a throttled write, an instance does not try the row for this long."""

TRIGGER_SECS = 1
"""A trigger for Leaving Items arrives after this time, and covers all that left until then."""

SPARE_SECS = 4
"""What is left of the function's time when it stops to serve the line: a function that is timed out is
invoked once more, for an item that it has handed out."""


@dataclass(slots=True)
class Memory:
    """What an instance of the function remembers from one item to the next, in seconds since 1970."""

    throttled_until: float = 0
    triggered_until: float = 0


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """Hands an item out, frees its slots, and gives them to items that wait."""

    context: Context
    table: BakingTable
    """The table, without retries by the SDK: a slot that is refused is left to Bake Items at once."""
    baked_items: BakedItems
    memory: Memory
    is_paused: bool = False
    """Whether nothing is loaded into the oven: then freed slots stay free."""

    def __call__(self, item: Item, retries: int = 0, redrives: int = 0, failure: str = "") -> None:
        """Hand the item out, then free its slots. Any step may have been done by a try that crashed.

        If its work ended with a `failure`, it is a dead letter instead.

        Raises ServiceError; HandedOutError if only `free` is left to do; RedrivenError if an operator had
        the execution redriven; StillHeldError if the lease of a held item was extended.
        """
        refuse_redriven(item.id, redrives)
        ends_hold = item.hold and self._ends_hold(item)
        # Slots are freed after the item is handed out: without a lease, an earlier try did both.
        if not ends_hold and (not retries or item.id in self.table.look([item.id]).leases):
            self._hand_out(item, failure)
        try:
            self._free(item.id, item.size, "looked" if ends_hold or failure else "baked")
        except ServiceError as error:
            raise HandedOutError(f"{item.id} is out, but has its slots: {error}") from error

    def _hand_out(self, item: Item, failure: str) -> None:
        if failure:
            reject(self.context, [DeadLetter(item.body, failure, failure, item.id)])
        else:
            self.baked_items.push(item)

    def _ends_hold(self, item: Item) -> bool:
        """End the lease of a held item, and dead-letter it, unless it was released. False if it is not held:
        release 1.1.0 started it.

        The lease ends before the letter is sent: no extension that comes after that is taken. The slots are
        freed after it: an item that is neither leased nor a dead letter was released.
        """
        extensions = self.table.expire(item.id, self.context.now())
        if isinstance(extensions, Refused):
            lease = extensions.row.leases.get(item.id)
            if lease is None:
                return True
            if lease.extensions is None:
                return False
            if not lease.ended:
                raise StillHeldError(lease.until)
            extensions = lease.extensions
        times = "once" if extensions == 1 else f"{extensions} times"
        before = f", extended {times}," if extensions else ""
        reason = f"held for {item.baking_time_secs} s{before} and neither extended nor released"
        reject(self.context, [DeadLetter(item.body, reason, reason, item.id)])
        self.context.log.record("expired", item.id)
        return True

    def free(self, item_id: str, size: int = 1, redrives: int = 0) -> None:
        """Free the slots of an item that is in Baked Items, or have Bake Items free them.

        Raises ServiceError and RedrivenError. Bake Items finds the size in the row if this one is wrong.
        """
        refuse_redriven(item_id, redrives)
        self._free(item_id, size, "baked")

    def _free(self, item_id: str, size: int, decision: str) -> None:
        """Free the slots. Record the decision: that the item has baked, or only what the row looks like."""
        now = round(self.context.now(), 3)
        if now < self.memory.throttled_until:
            self._leave_to_bake_items(item_id, size, now)
            self.context.log.record(decision, item_id)
            return
        try:
            outcome = self.table.unload(item_id, now)
        except ServiceError as error:
            if isinstance(error, ThrottledError):
                self.memory.throttled_until = now + THROTTLED_SECS
            else:
                self.context.log.record("failed", item_id, error=str(error))
            self._leave_to_bake_items(item_id, size, now)
            self.context.log.record(decision, item_id)
        else:
            row = outcome.row if isinstance(outcome, Refused) else outcome
            self.context.log.record(decision, item_id, occupied=row.occupied, waiting=row.waiting)
            self._fill_slots(item_id, outcome, now)

    def _leave_to_bake_items(self, item_id: str, size: int, now: float) -> None:
        self.context.leaving_items.push(item_id, size)
        if now >= self.memory.triggered_until:
            # The trigger arrives after this message, whatever other instances do.
            self.context.new_items.trigger(TRIGGER_SECS, LEAVING_ITEMS)
            self.memory.triggered_until = now + TRIGGER_SECS

    def _fill_slots(self, item_id: str, outcome: Unloaded | Refused, now: float) -> None:
        if isinstance(outcome, Unloaded) and not self._must_serve(outcome, now):
            return
        # Refused: an earlier try freed the slots, and perhaps crashed before it served the line. Paused: the
        # trigger waits in New Items, which no function receives from until the oven is resumed.
        if isinstance(outcome, Refused) or self.is_paused or not self._serve(item_id, outcome.occupied):
            self.context.new_items.trigger()

    def _serve(self, item_id: str, occupied: int) -> bool:
        """Serve the line. Returns whether that succeeded."""
        try:
            # The row has just said that items wait: if none comes, the line is locked for a moment.
            serve(self._serving(item_id), max(self.context.capacity - occupied, 1), wait_secs=1)
        except ServiceError as error:
            self.context.log.record("failed", error=str(error))
            return False
        return True

    def _serving(self, item_id: str) -> Context:
        time_left = self.context.time_left
        return replace(self.context, item_out=item_id, time_left=lambda: time_left() - SPARE_SECS)

    def _must_serve(self, row: Unloaded, now: float) -> bool:
        """Whether this function has requested the pending wake-up, and so is the one that serves the line."""
        if row.waiting <= 0:
            # An item that joins from now on looks at the row afterwards.
            return False
        if row.wake_up_requested_at >= now - LOST_WAKE_UP_SECS:
            return row.wake_up_requested_at == now
        # Only one of those that find a lost wake-up replaces it.
        refused = self.table.replace_wake_up(row.wake_up_requested_at, now)
        return refused is None or refused.row.wake_up_requested_at == now


def refuse_redriven(item_id: str, redrives: int) -> None:
    """Raise RedrivenError if an execution was redriven: when it ended, its item lost its slots."""
    if redrives:
        raise RedrivenError(
            f"{item_id} was redriven and has no slots: it does not come out. Send it again under a new id."
        )
