"""Receives the messages of one run from a queue that others use, too, and gives back all others."""

import heapq
import itertools
from collections.abc import Callable

from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

HIDE_SECS = 120
"""How long SQS hides received messages from others if this process dies."""

LONGEST_HOLD_SECS = 16

PAUSE_SECS = 0.2
"""A pause after giving messages back, so that their owner can receive them first."""

MUST_GO_SECS = HIDE_SECS - 20
"""After this time a message goes back even if the queue may hold more."""


class ForeignMessages:
    """Received messages of others, and when to give each back.

    A message that goes back at once would be received again instead of those behind it. So it is held for a
    second the first time, and twice as long each time that it comes back, since its owner did not take it in
    between.
    """

    def __init__(self) -> None:
        self._held: list[tuple[float, int, float, ReceivedMessage]] = []
        self._numbers = itertools.count()

    def hold(self, message: ReceivedMessage, now: float) -> None:
        due = now + min(2 ** (min(message.receive_count, 10) - 1), LONGEST_HOLD_SECS)
        heapq.heappush(self._held, (due, next(self._numbers), now, message))

    def due(self, now: float, *, seen_all: bool) -> list[ReceivedMessage]:
        """Remove and return those to give back; while the queue may hold more, only those held longest."""
        going = []
        while self._held and self._held[0][0] <= now:
            if not seen_all and self._held[0][2] > now - MUST_GO_SECS:
                break
            going.append(heapq.heappop(self._held)[3])
        return going

    def all(self) -> list[ReceivedMessage]:
        """Remove and return all."""
        going = [message for *_, message in self._held]
        self._held.clear()
        return going


class SharedQueue:
    """A queue with messages of this run and of others. Its methods raise AwsError."""

    def __init__(
        self,
        queue: Queue,
        is_ours: Callable[[ReceivedMessage], bool],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        """The `clock` tells seconds, from any origin."""
        self._queue = queue
        self._is_ours = is_ours
        self._clock = clock
        self._sleep = sleep
        self._foreign = ForeignMessages()

    def receive(self, wait_secs: int) -> list[ReceivedMessage] | None:
        """The messages of this run among the next ones, to be deleted. None if no message came."""
        received = self._queue.receive(wait_secs, HIDE_SECS)
        now = self._clock()
        for message in received:
            if not self._is_ours(message):
                self._foreign.hold(message, now)
        if going := self._foreign.due(now, seen_all=not received):
            self._queue.give_back(going)
            self._sleep(PAUSE_SECS)
        return [message for message in received if self._is_ours(message)] if received else None

    def delete(self, messages: list[ReceivedMessage]) -> None:
        """Delete messages that were counted."""
        self._queue.delete(messages)

    def give_all_back(self) -> None:
        """Give back all messages of others that are held."""
        self._queue.give_back(self._foreign.all())
