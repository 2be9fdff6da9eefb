"""What must hold of the oven at every step, whatever goes wrong. Who sees it broken raises InvariantError.

I1  The slots of what bakes never exceed the capacity, and `occupied` is the sum of the leases.
I2  No valid item is lost: until it is out, or a dead letter with a reason, it is in a queue or bakes.
I3  An item bakes once.
I4  Once all is quiet nothing is occupied, nobody is counted as waiting, and no lease is left.
I5  While the head of the line fits, somebody is on the way: a function at work, a message that will
    wake one, or a task that will. After a fault: within the time in which lost hands open again.
I6  First come, first served: the line is loaded in its order, and no new item is loaded past it. But an
    item that had slots, and lost them since for minutes nobody could start it, has lost its place.
I7  While an item bakes it holds its slots.
I8  A bad message is a dead letter, with a reason, after one delivery.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pizza_oven.errors import MalformedItemError, PizzaOvenError
from pizza_oven.item import Item, Trigger, parse
from pizza_oven.row import Lease, Row
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.faults import NONE
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.memory_queues import Received
from serverless_pizza_oven.simulator.transport import LATE_EFFECT
from serverless_pizza_oven.simulator.world import Observer, World

PATIENCE = 140 * SECOND
"""For how long a fault may leave the head of the line stuck: until a dead hand's visibility timeout
is over, and then until the pilot light, twice over lest one of them meets a fault, too."""

TIDY = 15 * SECOND
"""Within which a copy of a baked item gives its slots back, or a failed one is buried."""


class InvariantError(PizzaOvenError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, text: str) -> None:
        super().__init__(f"{invariant}: {text}")
        self.invariant = invariant


@lru_cache(maxsize=1000)
def _parsed(body: str, capacity: int) -> Item | Trigger:
    return parse(body, capacity)


class Invariants(Observer):
    """Checks a world: with what it sees, and by `check` after each step."""

    def __init__(self) -> None:
        self.disturbed_at: int | None = None
        """When the last fault struck that a function notices, in microseconds since the epoch."""
        self.sent: dict[str, Item] = {}
        """The valid items, by id."""
        self.out: Counter[str] = Counter()
        self._world: World
        self._limit = 0
        self._lowered_at = 0
        self._calm = False
        self._disturbed_actors: set[str] = set()
        self._actors: dict[str, str] = {}
        self._bad: dict[str, set[str]] = {}
        self._bodies: set[str] = set()
        self._ids: dict[str, str | None] = {}
        self._stuck_since: int | None = None
        self._leftover: dict[str, int] = {}
        self._ended: set[str] = set()
        self._evicted: set[str] = set()
        """Items that lost their slots before they were started: they have lost their place, too."""
        self._leases: Mapping[str, Lease] = {}
        """As they were after the last request."""
        self._in_line = 0
        """Messages, as many as there were after the last request."""

    def watch(self, world: World) -> None:
        """Begin with a new world."""
        self._world = world
        self._limit = world.setup.capacity
        self._calm = world.faults.rates == NONE

    def send(self, body: str) -> None:
        """Send a message, and expect of it what is to be expected."""
        content = None if self._is_bad(body) else self._content(body)
        if isinstance(content, Item):
            self.sent.setdefault(content.id, content)
            self._bodies.add(content.body)
        self._world.send(body)

    def lower(self, capacity: int) -> None:
        """Deploy the oven with another capacity; what bakes or hangs already may bake on."""
        self._world.lower(capacity)
        self._limit = max(self._limit, capacity)
        self._lowered_at = self.disturbed_at = self._world.loop.now

    def memory(self) -> object:
        """What was seen before, as far as a check goes by it; the rest is in the world."""
        return (
            self.disturbed_at is None,
            self._stuck_since,
            sorted(self._leftover.items()),
            sorted(self.out),
            sorted(self._evicted),
        )

    # At every step

    def check(self) -> None:
        """Raise InvariantError if the present state breaks an invariant."""
        world = self._world
        row = world.table.row
        held = sum(lease.size for lease in row.leases.values())
        if row.occupied != held:
            raise InvariantError("I1", f"{row.occupied} slots are occupied, and the leases hold {held}")
        if row.occupied <= world.setup.capacity and world.loop.now > self._lowered_at + LATE_EFFECT:
            self._limit = world.setup.capacity
        baking = 0
        for baked in world.executions.bakings.values():
            if baked.waiting:
                baking += baked.item.size
                lease = row.leases.get(baked.item.id)
                if lease is None:
                    raise InvariantError("I7", f"{baked.item.id} bakes without a lease")
        if baking > self._limit:
            raise InvariantError("I1", f"{baking} slots bake in an oven of {self._limit}")
        self._check_somebody_is_on_the_way()
        if self.disturbed_at is None:
            self._check_the_line_is_counted()
            if self._calm:
                self._check_nothing_is_left_over()

    def check_the_end(self) -> None:
        """All is quiet, or should be by now."""
        world = self._world
        row = world.table.row
        if row.occupied or row.leases or row.waiting > 0:
            raise InvariantError(
                "I4",
                f"in the end {row.occupied} slots are occupied, {row.waiting} wait, leased: {[*row.leases]}",
            )
        self.check_nothing_is_lost()
        buried = self._buried()
        missing = [item_id for item_id in self.sent if not self.out[item_id] and item_id not in buried]
        if missing or not world.quiet:
            raise InvariantError("I2", f"in the end {missing or 'nobody'} is missing, and there is work left")

    def check_nothing_is_lost(self) -> None:
        """Look for every item that was sent."""
        world = self._world
        row = world.table.row
        found = {self._id(letter.body) for queue in (world.new, world.line) for letter in queue.letters()}
        buried = self._buried()
        for item_id in self.sent:
            if self.out[item_id] or item_id in found or item_id in buried:
                continue
            baking = world.executions.bakings.get(item_id)
            if baking is None or not (baking.running or item_id in row.leases):
                raise InvariantError("I2", f"{item_id} is lost")

    def _check_somebody_is_on_the_way(self) -> None:
        world = self._world
        head = self._head()
        if head is None or world.line.shut or self._on_the_way():
            self._stuck_since = None
            return
        if world.table.row.room(world.setup.capacity) < head.size:
            self._stuck_since = None
            return
        now = world.loop.now
        if self._stuck_since is None:
            self._stuck_since = now
        patience = 0 if self.disturbed_at is None else PATIENCE
        if now - self._stuck_since >= patience:
            raise InvariantError("I5", f"{head.id} fits, and nobody is on the way")

    def _check_nothing_is_left_over(self) -> None:
        """As long as nothing goes wrong at all, no lease outlives its item."""
        world = self._world
        bakings = world.executions.bakings
        closed = {i for i in world.table.row.leases if i in bakings and not bakings[i].running}
        self._leftover = {i: self._leftover.get(i, world.loop.now) for i in closed}
        for item_id, since in self._leftover.items():
            if since + TIDY < world.loop.now:
                raise InvariantError("I4", f"{item_id} does not bake, and stays leased")

    def _check_the_line_is_counted(self) -> None:
        """As long as no request fails, no fewer are counted as waiting than wait, once functions are done."""
        world = self._world
        if world.bake_items.busy:
            return
        waiting = {self._id(letter.body) for letter in world.line.letters() if not self._is_bad(letter.body)}
        count = sum(not self._has_been_in(item_id) for item_id in waiting)
        if world.table.row.waiting < count:
            raise InvariantError("I6", f"{count} wait, and {world.table.row.waiting} are counted")

    def _head(self) -> Item | None:
        """The first in line, if anybody waits there: copies of what is or was in the oven alone do not."""
        waiting = [
            content
            for letter in self._world.line.letters()
            if not self._is_bad(letter.body) and isinstance(content := self._content(letter.body), Item)
        ]
        return waiting[0] if any(not self._has_been_in(item.id) for item in waiting) else None

    def _has_been_in(self, item_id: str | None) -> bool:
        return item_id in self._world.table.row.leases or item_id in self._world.executions.bakings

    def _on_the_way(self) -> bool:
        world = self._world
        return bool(
            world.new.count()
            or world.bake_items.busy
            or world.item_removed.busy
            or any(b.running and not b.waiting for b in world.executions.bakings.values())
        )

    # At a request

    def struck(self, actor: str, _fault: str, _action: str, _args: tuple[Any, ...]) -> None:
        self.disturbed_at = self._world.loop.now
        self._disturbed_actors.add(actor)

    def landed(self, _actor: str, _action: str, _args: tuple[Any, ...], _answer: Any) -> None:
        # By what has changed, whichever request it was.
        row = self._world.table.row
        if row.leases is not self._leases:
            before, self._leases = self._leases, row.leases
            self._check_loaded(row, [item_id for item_id in row.leases if item_id not in before])
            freed = before.keys() - row.leases.keys()
            self._evicted |= freed - self._world.executions.bakings.keys()
        in_line = self._world.line.count()
        if in_line < self._in_line:
            self.check_nothing_is_lost()
        self._in_line = in_line

    def _check_loaded(self, row: Row, loaded: Sequence[str]) -> None:
        """Check the items that have just got their leases."""
        if loaded and row.occupied > self._limit:
            raise InvariantError("I1", f"{row.occupied} slots are leased in an oven of {self._limit}")
        new = [item_id for item_id in loaded if item_id not in self._world.executions.bakings]
        before: set[str] = set()
        for letter in self._world.line.letters() if new else ():
            if self._is_bad(letter.body) or (item_id := self._id(letter.body)) is None:
                continue
            if item_id not in self._evicted and not self._has_been_in(item_id):
                passing = [other for other in new if other not in before]
                if passing:
                    raise InvariantError("I6", f"{passing} are loaded while {item_id} waits before them")
            before.add(item_id)

    # At other moments

    def started(self, baking: Baking) -> None:
        if baking.item.id in self._ended:
            raise InvariantError("I3", f"{baking.item.id} bakes again")

    def closed(self, baking: Baking) -> None:
        self._ended.add(baking.item.id)
        self.check_nothing_is_lost()

    def baked(self, item: Item) -> None:
        self.out[item.id] += 1
        if item.body not in self._bodies:
            raise InvariantError("I2", f"{item.body} comes out, and was never sent")

    def delivered(self, actor: str, batch: Sequence[Received]) -> None:
        self._disturbed_actors.discard(actor)
        self._actors.update((received.id, actor) for received in batch)
        self._bad[actor] = {received.body for received in batch if self._is_bad(received.body)}

    def done_with(self, batch: Sequence[Received], error: str) -> None:
        self.check_nothing_is_lost()
        actor = self._actors[batch[0].id]
        if actor in self._disturbed_actors or error:
            return
        unburied = self._bad[actor] - {letter.body for letter in self._world.dead.letters() if letter.reason}
        if unburied:
            raise InvariantError("I8", f"after a delivery these are no dead letters: {unburied}")

    # Messages

    def _buried(self) -> set[str | None]:
        return {self._id(letter.body) for letter in self._world.dead.letters() if letter.reason}

    def _content(self, body: str) -> Item | Trigger:
        return _parsed(body, self._world.setup.capacity)

    def _is_bad(self, body: str) -> bool:
        try:
            self._content(body)
        except MalformedItemError:
            return True
        return False

    def _id(self, body: str) -> str | None:
        """The item's id in a message, if it has one."""
        if body not in self._ids:
            try:
                fields = json.loads(body)
            except ValueError:
                fields = None
            item_id = fields.get("id") if isinstance(fields, dict) else None
            self._ids[body] = item_id if isinstance(item_id, str) else None
        return self._ids[body]
