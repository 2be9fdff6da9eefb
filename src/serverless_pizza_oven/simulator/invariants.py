"""What must hold of the oven at every step, whatever goes wrong. A broken invariant raises InvariantError.

I1  The slots of baking items never exceed the capacity, and `occupied` is the sum of the leases.
I2  No valid item is lost: until it is in Baked Items, or is a dead letter with a reason, it is in a queue or
    bakes.
I3  An item bakes once. A redriven execution does not bake it again.
I4  Once the oven is idle nothing is occupied, no item is counted as waiting, and no lease is left. While no
    request fails, no more items are counted as waiting than wait.
I5  While the head of the line fits, a function is busy or will be invoked. After a fault: within the time in
    which messages of crashed functions are visible again.
I6  First come, first served: items of the line are loaded in its order, and no new item overtakes them. An
    item that had slots and lost them, because its start failed for minutes, has lost its place.
I7  While an item bakes it holds its slots.
I8  A malformed message is a dead letter, with a reason, after one delivery.
I9  A held item keeps its slots until it is released, or until its lease ends, which never becomes shorter. It
    comes out nowhere. One owner at most is told that it has slots, and only of slots that it has.
I10 Once a release is handled, its item does not bake, and never will.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pizza_oven.errors import PizzaOvenError
from pizza_oven.execution import RELEASED
from pizza_oven.item import Item
from pizza_oven.messages import unpack
from pizza_oven.row import Row
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.faults import NONE
from serverless_pizza_oven.simulator.hold_watch import HoldWatch
from serverless_pizza_oven.simulator.line_watch import LineWatch
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.message_reader import MessageReader
from serverless_pizza_oven.simulator.observer import Observer
from serverless_pizza_oven.simulator.queue_messages import Delivery
from serverless_pizza_oven.simulator.transport import LATE_EFFECT
from serverless_pizza_oven.simulator.world import World

PATIENCE = 140 * SECOND
"""How long a fault may leave the head of the line stuck: until the visibility timeout of a crashed function
is over, and then until the second pilot light, in case the first one meets a fault, too."""

TIDY = 15 * SECOND
"""Within this time a copy of a baked item gives its slots back, and a failed item becomes a dead letter."""

UNNOTICED = 160 * SECOND
"""The same for a copy of an item of 0 s that is started within a second of it: the two look alike. Its lease
is overdue after 90 s, and is evicted at the second pilot light."""


class InvariantError(PizzaOvenError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, text: str) -> None:
        super().__init__(f"{invariant}: {text}")
        self.invariant = invariant


class Invariants(Observer):
    """Checks a world: what it observes at once, and the state of the world with each call of `check`."""

    def __init__(self) -> None:
        self.disturbed_at: int | None = None
        """When the last fault happened that a function notices, in microseconds since 1970."""
        self.sent: dict[str, Item] = {}
        """The valid items that were sent, by id."""
        self.out: Counter[str] = Counter()
        """How often each item came out."""
        self._world: World
        self._reader: MessageReader
        self._line: LineWatch
        self._holds: HoldWatch
        self._row = Row()
        self._limit = 0
        """The slots that may bake: the largest capacity that may still be in use."""
        self._lowered_at = 0
        self._is_calm = False
        """Whether all rates are 0."""
        self._disturbed_actors: set[str] = set()
        self._actors: dict[str, str] = {}
        self._malformed: dict[str, set[str]] = {}
        """By actor: the malformed messages of its batch."""
        self._bodies: set[str] = set()
        self._leftover: dict[str, int] = {}
        self._freed: dict[str, tuple[str, int]] = {}
        """By item: who freed its slots, and when."""
        self._own_copies: set[str] = set()
        """Items that got slots from the function that had just freed theirs: it knows that they are out."""
        self._release_handled: set[str] = set()
        self._ended: set[str] = set()

    def watch(self, world: World) -> None:
        """Begin with a new world."""
        self._world = world
        self._reader = MessageReader(lambda: world.setup.capacity)
        self._line = LineWatch(world, self._reader)
        self._holds = HoldWatch(world, self._reader)
        self._row = world.table.row
        self._limit = world.setup.capacity
        self._is_calm = world.faults.rates == NONE

    def send(self, body: str) -> None:
        """Send a message, and remember what must become of it."""
        if item := self._reader.item(body):
            self.sent.setdefault(item.id, item)
            self._bodies.add(item.body)
        self._holds.sent(body)
        self._world.send(body)

    def owner_gave_up(self, item_id: str) -> None:
        """The task ended that waits until this item has slots. If it gets some, they are freed at once."""
        self._holds.released.add(item_id)

    def set_capacity(self, capacity: int) -> None:
        """Deploy the oven with another capacity. Baking items and late requests may still use the old one."""
        self._world.set_capacity(capacity)
        self._limit = max(self._limit, capacity)
        self._lowered_at = self.disturbed_at = self._world.loop.now

    def memory(self) -> object:
        """What a check depends on that does not follow from the world."""
        return (
            self.disturbed_at is None,
            self._line.memory(),
            self._holds.memory(),
            sorted(self._release_handled),
            sorted(self._leftover.items()),
            sorted(self._own_copies),
            sorted(self.out),
        )

    # At every step

    def check(self) -> None:
        """Raise InvariantError if the present state breaks an invariant."""
        world = self._world
        self._check_slots(world)
        self._raise("I5", self._line.stuck(0 if self.disturbed_at is None else PATIENCE))
        if self.disturbed_at is None:
            self._raise("I6", self._line.too_few_counted())
            self._raise("I4", self._line.too_many_counted())
            if self._is_calm:
                self._check_nothing_is_left_over()

    def check_end(self) -> None:
        """Raise InvariantError unless the world is idle and every item is accounted for."""
        world = self._world
        row = world.table.row
        if row.occupied or row.leases or row.waiting > 0:
            raise InvariantError(
                "I4",
                f"in the end {row.occupied} slots are occupied, {row.waiting} wait, leased: {[*row.leases]}",
            )
        self.check_nothing_is_lost()
        dead = self._dead_letters()
        failed = [letter for letter in world.dead_letters.messages() if RELEASED in (letter.reason or "")]
        if failed:
            raise InvariantError("I10", f"released items are dead letters: {failed}")
        accounted = {*self.out, *dead, *self._holds.released}
        missing = [item_id for item_id in self.sent if item_id not in accounted]
        if missing or not world.is_idle:
            raise InvariantError(
                "I2", f"in the end {missing or 'no item'} is missing, and there is work left"
            )

    def check_nothing_is_lost(self) -> None:
        """Raise InvariantError unless every item that was sent is somewhere."""
        world = self._world
        row = world.table.row
        bodies = [message.body for message in world.new_items.messages()]
        bodies += [body for message in world.line.messages() for body in unpack(message.body)]
        found = set(map(self._reader.item_id, bodies))
        dead = self._dead_letters()
        accounted = {*self.out, *found, *dead, *self._holds.released}
        for item_id in self.sent:
            if item_id in accounted:
                continue
            baking = world.executions.bakings.get(item_id)
            if baking is None or not (baking.running or item_id in row.leases):
                raise InvariantError("I2", f"{item_id} is lost")

    def _check_slots(self, world: World) -> None:
        row = world.table.row
        leased = sum(lease.size for lease in row.leases.values())
        if row.occupied != leased:
            raise InvariantError("I1", f"{row.occupied} slots are occupied, and the leases hold {leased}")
        if row.occupied <= world.setup.capacity and world.loop.now > self._lowered_at + LATE_EFFECT:
            self._limit = world.setup.capacity
        slots = 0
        for baking in world.executions.bakings.values():
            if baking.waiting and not baking.redrives and baking.item.size:
                is_leased = baking.item.id in row.leases
                slots += baking.item.size if is_leased or not baking.held else 0
                # That of a held item may have ended: the second of two tasks saw a later clock.
                if not is_leased and not baking.held:
                    raise InvariantError("I7", f"{baking.item.id} bakes without a lease")
        if slots > self._limit:
            raise InvariantError("I1", f"{slots} slots bake in an oven of {self._limit}")

    def _check_nothing_is_left_over(self) -> None:
        """As long as there are no faults, no lease outlives its item."""
        world = self._world
        bakings = world.executions.bakings
        ended = {i for i in world.table.row.leases if i in bakings and not bakings[i].running}
        self._leftover = {i: self._leftover.get(i, world.loop.now) for i in ended}
        for item_id, since in self._leftover.items():
            is_copy = bakings[item_id].item.baking_time_secs == 0 and item_id not in self._own_copies
            patience = UNNOTICED if is_copy else TIDY
            if since + patience < world.loop.now:
                raise InvariantError("I4", f"{item_id} does not bake, and stays leased")

    # At other moments

    def fault_happened(self, actor: str, _fault: str, _action: str, _args: tuple[Any, ...]) -> None:
        self.disturbed_at = self._world.loop.now
        self._disturbed_actors.add(actor)

    def request_landed(self, actor: str, _action: str, args: tuple[Any, ...], _answer: Any) -> None:
        row = self._world.table.row
        if row is not self._row:
            before, self._row = self._row, row
            self._line.row_changed(before, row, args)
            self._raise("I9", self._holds.row_changed(before, row))
            loaded = [item_id for item_id in row.leases if item_id not in before.leases]
            if self._is_calm:
                self._note_own_copies(actor, before.leases.keys() - row.leases.keys(), loaded)
            if loaded and row.occupied > self._limit:
                raise InvariantError("I1", f"{row.occupied} slots are leased in an oven of {self._limit}")
            self._raise("I6", self._line.overtaken(loaded))
        if self._line.messages_removed():
            self.check_nothing_is_lost()

    def _note_own_copies(self, actor: str, freed: Iterable[str], loaded: Iterable[str]) -> None:
        now = self._world.loop.now
        self._freed.update(dict.fromkeys(freed, (actor, now)))
        for item_id in loaded:
            who, when = self._freed.get(item_id, ("", 0))
            if who == actor and now < when + SECOND:
                self._own_copies.add(item_id)

    def execution_started(self, baking: Baking) -> None:
        if baking.item.id in self._ended:
            raise InvariantError("I3", f"{baking.item.id} bakes again")
        self._check_released(baking.item.id)

    def execution_ended(self, baking: Baking) -> None:
        if baking.redrives and baking.status == "SUCCEEDED" and baking.item.size:
            raise InvariantError("I3", f"{baking.item.id} was redriven, and comes out again")
        self._ended.add(baking.item.id)
        self.check_nothing_is_lost()

    def item_baked(self, item: Item) -> None:
        self.out[item.id] += 1
        if item.hold:
            raise InvariantError("I9", f"{item.id} is held, and comes out")
        if item.body not in self._bodies:
            raise InvariantError("I2", f"{item.body} comes out, and was never sent")

    def batch_delivered(self, actor: str, batch: Sequence[Delivery]) -> None:
        self._disturbed_actors.discard(actor)
        self._actors.update((received.id, actor) for received in batch)
        self._malformed[actor] = {
            received.body for received in batch if self._reader.is_malformed(received.body)
        }

    def batch_handled(self, batch: Sequence[Delivery], error: str) -> None:
        self.check_nothing_is_lost()
        for received in batch:
            if received.stored.deleted and (item_id := self._reader.released(received.body)):
                self._release_handled.add(item_id)
                self._check_released(item_id)
        actor = self._actors[batch[0].id]
        if actor in self._disturbed_actors or error:
            return
        letters = self._world.dead_letters.messages()
        missing = self._malformed[actor] - {letter.body for letter in letters if letter.reason}
        if missing:
            raise InvariantError("I8", f"after a delivery these are no dead letters: {missing}")

    def owner_told(self, item_id: str, until: float) -> None:
        self._raise("I9", self._holds.owner_told(item_id, until))

    def _check_released(self, item_id: str) -> None:
        baking = self._world.executions.bakings.get(item_id)
        if item_id not in self._release_handled or (baking is not None and baking.redrives):
            return
        if baking is None or (baking.running and baking.item.size):
            raise InvariantError("I10", f"{item_id} was released, and bakes or may bake")

    def _dead_letters(self) -> set[str | None]:
        letters = self._world.dead_letters.messages()
        return {self._reader.item_id(letter.body) for letter in letters if letter.reason}

    def _raise(self, invariant: str, text: str | None) -> None:
        if text is not None:
            raise InvariantError(invariant, text)
