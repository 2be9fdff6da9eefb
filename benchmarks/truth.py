"""Compares the same rushes on the local stack and in the simulator."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import mean

from benchmarks.rushes import Outcome, Rush, ideal_seconds
from pizza_oven.item import Item
from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.latencies import LOCAL
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.observer import Observer
from serverless_pizza_oven.simulator.quotas import UNLIMITED
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.world import World

SEEDS = range(8)
"""The seeds of a simulated rush. Its mean is taken, since the order of concurrent requests is random."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The figures of a rush in the simulator, divided by those measured on the local stack."""

    items_per_second: float
    requests_per_item: float
    invocations_per_item: float


def simulated(rush: Rush, seed: int) -> list[Outcome]:
    """The rush that `rushes.measure` runs with this seed, once for each of SEEDS."""
    baking_times = rush.baking_times(random.Random(seed))
    return [_simulate(rush, baking_times, of_services) for of_services in SEEDS]


def agreement(real: Outcome, simulated: Sequence[Outcome]) -> Agreement:
    return Agreement(
        mean(s.items_per_second for s in simulated) / real.items_per_second,
        mean(s.requests_per_item for s in simulated) / real.requests_per_item,
        mean(s.invocations_per_item for s in simulated) / real.invocations_per_item,
    )


class _Clock(Observer):
    """Records when the last item came out."""

    def __init__(self) -> None:
        self.world: World
        self.last = 0

    def item_baked(self, _item: Item) -> None:
        self.last = self.world.loop.now


def _simulate(rush: Rush, baking_times: Sequence[int], seed: int) -> Outcome:
    clock = _Clock()
    conditions = Conditions(latencies=LOCAL, quotas=UNLIMITED)
    clock.world = world = World(Setup(capacity=rush.capacity), conditions, RandomSource(seed), clock)
    _bake(world, "warm", [1] * 2 * min(rush.capacity, 20))
    requests, invocations, out = _requests(world), _invocations(world), world.baked_items.count
    begun = world.loop.now
    _bake(world, "rush", baking_times)
    baked = world.baked_items.count - out
    world.close()
    return Outcome(
        items=len(baking_times),
        lost=max(len(baking_times) - baked, 0),
        doubled=max(baked - len(baking_times), 0),
        slots_left=world.table.row.occupied,
        seconds=(clock.last - begun) / SECOND,
        ideal=ideal_seconds(baking_times, rush.capacity),
        requests=_requests(world) - requests,
        invocations=_invocations(world) - invocations,
    )


def _bake(world: World, name: str, baking_times: Sequence[int]) -> None:
    for number, secs in enumerate(baking_times):
        world.send(json.dumps({"id": f"{name}-{number}", "bakingTimeSecs": secs}))
    while not world.is_idle:
        world.loop.run(world.loop.now + SECOND)


def _requests(world: World) -> Counter[str]:
    """Requests by action, as the emulator's server counts them."""
    found: Counter[str] = Counter()
    for field in fields(world.operations):
        operation = getattr(world.operations, field.name)
        found[operation.name.rpartition(".")[2]] += operation.requests
    return found


def _invocations(world: World) -> Counter[str]:
    return Counter(
        {
            "spo-BakeItems": world.bake_items.invocations,
            "spo-ItemRemoved": world.item_removed.invocations,
        }
    )
