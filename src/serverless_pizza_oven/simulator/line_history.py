"""The length of the line during the last minute, for counts that are out of date."""

from collections import deque
from typing import TYPE_CHECKING

from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT_LAG = MINUTE
"""How old the count of a queue may be
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html)."""


class LineHistory:
    """The past lengths of the line, and the functions that wait until it is unlocked."""

    def __init__(self, queue: FifoQueue) -> None:
        self.listeners: list[Callable[[], object]] = []
        self._queue = queue
        self._counts = deque([(queue.loop.now, 0)])
        queue.on_message = self._on_message

    def record(self) -> None:
        """Record the present length of the line."""
        now, count = self._queue.loop.now, self._queue.count()
        if count != self._counts[-1][1]:
            self._counts.append((now, count))
            while len(self._counts) > 1 and self._counts[1][0] <= now - COUNT_LAG:
                self._counts.popleft()

    def count_at(self, moment: int) -> int:
        """The length of the line at a moment of the last minute."""
        return next((count for when, count in reversed(self._counts) if when <= moment), 0)

    def _on_message(self) -> None:
        listeners, self.listeners = self.listeners, []
        for wake in listeners:
            wake()
