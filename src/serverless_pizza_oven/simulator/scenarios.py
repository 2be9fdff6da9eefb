"""Small ovens, each with a few things under way at once, to be explored to the last order of events."""

import json
from collections.abc import Callable
from dataclasses import replace

from pizza_oven.item import ItemRelease, LeaseExtension, Trigger
from pizza_oven.reconciling import OVERDUE_AFTER_SECS
from pizza_oven.row import Lease, Row
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.exploration import Scenario
from serverless_pizza_oven.simulator.invariants import Invariants
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.small_world import SmallWorld

ONE_SLOT = Setup(capacity=1, max_concurrency=2, batch_size=1)
ONE_SLOT_AS_LARGE = replace(ONE_SLOT, look_first_slots=1, crowded_slots=1)
TWO_SLOTS_PACKING = replace(ONE_SLOT_AS_LARGE, capacity=2, batch_size=2, slots_per_packed_item=1)
TWO_SLOTS = Setup(capacity=2, max_concurrency=2, batch_size=1)
"""Each message has a function to itself, two of them at a time."""


def item(item_id: str, size: int = 1, secs: int = 0) -> str:
    """An item that bakes no longer than a request takes, so that its end meets everything else."""
    return json.dumps({"id": item_id, "bakingTimeSecs": secs, "size": size})


def _send(*bodies: str) -> Callable[[SmallWorld, Invariants], object]:
    """Sends messages, all at once."""

    def begin(_world: SmallWorld, invariants: Invariants) -> None:
        for body in bodies:
            invariants.send(body)

    return begin


def _overdue(world: SmallWorld, invariants: Invariants) -> None:
    """A lease whose item never started: its message comes again just when a trigger has it looked into."""
    late = world.loop.seconds() - OVERDUE_AFTER_SECS - 5
    world.table.row = Row(occupied=1, leases={"a": Lease(1, late)})
    invariants.send(item("a", secs=30))
    invariants.send(Trigger("pilot-light").body)


def _stopped(world: SmallWorld, invariants: Invariants) -> None:
    """Somebody stops what bakes while others come."""
    invariants.send(item("a", secs=30))
    invariants.send(item("b"))

    def stop() -> None:
        if "a" in world.executions.bakings:
            world.executions.end(world.executions.bakings["a"], "ABORTED", "an operator stopped it")
        else:
            world.loop.call_later(SECOND, stop)

    world.loop.call_later(SECOND, stop)


def _copied(world: SmallWorld, invariants: Invariants) -> None:
    """A copy comes just as its item is done."""
    invariants.send(item("a", secs=2))
    world.loop.call_later(2 * SECOND, invariants.send, item("a", secs=2))


def _hand_over(world: SmallWorld, invariants: Invariants) -> None:
    """An item comes at the moment when another leaves."""
    invariants.send(item("a", secs=5))
    world.loop.call_later(5 * SECOND, invariants.send, item("b"))
    world.loop.call_later(5 * SECOND, invariants.send, item("c"))


def _hand_over_one(world: SmallWorld, invariants: Invariants) -> None:
    """An item waits when another leaves, whose slots may be left to Bake Items."""
    invariants.send(item("a", secs=5))
    world.loop.call_later(4 * SECOND, invariants.send, item("b"))


def _hand_over_two(world: SmallWorld, invariants: Invariants) -> None:
    """Two items wait, perhaps in one message, when a large one leaves."""
    invariants.send(item("a", size=2, secs=5))
    for item_id in ("b", "c"):
        world.loop.call_later(4 * SECOND, invariants.send, item(item_id))


def _held(item_id: str, secs: int) -> str:
    return json.dumps(
        {"id": item_id, "bakingTimeSecs": secs, "hold": True, "taskToken": f"token of {item_id}"}
    )


def _released(world: SmallWorld, invariants: Invariants) -> None:
    """A held item is released as another waits for its slot."""
    invariants.send(_held("a", 30))
    invariants.send(item("b"))
    world.loop.call_later(5 * SECOND, invariants.send, ItemRelease("a").body)


def _extended(world: SmallWorld, invariants: Invariants) -> None:
    """An extension comes at the moment when the lease ends."""
    invariants.send(_held("a", 5))
    world.loop.call_later(5 * SECOND, invariants.send, LeaseExtension("a", 5).body)


SCENARIOS = [
    Scenario("two items for one slot", ONE_SLOT, _send(item("a"), item("b"))),
    Scenario("a copy of an item", ONE_SLOT, _copied),
    Scenario(
        "three items for two slots",
        TWO_SLOTS,
        _send(item("a"), item("b", size=2), item("c")),
    ),
    Scenario("items that come as one leaves", ONE_SLOT, _hand_over),
    Scenario("an overdue item that comes again", ONE_SLOT, _overdue),
    Scenario("an item that is stopped", ONE_SLOT, _stopped),
    Scenario("an item that leaves as another waits", ONE_SLOT_AS_LARGE, _hand_over_one),
    Scenario("two items that wait in one message", TWO_SLOTS_PACKING, _hand_over_two),
    Scenario("a held item that is released", ONE_SLOT, _released),
    Scenario("an extension as the lease ends", ONE_SLOT, _extended),
    Scenario("a release before its item", ONE_SLOT, _send(ItemRelease("a").body, item("a", secs=60))),
]
