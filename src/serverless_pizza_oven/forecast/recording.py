"""Records a run: how many items wait, bake and are out at each moment."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pizza_oven.execution import RELEASED
from pizza_oven.item import Item
from serverless_pizza_oven.forecast.ideal import IdealOven
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.loop import SECOND, Loop, micros
from serverless_pizza_oven.simulator.observer import Observer
from serverless_pizza_oven.simulator.world import World

POINTS = 500
"""The most points of a series. A full series drops every other point and doubles its step."""

FIRST_STEP = SECOND // 10


@dataclass(slots=True)
class TimeSeries:
    """Counts at equidistant moments."""

    step: int = FIRST_STEP
    """Microseconds from one point to the next; the first point is the beginning."""
    sent: list[int] = field(default_factory=list)
    """Messages so far."""
    waiting: list[int] = field(default_factory=list)
    """Items that were sent and do not bake yet."""
    baking: list[int] = field(default_factory=list)
    """Items that bake."""
    out: list[int] = field(default_factory=list)
    """Items so far."""
    occupied: list[int] = field(default_factory=list)
    """Slots taken."""

    @property
    def secs(self) -> Sequence[float]:
        """The moments, in seconds from the beginning."""
        return [number * self.step / SECOND for number in range(len(self.sent))]

    def add(self, sent: int, waiting: int, baking: int, out: int, occupied: int) -> None:
        """Append the counts one step later."""
        for values, value in zip(self._all(), (sent, waiting, baking, out, occupied), strict=True):
            values.append(value)
        if len(self.sent) > POINTS:
            self.step *= 2
            for values in self._all():
                del values[1::2]

    def _all(self) -> tuple[list[int], ...]:
        return self.sent, self.waiting, self.baking, self.out, self.occupied


class RunRecorder(Observer):
    """Records what a forecast tells. Moments are in microseconds since the epoch."""

    sees_requests = False

    def __init__(self, loop: Loop, capacity: int, too_long: int) -> None:
        """Waiting times above `too_long` microseconds are counted apart."""
        self.sent = 0
        """Messages. The other numbers count items, each once."""
        self.out = 0
        """Items that came out, or were held and released."""
        self.again = 0
        """How often an item came out once more."""
        self.copies = 0
        """Messages whose id was sent before: the oven drops them."""
        self.waits = array("q")
        """Microseconds from sending to the beginning of the baking, one for each item."""
        self.ideal_waits = array("q")
        """The same in the ideal oven."""
        self.most_waiting = 0
        self.waited_too_long = 0
        self.first_too_long: int | None = None
        self.slot_secs = 0
        """The sum, over the items that began to bake, of slots times baking time."""
        self.first_sent: int | None = None
        self.last_out = 0
        self.ideal = IdealOven(capacity)
        self.series = TimeSeries()
        self.on_begun: Callable[[str], object] = lambda _item_id: None
        """Called when an item has its slots."""
        self._loop = loop
        self._too_long = too_long
        self._waiting: dict[str, tuple[int, int]] = {}
        """When the item was sent, and the seconds for which it bakes or is held."""
        self._baking: set[str] = set()

    def send(self, world: World, item: Item, body: str = "") -> bool:
        """Send an item, or the `body` in its place. Returns whether it is followed: its id is new."""
        now = self._loop.now
        self.sent += 1
        if self.first_sent is None:
            self.first_sent = now
        if item.id in self._waiting or item.id in world.executions.bakings:
            self.copies += 1
            followed = False
        else:
            followed = True
            self._waiting[item.id] = now, item.baking_time_secs
            self.most_waiting = max(self.most_waiting, len(self._waiting))
            begun = self.ideal.bake(now, micros(item.baking_time_secs), item.size)
            self.ideal_waits.append(begun - now)
        world.send(body or item.body)
        return followed

    def execution_started(self, baking: Baking) -> None:
        item = baking.item
        sent = self._waiting.pop(item.id, None)
        if sent is None:
            return
        wait = baking.started - sent[0]
        self.waits.append(wait)
        if wait > self._too_long:
            self.waited_too_long += 1
            if self.first_too_long is None:
                self.first_too_long = baking.started
        self._baking.add(item.id)
        self.slot_secs += sent[1] * item.size
        self.on_begun(item.id)

    def execution_ended(self, baking: Baking) -> None:
        if baking.item.id not in self._baking:
            return
        if baking.cause == RELEASED:
            self.item_baked(baking.item)
        elif baking.status != "SUCCEEDED" or baking.item.hold:
            self._baking.remove(baking.item.id)

    def item_baked(self, item: Item) -> None:
        if item.id not in self._baking:
            self.again += 1
            return
        self._baking.remove(item.id)
        self.out += 1
        self.last_out = self._loop.now

    def sample(self, occupied: int) -> None:
        """Record the counts at this moment, `occupied` slots among them."""
        self.series.add(self.sent, len(self._waiting), len(self._baking), self.out, occupied)
