"""SQS in memory: standard and FIFO queues, and the oven's four queues made of them."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from pizza_oven.item import Item, Trigger
from pizza_oven.messages import DeadLetter, Departure, WaitingMessage
from serverless_pizza_oven.simulator.loop import MINUTE, Loop, micros

DEDUPLICATION = 5 * MINUTE
"""How long a FIFO queue remembers a deduplication id
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


NEVER = 1 << 63

LOOK = Trigger().body
"""A message that names no item."""


@dataclass(slots=True)
class Letter:
    """A message as a queue keeps it."""

    id: str
    body: str
    reason: str | None = None
    """An attribute: why it is a dead letter."""
    sent_at: float = field(default=0, repr=False)
    """In seconds since the epoch. Nothing goes by it, so it makes no other state of the world."""
    epoch: int | None = None
    """An attribute: in which epoch it joined."""
    receive_count: int = 0
    hidden_until: int = 0
    """The moment from which it can be received. It also tells one receipt from the next."""
    gone: bool = False


@dataclass(slots=True)
class Received:
    """A message of a standard queue in somebody's hand."""

    letter: Letter
    id: str
    body: str
    receipt: int
    receive_count: int


def first_of(_count: int) -> int:
    """Picks the oldest message."""
    return 0


@dataclass(slots=True)
class StandardQueue:
    """At least once, in any order. A message in hand is hidden for the visibility timeout."""

    loop: Loop
    name: str
    visibility: int = 30_000_000
    """In microseconds."""
    max_receives: int = 0
    """After so many receives a message goes to `dead_letters`; 0: never."""
    dead_letters: "StandardQueue | None" = None
    pick: Callable[[int], int] = first_of
    """Which of so many visible messages is received next."""
    on_message: Callable[[], object] = lambda: None
    """Called when a message has become visible."""
    _sent: int = 0
    _live: int = 0
    _visible: deque[Letter] = field(default_factory=deque)
    _hidden: list[tuple[int, int, Letter]] = field(default_factory=list)
    _hidings: int = 0
    _alarm: int = NEVER
    """When the next hidden message is looked for: most are deleted long before they are seen again."""

    def send(self, body: str, delay: int = 0, reason: str | None = None) -> Letter:
        """Append a message, to be seen `delay` microseconds from now."""
        self._sent += 1
        letter = Letter(f"{self.name}-{self._sent}", body, reason, self.loop.seconds())
        self._live += 1
        if delay:
            self._hide(letter, self.loop.now + delay)
        else:
            self._visible.append(letter)
            self.on_message()
        return letter

    def receive(self, count: int) -> list[Received]:
        """Take up to `count` visible messages."""
        hand: list[Received] = []
        self._reveal()
        while self._visible and len(hand) < count:
            place = self.pick(len(self._visible))
            letter = self._visible[place]
            del self._visible[place]
            if letter.gone:
                continue
            if self.max_receives and letter.receive_count >= self.max_receives:
                self._bury(letter)
                continue
            letter.receive_count += 1
            self._hide(letter, self.loop.now + self.visibility)
            hand.append(Received(letter, letter.id, letter.body, letter.hidden_until, letter.receive_count))
        return hand

    def delete(self, received: Received) -> None:
        """Delete for good, whoever has received the message since."""
        if not received.letter.gone:
            received.letter.gone = True
            self._live -= 1

    def again(self, letter: Letter) -> None:
        """Deliver a message once more, although it is in hand or deleted: at least once is what it is."""
        if letter.gone:
            letter.gone = False
            self._live += 1
        letter.hidden_until = 0
        self._visible.append(letter)
        self.on_message()

    def count(self) -> int:
        """Messages visible, delayed and in hand."""
        return self._live

    def letters(self) -> list[Letter]:
        """All of them, in no particular order."""
        found = [letter for letter in self._visible if not letter.gone]
        return found + [
            letter for moment, _, letter in self._hidden if not letter.gone and letter.hidden_until == moment
        ]

    def visible(self) -> int:
        """How many can be received now, those included that were deleted while visible."""
        self._reveal()
        return len(self._visible)

    def _hide(self, letter: Letter, until: int) -> None:
        self._hidings += 1
        letter.hidden_until = until
        heappush(self._hidden, (until, self._hidings, letter))
        if until < self._alarm:
            self._set_alarm(until)

    def _set_alarm(self, moment: int) -> None:
        self._alarm = moment
        self.loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        self._reveal()
        # Not if an earlier alarm was set since, which has rung, and has set the next one.
        if self._alarm <= self.loop.now:
            self._alarm = NEVER
            if self._hidden:
                self._set_alarm(self._hidden[0][0])

    def _reveal(self) -> None:
        revealed = False
        while self._hidden:
            moment, _, letter = self._hidden[0]
            hides = letter.hidden_until == moment and not letter.gone
            if hides and moment > self.loop.now:
                break
            heappop(self._hidden)
            if hides:
                letter.hidden_until = 0
                self._visible.append(letter)
                revealed = True
        if revealed:
            self.on_message()

    def _bury(self, letter: Letter) -> None:
        letter.gone = True
        self._live -= 1
        if self.dead_letters is not None:
            self.dead_letters.send(letter.body, reason=letter.reason)


