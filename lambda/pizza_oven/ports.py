"""What the oven needs of the world: narrow ports, implemented by `pizza_oven.aws` and in memory.

Every method may raise ServiceError; whether the request took effect is then unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pizza_oven.errors import ServiceError
from pizza_oven.item import Item

BATCH = 10
"""The most messages that one SQS request carries
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""


ERA_SECS = 300
"""For so long all who join the line are counted together."""

ERAS = 12
"""So many eras are told apart; then their numbers begin anew, lest a long line make the row larger."""


def era_of(moment: float) -> int:
    """The number of the era of a moment, which is in seconds since the epoch: from 0 to 11."""
    return int(moment // ERA_SECS) % ERAS


@dataclass(frozen=True, slots=True)
class Lease:
    """The hold of one item on its slots."""

    size: int
    """In slots."""
    until: float
    """When the item should be out again, in seconds since the epoch, to the millisecond."""


@dataclass(frozen=True, slots=True)
class Row:
    """The one row of the Baking Table: all that must be decided at once."""

    occupied: int = 0
    """Slots taken: the sum of the leases."""
    waiting: int = 0
    """Items that have joined the line and were not loaded yet. Never too low; too high after some crashes,
    until somebody has left the line who was pushed well after their era.
    """
    joined_at: float = 0
    """When the line last grew, in seconds since the epoch."""
    leases: Mapping[str, Lease] = field(default_factory=dict)
    """By item id."""
    left: int = 0
    """The sequence number of the last message that left the line."""
    called_at: float = 0
    """When Bake Items was called to the line and has not answered since; 0 if it was not called.

    While it stands, a trigger is on its way or a function is at work.
    """
    come_at: float = 0
    """Until when a trigger is on its way for a line that was found shut."""
    joined: Mapping[int, int] = field(default_factory=dict)
    """How many of those who wait joined in which era."""

    def room(self, capacity: int) -> int:
        """Free slots: none, too, while a lowered capacity drains."""
        return max(capacity - self.occupied, 0)

    def died(self, eras: Iterable[int]) -> int:
        """How many joined in these eras, which are over, and wait for ever."""
        remain = sum(self.joined[era] for era in eras)
        # Release 1.0.0 knows no eras: whom it let out of the line counts there, and waits no more.
        let_out = max(sum(self.joined.values()) - self.waiting, 0)
        return remain - min(let_out, max(remain, 0))


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a conditional write."""

    ok: bool
    row: Row
    """As it stood in the way. Where nothing did: as it is after `load_from_line`, `answer_call` and
    `forget`; its numbers alone after `unload`; `occupied` alone after `load_directly`, if it had leases; not
    told after the others.
    """


@dataclass(frozen=True, slots=True)
class Leaving:
    """Messages that leave the line with a load."""

    taken: Sequence[int] = ()
    """Their sequence numbers, which ascend. Nobody leaves the line twice."""
    counted: int = 0
    """As how many they were counted as waiting."""
    joined: Mapping[int, int] = field(default_factory=dict)
    """How many of them joined in which era."""


class BakingTable(Protocol):
    """The row. Each method is one atomic conditional write, but `look`, a consistent read."""

    def look(self) -> Row: ...

    def load_directly(self, leases: Mapping[str, Lease], capacity: int, joining: int, now: float) -> Answer:
        """Lease if all fit, none is leased and nobody waits; and `joining` more items join the line `now`.

        Who joins looks at the line itself, so a call that still stood is dropped. Without leases it
        always succeeds.
        """

    def load_from_line(
        self,
        leases: Mapping[str, Lease],
        capacity: int,
        leaving: Leaving,
        next_size: int | None,
    ) -> Answer:
        """Lease if all fit and none is leased; and those `leaving` are counted out, if none has been before.

        As many must wait as they are counted for. With a `next_size`, only if nobody waits then, or an item
        of that size does not fit; and the call is answered.
        """

    def unload(self, item_id: str, now: float) -> Answer:
        """Free the item's slots, if it is leased; and Bake Items is called at `now`, unless it is already."""

    def answer_call(self, capacity: int, head_size: int) -> Answer:
        """The call is answered, if nobody waits, or the first in line, of `head_size` slots, does not fit."""

    def drop_call(self) -> Answer:
        """The call is answered, whoever waits."""

    def come_again(self, now: float, at: float) -> Answer:
        """Bake Items is called at `now`, and will come at `at`, if nobody is to come already."""

    def undo(self, item_id: str) -> Answer:
        """Take a load back, if the item is leased. Nobody is called: whoever does this looks at the line."""

    def renew(self, item_id: str, until: float) -> Answer:
        """Set when the item should be out, if it is leased."""

    def evict(self, item_id: str, until: float) -> Answer:
        """Free the item's slots, if its lease still says `until`."""

    def recount(self, seen: Row) -> Answer:
        """Set `waiting` to 0, if nobody joined and nobody left since `seen`."""

    def forget(self, seen: Row, eras: Sequence[int]) -> Answer:
        """Count out who `died` of these eras, if each still counts as in `seen`; and begin them anew."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message of the waiting line in somebody's hand."""

    body: str
    receipt: str
    sequence: int
    """Its place in the order in which messages joined; it grows, with gaps."""
    sent_at: float
    """When it was pushed, in seconds since the epoch."""
    era: int | None = None
    """In which it joined. None if that was before there were eras."""


class WaitingItems(Protocol):
    """The line: a FIFO queue with one group. While a message is in hand, nobody else receives any."""

    def push(self, tickets: Mapping[str, Item], era: int) -> None:
        """Append up to 10 items, who joined in `era`. A ticket that was used in the last 5 minutes is not
        appended again.
        """

    def receive(self, count: int, wait_secs: int) -> list[Waiting]:
        """Take up to `count` (10 at most) off the head, waiting up to `wait_secs` for the first one."""

    def delete(self, hand: Sequence[Waiting]) -> None: ...

    def put_back(self, hand: Sequence[Waiting], delay_secs: int) -> None:
        """Let them be received again, in their old order, after `delay_secs`."""

    def count(self) -> int:
        """How many messages there are, in hand or not: approximate, up to a minute behind."""


class NewItems(Protocol):
    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        """Have Bake Items look at the line, and into the item that is named, if one is.

        It comes `delay_secs` from now, 900 at most.
        """


class BakedItems(Protocol):
    def push(self, item: Item) -> None: ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that will not be baked, and why."""

    body: str
    reason: str
    """For the sender; it may quote the message."""
    noted: str
    """For the log: the reason without a word of the message."""
    item_id: str | None = None
    """Of the item, where it has a sound one."""


class DeadLetters(Protocol):
    def push(self, letters: Sequence[DeadLetter]) -> None:
        """Append up to 10. When it raises, some may have arrived."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What Step Functions says of an item."""

    status: str
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
    started_at: float
    """In seconds since the epoch."""
    body: str = ""
    """The item, where the answer held it."""
    cause: str = ""
    """Why it failed, where it did."""

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def failed(self) -> bool:
        return self.status in ("FAILED", "TIMED_OUT", "ABORTED")


class ItemStates(Protocol):
    """The executions, one for each item, named by its id. A name is used once in 90 days."""

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        """Start each, all at once; where an execution of that name exists, tell of that one.

        In the order of `items`; it does not raise, since some may have started.
        """

    def describe(self, item_id: str) -> Execution | None:
        """None where there was never one. Eventually consistent: the answer may be some seconds old."""


class Journal(Protocol):
    """Where decisions are written down for the operator."""

    def note(self, decision: str, item_id: str | None = None, **facts: object) -> None: ...
