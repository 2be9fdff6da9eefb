"""When items come, and of what kind they are."""

from collections import Counter
from itertools import islice, takewhile

import pytest

from serverless_pizza_oven.forecast.arrivals import (
    CURVE,
    DAY,
    HOUR,
    UNIT,
    Rate,
    along_the_curve,
    exponential,
    read_arrivals,
)
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.workload import DrawnWorkload
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.random_source import RandomSource


def moments(way: str, count: int, seed: int = 1) -> list[int]:
    arrivals = read_arrivals(way)
    assert arrivals
    return list(islice(arrivals.moments(RandomSource(seed)), count))


# Moments


def test_all_come_at_once() -> None:
    assert moments("at-once", 3) == [0, 0, 0]


def test_steady_ones_come_at_equal_distances_and_never_drift() -> None:
    assert moments("steady:3", 7) == [0, 333_333, 666_666, 1_000_000, 1_333_333, 1_666_666, 2_000_000]


def test_chance_falls_the_same_on_any_machine() -> None:
    assert moments("poisson:2/s", 4) == [67_182, 791_927, 1_186_289, 1_402_672]
    assert moments("daily:1000/h", 3) == [2_418_555, 28_509_395, 42_706_415]


def test_distances_of_poisson_are_exponential() -> None:
    random_source = RandomSource(3)
    drawn = [exponential(random_source) / UNIT for _ in range(20_000)]

    assert sum(drawn) / len(drawn) == pytest.approx(1, abs=0.02)
    assert sum(number * number for number in drawn) / len(drawn) == pytest.approx(2, abs=0.1)
    # 1 - 1/e of them are below the mean, and e^-3 above three times as much.
    assert sum(number < 1 for number in drawn) / len(drawn) == pytest.approx(0.632, abs=0.01)
    assert sum(number > 3 for number in drawn) / len(drawn) == pytest.approx(0.0498, abs=0.005)


def test_as_many_come_in_each_hour_of_a_day_as_the_curve_says() -> None:
    arrivals = read_arrivals("daily:24000/day")
    assert arrivals
    hours = Counter(
        moment // HOUR for moment in takewhile(lambda m: m < DAY, arrivals.moments(RandomSource(5)))
    )

    assert [hours[hour] / 1000 for hour in range(24)] == pytest.approx([n / 10 for n in CURVE], abs=0.15)


def test_the_curve_changes_neither_the_order_nor_how_many_come_in_a_day() -> None:
    even = range(0, 2 * DAY, 7 * HOUR // 13)
    curved = [along_the_curve(moment) for moment in even]

    assert sum(CURVE) == 240
    assert curved == sorted(curved)
    assert [along_the_curve(moment) for moment in (0, DAY, 2 * DAY)] == [0, DAY, 2 * DAY]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("5", SECOND / 5),
        ("0.5/s", 2 * SECOND),
        ("300/min", SECOND / 5),
        ("3600/h", SECOND),
        ("86400/day", SECOND),
    ],
)
def test_a_rate_is_so_many_in_a_time(text: str, gap: float) -> None:
    assert Rate.read(text).gap == gap


@pytest.mark.parametrize("text", ["", "0", "0.0/s", "-1", "5/week", "x", "1e3", "5/ s", "٣"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a rate is like 5/s"):
        Rate.read(text)


# Items


def test_another_way_to_come_changes_nothing_about_the_items_and_another_seed_does() -> None:
    def items(way: str, seed: int) -> list[tuple[int, int]]:
        arrivals = read_arrivals(way)
        assert arrivals
        workload = DrawnWorkload(50, arrivals, Distribution.of(15, 30), Distribution.of(1, 4))
        return [(item.baking_time_secs, item.size) for _, item in workload.items(seed)]

    assert items("at-once", 1) == items("poisson:5", 1) == items("steady:1/min", 1)
    assert items("at-once", 1) != items("at-once", 2)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("3", {3: 8000}),
        ("1-4", {1: 2000, 2: 2000, 3: 2000, 4: 2000}),
        ("1:3,9:1", {1: 6000, 9: 2000}),
        ("1-2:2, 7:2 ,0:0", {1: 2000, 2: 2000, 7: 4000}),
    ],
)
def test_numbers_are_as_likely_as_their_weights(text: str, counts: dict[int, int]) -> None:
    spread = Distribution.read(text)
    random_source = RandomSource(1)
    drawn = Counter(spread.draw(random_source) for _ in range(8000))

    assert drawn == pytest.approx(counts, rel=0.1)


@pytest.mark.parametrize("text", ["", "a", "-1", "3-", "4-3", "1:", "1,,2", "5:0", "1.5", "9999999999"])
def test_what_is_no_spread_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"none of these|above the second|all weights are 0"):
        Distribution.read(text)
