"""Messages that take longer to handle than one visibility timeout."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

FIRST_TIMEOUT_SECS = 30
MAX_TIMEOUT_SECS = 3600
"""The visibility timeouts. SQS allows 12 hours from the receive on, with all extensions
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html)."""

MAX_KNOWN_IN_A_ROW = 3
"""After so many receives of nothing but held messages, all were received: their timeouts were not extended in
time. One such receive may be a message that SQS delivers twice."""


class _HeldBatch(NamedTuple):
    extend_at: float
    ids: list[str]


class HeldMessages:
    """Received messages of a queue, kept hidden from other receivers until they are deleted or given back.

    Each visibility timeout is extended when half of it has passed. It is twice the time since the first
    receive, at least 30 s and at most an hour: so few requests hold many messages for long, and what a killed
    process held is visible again within twice the time that it ran. As a context manager it gives back at the
    end what is not deleted.

    Messages are held by their id. If a message was received twice, its last receipt counts: an earlier one no
    longer deletes it
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html).
    """

    def __init__(self, queue: Queue, clock: Callable[[], float]) -> None:
        """The `clock` returns seconds from any origin."""
        self._queue = queue
        self._clock = clock
        self._began: float | None = None
        self._held: dict[str, ReceivedMessage] = {}
        self._batches: deque[_HeldBatch] = deque()
        """The messages, ordered by the time at which they must be extended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.give_back(list(self._held.values()))

    def receive_all(self) -> Iterator[list[ReceivedMessage]]:
        """Receive every message once, up to 10 at a time, in no order. Raises AwsError."""
        known_in_a_row = 0
        # A long poll asks every server of SQS. A short one may come back empty although the queue is not.
        while messages := self._queue.receive(wait_secs=1, hide_secs=self._timeout_secs()):
            new = [message for message in messages if message.id not in self._held]
            self._hold(messages)
            known_in_a_row = 0 if new else known_in_a_row + 1
            if known_in_a_row == MAX_KNOWN_IN_A_ROW:
                return
            if new:
                yield new
            self.extend()

    def extend(self) -> None:
        """Extend the visibility timeouts that are half over. Call it between any two slow steps.

        Raises AwsError.
        """
        while self._batches and self._batches[0].extend_at <= self._clock():
            messages = [self._held[i] for i in self._batches.popleft().ids if i in self._held]
            if messages:
                self._queue.hide(messages, self._timeout_secs())
                self._hold(messages)

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages that are done with. Raises AwsError."""
        self._queue.delete([self._held.get(message.id, message) for message in messages])
        for message in messages:
            self._held.pop(message.id, None)

    def _hold(self, messages: Sequence[ReceivedMessage]) -> None:
        self._held |= {message.id: message for message in messages}
        extend_at = self._clock() + self._timeout_secs() / 2
        self._batches.append(_HeldBatch(extend_at, [message.id for message in messages]))

    def _timeout_secs(self) -> int:
        now = self._clock()
        if self._began is None:
            self._began = now
        return min(max(FIRST_TIMEOUT_SECS, round(2 * (now - self._began))), MAX_TIMEOUT_SECS)
