"""How long the waiting line was in the last minute: what a count that is out of date may answer."""

from collections import deque
from typing import TYPE_CHECKING

from serverless_pizza_oven.simulator.loop import MINUTE
from serverless_pizza_oven.simulator.memory_queues import FifoQueue

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT_LAG = MINUTE
"""How old the count of a queue may be
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html)."""


class LineHistory:
    """How long the line was, and who waits for it to open."""

    def __init__(self, queue: FifoQueue) -> None:
        self.listeners: list[Callable[[], object]] = []
        self._queue = queue
        self._counts = deque([(queue.loop.now, 0)])
        queue.on_message = self._opened

    def record(self) -> None:
        """Take down how long the line is now."""
        now, count = self._queue.loop.now, self._queue.count()
        if count != self._counts[-1][1]:
            self._counts.append((now, count))
            while len(self._counts) > 1 and self._counts[1][0] <= now - COUNT_LAG:
                self._counts.popleft()

    def count_at(self, moment: int) -> int:
        """How long it was at a moment of the last minute."""
        return next((count for when, count in reversed(self._counts) if when <= moment), 0)

    def _opened(self) -> None:
        listeners, self.listeners = self.listeners, []
        for wake in listeners:
            wake()
