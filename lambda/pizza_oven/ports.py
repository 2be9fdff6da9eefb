"""What the oven needs of the world: narrow protocols, implemented by `pizza_oven.aws` and in memory by
the simulator.

Every method but `ItemStates.start` and `DecisionLog.record` may raise ServiceError, after which it is unknown
whether the request took effect; or, if a quota was used up, its subclass ThrottledError.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from pizza_oven.errors import ServiceError
from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.messages import DeadLetter, Departure, JoiningMessage, NewMessage, WaitingMessage
from pizza_oven.row import Counts, Refused, Row, Unloaded
from pizza_oven.settlement import Settlement


class BakingTable(Protocol):
    """The row. `read` and `look` are consistent reads. Every other method is one atomic write, and has a
    condition, except for a settlement by which items only join."""

    def read(self) -> Row: ...

    def look(self, item_ids: Iterable[str]) -> Row:
        """As `read`, but only with the leases of these items, and without the epochs."""

    def settle(self, settlement: Settlement, capacity: int, now: float) -> Counts | Refused:
        """Take slots, join and leave the line, as the settlement says. Returns the counts after that."""

    def unload(self, item_id: str, now: float) -> Unloaded | Refused:
        """Free the slots of an item that is leased, and request a wake-up at `now` unless one is pending."""

    def roll_back(self, item_id: str) -> Refused | None:
        """Free the slots of an item that is leased, and request no wake-up: the caller looks at the line."""

    def renew(self, item_id: str, until: float) -> Refused | None:
        """Set when an item that is leased is due."""

    def extend(self, item_id: str, until: float, now: float) -> Refused | None:
        """Let the lease of an item that is held end later, unless it has ended by `now`, and count this."""

    def expire(self, item_id: str, now: float) -> int | Refused:
        """End the lease of an item that is held, if that is due by `now`: it is not extended any more.

        Its slots stay taken. Returns how often it was extended.
        """

    def evict(self, item_id: str, until: float) -> Refused | None:
        """Free the slots of an item whose lease still says `until`."""

    def replace_wake_up(self, seen_at: float, now: float) -> Refused | None:
        """Request a wake-up at `now` in place of the one that is pending since `seen_at`."""

    def schedule_retry(self, now: float, at: float) -> Refused | None:
        """Note that a trigger arrives after `at` and request a wake-up, unless a retry is scheduled after
        `now`."""

    def reset_waiting(self, seen: Row) -> Refused | None:
        """Set `waiting` to 0, if no item joined or left the line since `seen`."""

    def subtract_orphans(self, seen: Row, epochs: Sequence[int]) -> Refused | None:
        """Subtract the orphaned count of these epochs from `waiting`, if each still counts what `seen`
        says."""


class WaitingItems(Protocol):
    """The waiting line: a FIFO queue of one message group. While a message is received and not deleted,
    the line is locked."""

    def push(self, messages: Sequence[JoiningMessage], epoch: int) -> None:
        """Append messages, whose items joined in `epoch`."""

    def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
        """Take up to `count` (at most 10) messages off the head, and wait up to `wait_secs` for the first
        one."""

    def delete(self, messages: Sequence[WaitingMessage]) -> None: ...

    def put_back(self, messages: Sequence[WaitingMessage], delay_secs: int) -> None:
        """Make received messages visible again after `delay_secs`, in their old order."""

    def count(self) -> int:
        """All messages, received ones included. Approximate: up to a minute old."""


class LeavingItems(Protocol):
    """Items whose slots Item Removed could not free, since its write was throttled or failed."""

    def push(self, item_id: str, size: int) -> None: ...

    def receive(self, count: int) -> list[Departure]:
        """Take up to `count` messages. Those that are not deleted within 15 s are received again."""

    def delete(self, departures: Sequence[Departure]) -> None: ...


class NewItems(Protocol):
    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        """Have Bake Items look at the line, and reconcile one item if it is named. Arrives in
        `delay_secs`, 900 at most."""

    def receive(self, count: int) -> list[NewMessage]:
        """Receive up to `count` messages, 10 at most, without waiting for any."""

    def delete(self, messages: Sequence[NewMessage], /) -> None:
        """Delete up to 10 messages that were received."""


class BakedItems(Protocol):
    def push(self, item: Item) -> None: ...


class DeadLetters(Protocol):
    def push(self, letters: Sequence[DeadLetter]) -> None:
        """Append them. When it raises, some may have arrived."""


class ItemStates(Protocol):
    """The executions, one for each item, named by its id. A name can be used once in 90 days."""

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        """Start each item, all at once. Where an execution of that name exists, returns that one.

        In the order of `items`. Does not raise, since some may have started.
        """

    def describe(self, item_id: str) -> Execution | None:
        """None if there is none of that name. Eventually consistent: the answer may be some seconds old."""

    def stop(self, item_id: str) -> bool:
        """End an execution as released, unless it has ended. False if there is none of that name."""


class TaskTokens(Protocol):
    """Step Functions tasks, in workflows of the users, that wait until an item has its slots."""

    def succeed(self, token: str, item_id: str, until: float) -> bool:
        """End such a task: its item has slots, and its lease ends at `until`.

        False if no task waits with this token: it ended, timed out, or was told before.
        """


class DecisionLog(Protocol):
    """Where decisions are recorded for the operator."""

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None: ...
