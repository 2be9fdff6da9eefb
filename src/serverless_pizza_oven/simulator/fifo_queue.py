"""An SQS FIFO queue in memory, with one message group."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from serverless_pizza_oven.simulator.loop import MINUTE, Loop
from serverless_pizza_oven.simulator.queue_messages import Delivery, StoredMessage

DEDUPLICATION = 5 * MINUTE
"""How long a FIFO queue remembers a deduplication id
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


@dataclass(slots=True)
class FifoQueue:
    """Delivers exactly once and in order. It is locked while a message is received and not deleted."""

    loop: Loop
    visibility: int = 30_000_000
    """In microseconds."""
    on_message: Callable[[], object] = lambda: None
    """Called when a message may have become receivable."""
    _sent: int = 0
    _waiting: deque[StoredMessage] = field(default_factory=deque)
    _received: list[StoredMessage] = field(default_factory=list)
    _timer_at: int = 0
    """When the visibility timeouts are checked. Most messages are deleted long before."""
    _ids: set[str] = field(default_factory=set)
    _ids_until: deque[tuple[int, str]] = field(default_factory=deque)

    def send(
        self, body: str, deduplication_id: str, epoch: int | None = None, asked_at: float | None = None
    ) -> None:
        """Append a message, unless its deduplication id was used in the last 5 minutes."""
        now = self.loop.now
        while self._ids_until and self._ids_until[0][0] <= now:
            self._ids.remove(self._ids_until.popleft()[1])
        if deduplication_id in self._ids:
            return
        self._ids.add(deduplication_id)
        self._ids_until.append((now + DEDUPLICATION, deduplication_id))
        self._sent += 1
        self._waiting.append(
            StoredMessage(
                f"line-{self._sent}", body, sent_at=self.loop.seconds(), epoch=epoch, asked_at=asked_at
            )
        )
        if not self._received:
            self.on_message()

    def receive(self, count: int) -> list[Delivery]:
        """Receive up to `count` messages from the head; none while the queue is locked."""
        now = self.loop.now
        if self._received:
            if any(message.hidden_until > now for message in self._received):
                return []
            self._waiting.extendleft(reversed(self._received))
            self._received = []
        until = now + self.visibility
        received: list[Delivery] = []
        while self._waiting and len(received) < count:
            message = self._waiting.popleft()
            message.receive_count += 1
            message.hidden_until = until
            self._received.append(message)
            received.append(Delivery(message, message.id, message.body, until, message.receive_count))
        if received and self._timer_at <= now:
            self._set_timer(until)
        return received

    def delete(self, received: Delivery) -> None:
        """Delete a received message. Has no effect once its visibility timeout is over."""
        message = received.stored
        if self._is_current(received):
            message.deleted = True
            self._received.remove(message)
            if not self._received:
                self._on_unlocked()

    def put_back(self, received: Delivery, delay: int) -> None:
        """Make a received message visible again after `delay` microseconds."""
        if self._is_current(received):
            received.stored.hidden_until = self.loop.now + delay
            if delay:
                self.loop.call_later(delay, self._on_unlocked)
            else:
                self._on_unlocked()

    def count(self) -> int:
        """All messages, received ones included."""
        return len(self._received) + len(self._waiting)

    def messages(self) -> list[StoredMessage]:
        """All messages, in order."""
        return [*self._received, *self._waiting]

    @property
    def locked(self) -> bool:
        """Whether a message is received and not visible again."""
        return any(message.hidden_until > self.loop.now for message in self._received)

    def _is_current(self, received: Delivery) -> bool:
        message = received.stored
        return (
            not message.deleted
            and message.receive_count == received.receive_count
            and message.hidden_until > self.loop.now
        )

    def _set_timer(self, moment: int) -> None:
        self._timer_at = moment
        self.loop.call_at(moment, self._on_timer)

    def _on_timer(self) -> None:
        if self.locked:
            self._set_timer(max(message.hidden_until for message in self._received))
        else:
            self._on_unlocked()

    def _on_unlocked(self) -> None:
        if (self._waiting or self._received) and not self.locked:
            self.on_message()
