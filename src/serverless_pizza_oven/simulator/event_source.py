"""The event source mapping: receives batches from a queue and invokes a function with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serverless_pizza_oven.simulator.functions import Function
from serverless_pizza_oven.simulator.latencies import Latency
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop
from serverless_pizza_oven.simulator.queue_messages import Delivery
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

FIRST_POLLERS = 5
"""The number of pollers that AWS starts with."""

POLLERS_A_MINUTE = 300
"""The number of pollers that AWS adds at a time while there are messages
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)."""


@dataclass(slots=True)
class EventSource:
    """Up to `most_pollers` at a time receive a batch each and wait until the function has handled it."""

    loop: Loop
    random_source: RandomSource
    queue: StandardQueue
    function: Function
    most_pollers: int
    batch_size: int
    poll: Latency
    on_done: Callable[[Sequence[Delivery], str], object] = lambda _batch, _error: None
    """Called when a batch is handled, with an error text if the whole invocation failed."""
    held_up: int = 0
    """How often messages for a whole batch remained and no further poller was allowed."""
    first_held_up: int | None = None
    """In microseconds since 1970."""
    receives: int = 0
    deletes: int = 0
    _pollers: int = 0
    _busy_since: int | None = None

    def __post_init__(self) -> None:
        self.queue.on_message = self.wake

    @property
    def idle(self) -> bool:
        return self._pollers == 0

    def wake(self) -> bool:
        """Start one more poller because there are messages. Returns False if no more are allowed."""
        if self._pollers >= self._most():
            return False
        self._pollers += 1
        self.loop.call_later(self.poll.draw(self.random_source), self._poll)
        return True

    def _most(self) -> int:
        if self.most_pollers <= FIRST_POLLERS:
            return self.most_pollers
        if self._pollers == 0:
            self._busy_since = self.loop.now
        busy = self.loop.now - (self._busy_since or 0)
        return min(self.most_pollers, FIRST_POLLERS + POLLERS_A_MINUTE * busy // MINUTE)

    def _poll(self) -> None:
        batch = self.queue.receive(self.batch_size)
        if not batch:
            self._pollers -= 1
            return
        self.receives += 1
        left = self.queue.visible()
        if left and not self.wake() and left >= self.batch_size:
            self.held_up += 1
            if self.first_held_up is None:
                self.first_held_up = self.loop.now
        self._invoke(batch)

    def _invoke(self, batch: Sequence[Delivery]) -> None:
        if not self.function.invoke(batch, lambda failed, error: self._done(batch, failed, error)):
            self.loop.call_later(SECOND, self._invoke, batch)

    def _done(self, batch: Sequence[Delivery], failed: Sequence[str] | None, error: str) -> None:
        if failed is not None:
            handled = [received for received in batch if received.id not in failed]
            if handled:
                self.deletes += 1
            for received in handled:
                self.queue.delete(received)
        self.on_done(batch, error)
        if self.queue.visible():
            self.loop.call_later(self.poll.draw(self.random_source), self._poll)
        else:
            self._pollers -= 1