@dataclass(slots=True)
class FifoQueue:
    """Exactly once and in order, all in one message group: while a message is in hand, the rest is shut."""

    loop: Loop
    visibility: int = 30_000_000
    """In microseconds."""
    on_message: Callable[[], object] = lambda: None
    """Called when the queue may have opened."""
    _sent: int = 0
    _line: deque[Letter] = field(default_factory=deque)
    _hand: list[Letter] = field(default_factory=list)
    _alarm: int = 0
    """When the hand is looked at: it is empty long before, as a rule."""
    _deduplication_ids: set[str] = field(default_factory=set)
    _forgotten_at: deque[tuple[int, str]] = field(default_factory=deque)

    def send(self, body: str, deduplication_id: str, epoch: int | None = None) -> None:
        """Append a message, unless its deduplication id was used in the last 5 minutes."""
        now = self.loop.now
        while self._forgotten_at and self._forgotten_at[0][0] <= now:
            self._deduplication_ids.remove(self._forgotten_at.popleft()[1])
        if deduplication_id in self._deduplication_ids:
            return
        self._deduplication_ids.add(deduplication_id)
        self._forgotten_at.append((now + DEDUPLICATION, deduplication_id))
        self._sent += 1
        self._line.append(Letter(f"line-{self._sent}", body, sent_at=self.loop.seconds(), epoch=epoch))
        if not self._hand:
            self.on_message()

    def receive(self, count: int) -> list[Received]:
        """Take up to `count` messages off the head; none while others are in hand."""
        now = self.loop.now
        if self._hand:
            if any(letter.hidden_until > now for letter in self._hand):
                return []
            self._line.extendleft(reversed(self._hand))
            self._hand = []
        until = now + self.visibility
        hand: list[Received] = []
        while self._line and len(hand) < count:
            letter = self._line.popleft()
            letter.receive_count += 1
            letter.hidden_until = until
            self._hand.append(letter)
            hand.append(Received(letter, letter.id, letter.body, until, letter.receive_count))
        if hand and self._alarm <= now:
            self._set_alarm(until)
        return hand

    def delete(self, received: Received) -> None:
        """Delete a message in hand; of no effect once its visibility timeout is over."""
        letter = received.letter
        if self._holds(received):
            letter.gone = True
            self._hand.remove(letter)
            if not self._hand:
                self._opened()

    def put_back(self, received: Received, delay: int) -> None:
        """Have a message in hand visible again in `delay` microseconds."""
        if self._holds(received):
            received.letter.hidden_until = self.loop.now + delay
            if delay:
                self.loop.call_later(delay, self._opened)
            else:
                self._opened()

    def count(self) -> int:
        """Messages visible and in hand."""
        return len(self._hand) + len(self._line)

    def letters(self) -> list[Letter]:
        """All of them, in order."""
        return [*self._hand, *self._line]

    @property
    def shut(self) -> bool:
        """Whether a message is in hand."""
        return any(letter.hidden_until > self.loop.now for letter in self._hand)

    def _holds(self, received: Received) -> bool:
        letter = received.letter
        return (
            not letter.gone
            and letter.receive_count == received.receive_count
            and letter.hidden_until > self.loop.now
        )

    def _set_alarm(self, moment: int) -> None:
        self._alarm = moment
        self.loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        if self.shut:
            self._set_alarm(max(letter.hidden_until for letter in self._hand))
        else:
            self._opened()

    def _opened(self) -> None:
        if (self._line or self._hand) and not self.shut:
            self.on_message()


