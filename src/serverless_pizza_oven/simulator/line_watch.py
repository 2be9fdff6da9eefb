"""Watches the line of a world: which items wait, which are counted, and whether the line is served.

Changes are found by comparing the row and the line, whatever request made them. Only the number of items that
join is taken from the request, since the row may count them wrong.
"""

from collections.abc import Iterator, Sequence

from pizza_oven.item import Item
from pizza_oven.messages import unpack
from pizza_oven.row import Row
from pizza_oven.settlement import Settlement
from serverless_pizza_oven.simulator.message_reader import MessageReader
from serverless_pizza_oven.simulator.queue_messages import StoredMessage
from serverless_pizza_oven.simulator.world import World


def sequence_of(message: StoredMessage) -> int:
    """The sequence number of a message in the line."""
    return int(message.id.rpartition("-")[2])


def _items_in(message: StoredMessage) -> int:
    return len(unpack(message.body))


class LineWatch:
    """Each check returns a text that says what is wrong with the line, or None."""

    def __init__(self, world: World, reader: MessageReader) -> None:
        self._world = world
        self._reader = reader
        self._count = 0
        """Items in the line after the last request."""
        self._joining = 0
        """Items that joined in the row and are not enqueued yet, as long as no request failed."""
        self._evicted: set[str] = set()
        """Items that lost their slots before they were started. They have lost their places in the line,
        too."""
        self._stuck_since: int | None = None

    def memory(self) -> object:
        """The state of this watch that does not follow from the world."""
        return self._stuck_since, sorted(self._evicted)

    def row_changed(self, before: Row, row: Row, request: Sequence[object]) -> None:
        """Remember what a write of the row did to the line, by its arguments and by the row."""
        freed = before.leases.keys() - row.leases.keys()
        self._evicted |= freed - self._world.executions.bakings.keys()
        self._joining += sum(arg.joining for arg in request if isinstance(arg, Settlement))

    def messages_removed(self) -> bool:
        """Whether the last request removed messages from the line."""
        before, self._count = self._count, sum(map(_items_in, self._world.line.messages()))
        if self._count > before:
            self._joining -= self._count - before
        return self._count < before

    def overtaken(self, loaded: Sequence[str]) -> str | None:
        """Whether an item waits that these items, which have just got their slots, have overtaken."""
        new = [item_id for item_id in loaded if item_id not in self._world.executions.bakings]
        in_front: set[str | None] = set()
        for body in self._bodies() if new else ():
            item = self._reader.item(body)
            if item and item.id not in self._evicted and not self._has_been_in_the_oven(item.id):
                overtaking = [other for other in new if other not in in_front]
                if overtaking:
                    return f"{overtaking} are loaded while {item.id} waits before them"
            # Items larger than a lowered capacity are loaded by functions that still have the old one.
            in_front.add(self._reader.item_id(body))
        return None

    def stuck(self, patience: int) -> str | None:
        """Whether the head of the line has fitted for longer than `patience` microseconds."""
        world = self._world
        head = self._head()
        if (
            not head
            or world.line.locked
            or self.is_served()
            or world.table.row.room(world.setup.capacity) < sum(item.size for item in head)
        ):
            self._stuck_since = None
            return None
        if self._stuck_since is None:
            self._stuck_since = world.loop.now
        if world.loop.now - self._stuck_since < patience:
            return None
        return f"{head[0].id} fits, and no function is about to load it"

    def too_few_counted(self) -> str | None:
        """Whether more items wait than are counted. Not while a function is busy, nor after a failure."""
        world = self._world
        if world.bake_items.busy:
            return None
        waiting = {item.id for item in self._items()}
        count = sum(not self._has_been_in_the_oven(item_id) for item_id in waiting)
        if world.table.row.waiting < count:
            return f"{count} items wait, and {world.table.row.waiting} are counted"
        return None

    def too_many_counted(self) -> str | None:
        """Whether more items are counted than wait or are about to be enqueued, unless requests failed."""
        row = self._world.table.row
        if not row.waiting:
            return None
        waiting = sum(_items_in(m) for m in self._world.line.messages() if sequence_of(m) > row.last_left)
        if row.waiting > waiting + self._joining:
            return f"{row.waiting} items are counted, {waiting} wait and {self._joining} are joining"
        return None

    def is_served(self) -> bool:
        """Whether a function is busy that will look at the line, or one will be invoked."""
        world = self._world
        return bool(
            world.new_items.count()
            or world.bake_items.busy
            or world.item_removed.busy
            or any(b.running and not b.waiting for b in world.executions.bakings.values())
        )

    def _head(self) -> list[Item]:
        """The items that need slots in the first message that has any. None if all are or were in the oven.

        A copy of an item that has slots needs none. A copy of a baked item does, until its start is refused.
        """
        if all(self._has_been_in_the_oven(item.id) for item in self._items()):
            return []
        leases = self._world.table.row.leases
        needing = (
            [item for body in unpack(m.body) if (item := self._reader.item(body)) and item.id not in leases]
            for m in self._world.line.messages()
        )
        return next(filter(None, needing))

    def _bodies(self) -> Iterator[str]:
        """Those of the items in the line."""
        for message in self._world.line.messages():
            yield from unpack(message.body)

    def _items(self) -> Iterator[Item]:
        return filter(None, map(self._reader.item, self._bodies()))

    def _has_been_in_the_oven(self, item_id: str) -> bool:
        return item_id in self._world.table.row.leases or item_id in self._world.executions.bakings
