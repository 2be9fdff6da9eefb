"""Takes our own messages from a queue that others use, too, and gives back theirs."""

import heapq
import itertools
from collections.abc import Callable

from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

HIDE_SECS = 120
"""How long nobody sees a message again if we die with it in hand."""

LONGEST_HOLD_SECS = 16

AFTER_YOU_SECS = 0.2
"""A pause after giving back, so that the owner has a chance to be faster than we are."""

MUST_GO_SECS = HIDE_SECS - 20
"""What is in hand for so long goes back, although the queue was not seen to its end."""


class Guests:
    """The messages of others in our hand, and when to give each back.

    To get at ours behind them they must stay in hand for a while, or they would be all that is
    received. Their owners want them, too: so the first time it is a second, and twice as long each time
    that one comes back, since the more often it was received in vain, the less somebody waits for it.
    """

    def __init__(self) -> None:
        self._held: list[tuple[float, int, float, ReceivedMessage]] = []
        self._numbers = itertools.count()

    def hold(self, message: ReceivedMessage, now: float) -> None:
        due = now + min(2 ** (min(message.receive_count, 10) - 1), LONGEST_HOLD_SECS)
        heapq.heappush(self._held, (due, next(self._numbers), now, message))

    def due(self, now: float, *, seen_all: bool) -> list[ReceivedMessage]:
        """Let go of those whose time is up; while there may be more in the queue, only of the oldest."""
        going = []
        while self._held and self._held[0][0] <= now:
            if not seen_all and self._held[0][2] > now - MUST_GO_SECS:
                break
            going.append(heapq.heappop(self._held)[3])
        return going

    def all(self) -> list[ReceivedMessage]:
        """Let go of every one."""
        going = [message for *_, message in self._held]
        self._held.clear()
        return going


class Sieve:
    """Reads one queue. Its methods raise AwsError."""

    def __init__(
        self,
        queue: Queue,
        is_ours: Callable[[ReceivedMessage], bool],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        """The `clock` tells seconds, of whatever origin."""
        self._queue = queue
        self._is_ours = is_ours
        self._clock = clock
        self._sleep = sleep
        self._guests = Guests()

    def receive(self, wait_secs: int) -> list[ReceivedMessage] | None:
        """Ours among the next messages, still to be deleted. None if nothing came at all."""
        received = self._queue.receive(wait_secs, HIDE_SECS)
        now = self._clock()
        for message in received:
            if not self._is_ours(message):
                self._guests.hold(message, now)
        if going := self._guests.due(now, seen_all=not received):
            self._queue.give_back(going)
            self._sleep(AFTER_YOU_SECS)
        return [message for message in received if self._is_ours(message)] if received else None

    def delete(self, messages: list[ReceivedMessage]) -> None:
        """What was counted goes."""
        self._queue.delete(messages)

    def give_all_back(self) -> None:
        """Whatever of others is in hand."""
        self._queue.give_back(self._guests.all())