class MemoryNewItems:
    """Implements NewItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue

    def trigger(self, delay_secs: int = 0, item_id: str | None = None) -> None:
        self._queue.send(LOOK if item_id is None else Trigger(item_id).body, micros(delay_secs))


class MemoryLeavingItems:
    """Implements LeavingItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue
        self._received: dict[str, Received] = {}

    def push(self, item_id: str, size: int) -> None:
        self._queue.send(json.dumps({"id": item_id, "size": size}))

    def receive(self, count: int) -> list[Departure]:
        departures = []
        for received in self._queue.receive(count):
            receipt = f"{received.id}/{received.receive_count}"
            self._received[receipt] = received
            fields = json.loads(received.body)
            departures.append(Departure(fields["id"], fields["size"], receipt))
        return departures

    def delete(self, departures: Sequence[Departure]) -> None:
        for departure in departures:
            if received := self._received.pop(departure.receipt, None):
                self._queue.delete(received)


class MemoryBakedItems:
    """Implements BakedItems."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue

    def push(self, item: Item) -> None:
        self._queue.send(item.body)


class MemoryDeadLetters:
    """Implements DeadLetters."""

    def __init__(self, queue: StandardQueue) -> None:
        self._queue = queue

    def push(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._queue.send(letter.body, reason=letter.reason)


class MemoryWaitingItems:
    """Implements WaitingItems."""

    def __init__(self, queue: FifoQueue, wait: Callable[[int], object] | None = None) -> None:
        """A long poll calls `wait`, which lets time pass until that moment at the latest."""
        self._queue = queue
        self._wait = wait or queue.loop.run
        self._hand: dict[str, Received] = {}

    def push(self, items: Mapping[str, Item], epoch: int) -> None:
        for deduplication_id, item in items.items():
            self._queue.send(item.body, deduplication_id, epoch)

    def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
        until = self._queue.loop.now + micros(wait_secs)
        while not (hand := self.receive_now(count)) and self._queue.loop.now < until:
            self._wait(until)
        return hand

    def receive_now(self, count: int) -> list[WaitingMessage]:
        """Without waiting for the first one."""
        hand = []
        for received in self._queue.receive(count):
            receipt = f"{received.id}/{received.receive_count}"
            self._hand[receipt] = received
            sequence = int(received.id.rpartition("-")[2])
            letter = received.letter
            hand.append(WaitingMessage(received.body, receipt, sequence, letter.sent_at, letter.epoch))
        return hand

    def delete(self, hand: Sequence[WaitingMessage]) -> None:
        for waiting in hand:
            if received := self._hand.pop(waiting.receipt, None):
                self._queue.delete(received)

    def put_back(self, hand: Sequence[WaitingMessage], delay_secs: int) -> None:
        for waiting in hand:
            if received := self._hand.get(waiting.receipt):
                self._queue.put_back(received, micros(delay_secs))

    def count(self) -> int:
        return self._queue.count()
