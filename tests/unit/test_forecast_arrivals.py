"""When items arrive, and how they are drawn."""

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
from serverless_pizza_oven.forecast.profile import WEEK, read_profile
from serverless_pizza_oven.forecast.sample_size import default_count, notes_on
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


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("90s", 90, 90),
        ("5m-40m", 300, 2400),
        ("1-2h", 3600, 7200),
        ("30s-5m", 30, 300),
        ("1d:1,20:9", 20, 86400),
    ],
)
def test_times_may_have_units(text: str, least: int, most: int) -> None:
    spread = Distribution.read(text, is_time=True)

    assert (spread.least, spread.most) == (least, most)
    with pytest.raises(ValueError, match="none of these"):
        Distribution.read(text)


@pytest.mark.parametrize(
    ("text", "mean"), [("20", 20), ("1-4", 2.5), ("15-30:9,60:1", 26.25), ("0:1,10:3", 7.5)]
)
def test_the_mean_counts_the_weights(text: str, mean: float) -> None:
    assert Distribution.read(text).mean == mean


# Hours and weeks


def arriving_by_hour(profile: str, weeks: int) -> Counter[int]:
    end = weeks * WEEK
    moments = takewhile(lambda m: m < end, read_profile(profile).moments(RandomSource(5)))
    return Counter(moment % WEEK // HOUR for moment in moments)


def test_in_each_hour_of_the_week_as_many_come_as_the_profile_says() -> None:
    hours = arriving_by_hour("mon-fri@9-17=100/h,sat@10-12=0.5/min", weeks=20)

    told = {day * 24 + hour: 100 for day in range(5) for hour in range(9, 17)} | {130: 30, 131: 30}
    assert hours.keys() == told.keys()
    assert {hour: count / 20 for hour, count in hours.items()} == pytest.approx(told, rel=0.25)


def test_a_profile_without_days_repeats_each_day_and_another_each_week() -> None:
    assert read_profile("9-17=100/h,12-14=50/h").period == DAY
    assert read_profile("mon-fri@9-17=100/h").period == WEEK
    assert WEEK / read_profile("mon@0-1=10/h").gap == 10


@pytest.mark.parametrize(
    "text", ["", "9-17", "9-17=", "17-9=5/h", "9-25=5/h", "foo@9-17=5/h", "fri-mon@9-17=5/h", "9-17=0/h"]
)
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"hours are like|must be from 0 to 24|a day is one of|begins with|a rate"
    ):
        read_profile(text)


# How many


@pytest.mark.parametrize(
    ("way", "count"),
    [
        ("at-once", 100),
        ("steady:5", 100),
        ("daily:400/day", 2800),
        ("daily:1000000/day", 1_000_000),
        ("poisson:0.5", 10_000),
        ("poisson:1000", 200_000),
        ("poisson:1/day", 1100),
    ],
)
def test_without_a_number_as_many_are_drawn_as_show_a_steady_picture(way: str, count: int) -> None:
    arrivals = read_arrivals(way)
    assert arrivals

    assert default_count(arrivals, Distribution.of(15, 30 if count != 200_000 else 86400)) == count


def test_without_a_number_a_profile_has_whole_weeks() -> None:
    assert default_count(read_profile("mon-fri@9-17=100/h"), Distribution.of(15, 30)) == 4000


@pytest.mark.parametrize(
    ("count", "way", "words"),
    [
        (100, "at-once", ()),
        (2800, "daily:400/day", ()),
        (399, "daily:400/day", ("Too few items: 399 are less than a day of them",)),
        (999, "poisson:0.1", ("Too few items: with 999",)),
        (5000, "poisson:0.1", ()),
        (5000, "poisson:1", ("Too few slots: the items need 22.5 on average, and the oven has 14.",)),
        (100, "steady:1", ("Too few slots: the items need 22.5",)),
    ],
)
def test_too_few_items_and_too_few_slots_are_told(count: int, way: str, words: tuple[str, ...]) -> None:
    arrivals = read_arrivals(way)
    assert arrivals
    notes = notes_on(count, arrivals, Distribution.of(15, 30), Distribution.of(1, 1), 14)

    assert len(notes) == len(words)
    assert all(note.startswith(start) for note, start in zip(notes, words, strict=True))


@pytest.mark.parametrize("text", ["", "a", "-1", "3-", "4-3", "1:", "1,,2", "5:0", "1.5", "9999999999"])
def test_what_is_no_spread_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"none of these|above the second|all weights are 0"):
        Distribution.read(text)
