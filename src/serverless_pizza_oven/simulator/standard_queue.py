"""An SQS standard queue in memory."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from serverless_pizza_oven.simulator.loop import Loop
from serverless_pizza_oven.simulator.queue_messages import Delivery, StoredMessage

NEVER = 1 << 63


def first_of(_count: int) -> int:
    """Picks the oldest message."""
    return 0


@dataclass(slots=True)
class StandardQueue:
    """Delivers at least once, in any order. A received message is hidden for the visibility timeout."""

    loop: Loop
    name: str
    visibility: int = 30_000_000
    """In microseconds."""
    max_receives: int = 0
    """The number of receives after which a message moves to `dead_letters`; 0 is never."""
    dead_letters: "StandardQueue | None" = None
    pick: Callable[[int], int] = first_of
    """Picks which of that many visible messages is received next."""
    on_message: Callable[[], object] = lambda: None
    """Called when a message has become visible."""
    _sent: int = 0
    _count: int = 0
    _visible: deque[StoredMessage] = field(default_factory=deque)
    _hidden: list[tuple[int, int, StoredMessage]] = field(default_factory=list)
    _hidings: int = 0
    _timer_at: int = NEVER
    """When hidden messages are checked next. Most are deleted long before they are visible again."""

    def send(self, body: str, delay: int = 0, reason: str | None = None) -> StoredMessage:
        """Append a message that is visible after `delay` microseconds."""
        self._sent += 1
        message = StoredMessage(f"{self.name}-{self._sent}", body, reason, self.loop.seconds())
        self._count += 1
        if delay:
            self._hide(message, self.loop.now + delay)
        else:
            self._visible.append(message)
            self.on_message()
        return message

    def receive(self, count: int) -> list[Delivery]:
        """Receive up to `count` visible messages."""
        received: list[Delivery] = []
        self._reveal()
        while self._visible and len(received) < count:
            place = self.pick(len(self._visible))
            message = self._visible[place]
            del self._visible[place]
            if message.deleted:
                continue
            if self.max_receives and message.receive_count >= self.max_receives:
                self._move_to_dead_letters(message)
                continue
            message.receive_count += 1
            self._hide(message, self.loop.now + self.visibility)
            received.append(
                Delivery(message, message.id, message.body, message.hidden_until, message.receive_count)
            )
        return received

    def delete(self, received: Delivery) -> None:
        """Delete a message for good, even if it was received once more since."""
        if not received.stored.deleted:
            received.stored.deleted = True
            self._count -= 1

    def redeliver(self, message: StoredMessage) -> None:
        """Deliver a message once more although it is hidden or deleted, as SQS may."""
        if message.deleted:
            message.deleted = False
            self._count += 1
        message.hidden_until = 0
        self._visible.append(message)
        self.on_message()

    def count(self) -> int:
        """All messages: visible, delayed and received ones."""
        return self._count

    def messages(self) -> list[StoredMessage]:
        """All messages, in no particular order."""
        found = [message for message in self._visible if not message.deleted]
        return found + [
            message
            for moment, _, message in self._hidden
            if not message.deleted and message.hidden_until == moment
        ]

    def visible(self) -> int:
        """The number of messages that can be received now, plus those deleted while they were visible."""
        self._reveal()
        return len(self._visible)

    def _hide(self, message: StoredMessage, until: int) -> None:
        self._hidings += 1
        message.hidden_until = until
        heappush(self._hidden, (until, self._hidings, message))
        if until < self._timer_at:
            self._set_timer(until)

    def _set_timer(self, moment: int) -> None:
        self._timer_at = moment
        self.loop.call_at(moment, self._on_timer)

    def _on_timer(self) -> None:
        self._reveal()
        # If an earlier timer was set since, it has run and has set the next one.
        if self._timer_at <= self.loop.now:
            self._timer_at = NEVER
            if self._hidden:
                self._set_timer(self._hidden[0][0])

    def _reveal(self) -> None:
        revealed = False
        while self._hidden:
            moment, _, message = self._hidden[0]
            is_hidden = message.hidden_until == moment and not message.deleted
            if is_hidden and moment > self.loop.now:
                break
            heappop(self._hidden)
            if is_hidden:
                message.hidden_until = 0
                self._visible.append(message)
                revealed = True
        if revealed:
            self.on_message()

    def _move_to_dead_letters(self, message: StoredMessage) -> None:
        message.deleted = True
        self._count -= 1
        if self.dead_letters is not None:
            self.dead_letters.send(message.body, reason=message.reason)
