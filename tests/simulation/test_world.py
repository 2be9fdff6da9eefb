"""The oven and its services in virtual time, without faults, within the quotas of AWS."""

from dataclasses import replace

import pytest

from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.latencies import AWS, Latencies, Latency
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, START
from serverless_pizza_oven.simulator.quotas import LARGE_REGION
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.world import World


def oven(capacity: int = 14, seed: int = 1, **conditions: object) -> World:
    return World(Setup(capacity=capacity), replace(Conditions(), **conditions), RandomSource(seed))  # type: ignore[arg-type]


def send(world: World, count: int, secs: int) -> None:
    for number in range(count):
        world.send(f'{{"id":"item-{number}","bakingTimeSecs":{secs}}}')


def bake(world: World, count: int, most_secs: int = 3600) -> float:
    """Run until so many items are out. Returns the seconds that took."""
    while world.baked_items.count < count:
        assert world.loop.now < START + most_secs * SECOND, f"only {world.baked_items.count} are out"
        world.loop.run(world.loop.now + SECOND // 10)
    return (world.loop.now - START) / SECOND


def requests(world: World) -> int:
    operations = world.operations
    return sum(getattr(operations, name).requests for name in operations.__slots__)


def test_all_items_of_a_rush_come_out_in_little_more_than_the_ideal_time() -> None:
    world = oven()
    send(world, 140, secs=30)

    assert bake(world, 140) < 1.07 * 10 * 30


def test_nothing_is_left_when_all_are_out() -> None:
    world = oven()
    send(world, 60, secs=3)
    bake(world, 60)

    world.loop.run(world.loop.now + 5 * MINUTE - (world.loop.now - START) % MINUTE - SECOND)

    assert world.is_idle


def test_items_that_all_fit_take_few_requests() -> None:
    world = oven(capacity=200)
    send(world, 60, secs=20)
    bake(world, 60)

    assert requests(world) / 60 < 3.3


def test_the_same_seed_takes_the_same_time_and_requests() -> None:
    outcomes = []
    for seed in (5, 5, 6):
        world = oven(seed=seed)
        send(world, 100, secs=2)
        bake(world, 100)
        world.loop.run(START + 10 * MINUTE)
        outcomes.append((requests(world), world.bake_items.billed, world.item_removed.cold_starts))

    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_starts_are_throttled_and_nothing_is_lost() -> None:
    world = oven(capacity=500, quotas=replace(LARGE_REGION, starts=5, starts_burst=5))
    send(world, 60, secs=1)

    bake(world, 60)

    bucket = world.operations.start_execution.quota
    assert bucket is not None
    assert bucket.refused > 0
    assert bucket.first_refusal is not None


def test_a_row_that_is_written_too_often_is_throttled_and_nothing_is_lost() -> None:
    world = oven(capacity=500, quotas=replace(LARGE_REGION, row_writes=5))
    send(world, 60, secs=1)

    bake(world, 60)

    assert world.operations.update_item.quota is not None
    assert world.operations.update_item.quota.refused > 0


def test_tasks_beyond_the_concurrency_are_tried_again() -> None:
    world = oven(capacity=500, quotas=replace(LARGE_REGION, concurrency=6))
    send(world, 100, secs=5)

    bake(world, 100)

    assert world.concurrency.peak == 6
    assert world.concurrency.refused > 0


def test_names_are_forgotten_in_time_and_memory_is_bounded() -> None:
    world = oven(capacity=50, names_kept=10 * SECOND)
    send(world, 300, secs=2)
    bake(world, 300)

    assert len(world.executions.bakings) < 300


def test_an_instance_is_warm_for_the_next_event() -> None:
    world = oven()
    for number in range(10):
        world.loop.call_later(number * 5 * SECOND, world.send, f'{{"id":"i{number}","bakingTimeSecs":1}}')
    bake(world, 10)

    assert world.bake_items.cold_starts == 1
    assert world.bake_items.invocations >= 10


def test_a_function_that_takes_too_long_is_timed_out() -> None:
    forever = Latency.always(11_000)
    world = oven(latencies=replace(AWS, write_row=forever))
    send(world, 1, secs=1)

    world.loop.run(START + 30 * SECOND)

    assert not world.bake_items.busy
    assert world.new_items.count() >= 1
    assert world.table.row.leases == {}


@pytest.mark.parametrize("count", [1, 10, 25])
def test_where_nothing_takes_time_only_baking_does(count: int) -> None:
    world = oven(capacity=5, latencies=Latencies.none())
    send(world, count, secs=10)

    assert bake(world, count) == pytest.approx(-(-count // 5) * 10, abs=0.2)


def test_a_latency_has_the_percentiles_that_it_was_given() -> None:
    random_source = RandomSource(3)
    latency = Latency.of(p50=10, p90=20, p99=60)
    drawn = sorted(latency.draw(random_source) for _ in range(20_000))

    assert drawn[10_000] == pytest.approx(10_000, rel=0.05)
    assert drawn[18_000] == pytest.approx(20_000, rel=0.05)
    assert drawn[19_780] == pytest.approx(60_000, rel=0.1)
