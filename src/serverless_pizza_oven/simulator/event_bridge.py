"""EventBridge in virtual time: sends triggers to New Items, on a schedule and when an execution fails."""

from pizza_oven.item import Trigger
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.faults import ActiveFaults
from serverless_pizza_oven.simulator.latencies import Latency
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.observer import Observer
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

SECOND_DELIVERY = 30 * SECOND
"""The longest time between the two deliveries of an event that is delivered twice."""


class EventBridge:
    """The two rules of the template."""

    def __init__(
        self,
        new_items: StandardQueue,
        latency: Latency,
        faults: ActiveFaults,
        random_source: RandomSource,
        observer: Observer,
    ) -> None:
        self.sent = 0
        """Messages that were sent to New Items."""
        self._new_items = new_items
        self._loop = new_items.loop
        self._latency = latency
        self._faults = faults
        self._random = random_source
        self._observer = observer

    def start_pilot_light(self, every_secs: int) -> None:
        """From now on, send a trigger each time that many seconds have passed."""
        self._loop.call_later(every_secs * SECOND, self._pilot_light, every_secs)

    def execution_failed(self, baking: Baking) -> None:
        """Send a trigger that names the item. Delivery is by best effort: it may be lost, or come twice."""
        rates = self._faults.rates
        if self._random.chance(rates.event_lost):
            self._observer.event_lost(baking)
            return
        body = Trigger(baking.item.id).body
        self._loop.call_later(self._latency.draw(self._random), self._send, body)
        if self._random.chance(rates.event_twice):
            self._loop.call_later(self._random.below(SECOND_DELIVERY), self._send, body)

    def _pilot_light(self, every_secs: int) -> None:
        self._send(Trigger("pilot-light").body)
        self.start_pilot_light(every_secs)

    def _send(self, body: str) -> None:
        self.sent += 1
        self._new_items.send(body)
