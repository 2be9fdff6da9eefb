"""`oven cost` uses the requests of an item that the simulator counts."""

import json
import math
from collections.abc import Callable
from dataclasses import fields

import pytest

from serverless_pizza_oven.operations.item_cost import (
    ADMITTED_AT_ONCE,
    ADMITTED_FROM_LINE,
    IDLE_CHECK,
    ResourceUse,
)
from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.world import World

ITEMS = 1000

CLIENTS = 0.3
"""Requests of the sender and the receiver for an item: a tenth to send, to receive, to delete."""


def counted(world: World, over: int) -> ResourceUse:
    """The use of a world, divided by its number of items."""
    o = world.operations
    to_the_line = (o.send_to_line, o.receive_from_line, o.delete_from_line, o.put_back_in_line, o.count_line)
    functions = (world.bake_items, world.item_removed)
    used = ResourceUse(
        standard_requests=world.event_source.receives
        + world.event_source.deletes
        + o.send_trigger.requests
        + o.send_baked.requests
        + o.send_leaving.requests
        + o.receive_leaving.requests
        + o.delete_leaving.requests,
        fifo_requests=sum(operation.requests for operation in to_the_line),
        writes=o.update_item.requests + o.update_item_once.requests,
        reads=o.get_item.requests,
        invocations=sum(function.invocations for function in functions),
        function_secs=sum(function.billed for function in functions) / SECOND,
        decisions=0,
        transitions=world.executions.transitions,
    )
    return used * (1 / over)


def baked(slots: int, mean_gap_secs: float, secs: Callable[[RandomSource], int]) -> World:
    """A world in which items have come one at a time, at random, without a pilot light."""
    world, chance = (
        World(Setup(capacity=slots, pilot_light_secs=None), Conditions(), RandomSource(0)),
        RandomSource(1),
    )
    moment = 0.0
    for number in range(ITEMS):
        moment -= math.log(1 - chance.below(1_000_000) / 1_000_000) * mean_gap_secs * SECOND
        body = json.dumps({"id": f"item-{number}", "bakingTimeSecs": secs(chance)})
        world.loop.call_later(int(moment), world.send, body)
    while world.baked_items.count < ITEMS:
        world.loop.run(world.loop.now + MINUTE)
    world.close()
    return world


def assert_alike(assumed: ResourceUse, found: ResourceUse) -> None:
    for field in fields(ResourceUse):
        if field.name != "decisions":
            assert getattr(assumed, field.name) == pytest.approx(getattr(found, field.name), rel=0.1), (
                field.name
            )


def test_an_item_that_finds_room() -> None:
    found = counted(baked(slots=90, mean_gap_secs=1, secs=lambda _: 20), over=ITEMS)

    assert_alike(ADMITTED_AT_ONCE, found + ResourceUse(CLIENTS, 0, 0, 0, 0, 0))


def test_an_item_that_waits() -> None:
    # 14 slots and 22.5 s are an item each 1.6 s: more come, so that hardly any finds room.
    found = counted(baked(slots=14, mean_gap_secs=1.5, secs=lambda chance: 15 + chance.below(16)), over=ITEMS)

    assert_alike(ADMITTED_FROM_LINE, found + ResourceUse(CLIENTS, 0, 0, 0, 0, 0))


def test_a_look_of_the_pilot_light_at_an_idle_oven() -> None:
    world = World(Setup(), Conditions(), RandomSource(0))
    world.loop.run(world.loop.now + 60 * MINUTE + SECOND)
    world.close()

    # EventBridge sends the trigger.
    assert_alike(IDLE_CHECK, counted(world, over=60) + ResourceUse(1, 0, 0, 0, 0, 0))
