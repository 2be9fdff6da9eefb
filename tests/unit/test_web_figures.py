"""The figures that the page gets from successive statuses, and what they cost."""

from collections.abc import Iterable
from typing import Any

import pytest

from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.web.figures import HISTORY_POINTS, LiveFigures
from serverless_pizza_oven.web.scripted import ScriptedRush, status_at
from serverless_pizza_oven.web.watching_cost import cost_in_words, dollars_an_hour


def told(*looks: Status) -> dict[str, Any]:
    """What is told of the last of them."""
    figures = LiveFigures()
    for look in looks:
        last = figures.add(look)
    return last


def bakes(*ids: str, until: float) -> list[BakingItem]:
    return [BakingItem(item_id, 1, until) for item_id in ids]


def each_second(secs: int, items: Iterable[BakingItem], **others: Any) -> list[Status]:
    """Statuses of an oven whose items come out on time."""
    return [status_at(at, [item for item in items if item.until > at], **others) for at in range(secs)]


def test_a_look_is_told_with_its_numbers_and_who_comes_out_next_first() -> None:
    look = status_at(
        100.0,
        [BakingItem("late", 2, 130.0), BakingItem("soon", 1, 110.0), BakingItem("stuck", 1, 90.0)],
        capacity=6,
        waiting=3,
        new=2,
        baked=5,
        dead=1,
    )

    news = told(look)

    assert news["items"] == [
        ["stuck", 1, 90.0, 100.0, True],
        ["soon", 1, 110.0, 100.0, False],
        ["late", 2, 130.0, 100.0, False],
    ]
    numbers = ("at", "occupied", "capacity", "waiting", "new", "baked", "dead", "paused")
    assert [news[name] for name in numbers] == [100.0, 4, 6, 3, 2, 5, 1, False]


def test_a_held_item_is_told_with_its_holder_and_its_lease_begins_anew_with_each_extension() -> None:
    def held(until: float, extensions: int) -> list[BakingItem]:
        return [BakingItem("kept", 2, until, extensions), *bakes("a", until=130)]

    news = told(status_at(100, held(120, 0)), status_at(101, held(120, 0)))
    assert news["items"] == [["kept", 2, 120, 100, False, 0], ["a", 1, 130, 100, False]]

    news = told(status_at(100, held(120, 0)), status_at(105, held(125, 1)), status_at(106, held(125, 1)))
    assert news["items"][0] == ["kept", 2, 125, 105, False, 1]

    anonymous, named = [BakingItem("kept", 2, 120, 1, holder=holder) for holder in ("", "anna@ci")]
    assert told(status_at(100, [anonymous]))["items"] == [["kept", 2, 120, 100, False, 1]]
    assert told(status_at(100, [named]))["items"] == [["kept", 2, 120, 100, False, 1, "anna@ci"]]


def test_a_held_item_that_leaves_was_not_baked_and_tells_nothing_of_how_long_others_wait() -> None:
    kept = BakingItem("kept", 1, 101.0, 0)
    news = told(status_at(100, [kept]), status_at(102, waiting=1))
    assert news["out"] == 0

    arrived = [BakingItem("kept", 1, 160.0, 0)]
    assert told(status_at(100), status_at(101, arrived, waiting=1))["waitSecs"] is None
    baking = [*arrived, *bakes("a", until=111)]
    assert told(status_at(100), status_at(101, baking, waiting=1))["waitSecs"] == pytest.approx(10)


def test_a_pizza_is_known_since_its_first_look() -> None:
    news = told(status_at(100, bakes("a", until=110)), status_at(101, bakes("a", "b", until=110)))

    assert {item[0]: item[3] for item in news["items"]} == {"a": 100, "b": 101}


def test_who_left_in_time_has_come_out_and_who_left_early_has_not() -> None:
    news = told(status_at(100, [*bakes("a", until=100.5), *bakes("b", until=500)]), status_at(101))

    assert (news["out"], news["left"]) == (1, 2)


def test_two_come_out_each_second_so_it_is_120_a_minute() -> None:
    looks = each_second(31, [BakingItem(f"p{n}", 1, n / 2 + 0.1) for n in range(200)])

    assert told(*looks)["bakedAMinute"] == pytest.approx(120, rel=0.02)


def test_only_the_last_minute_counts() -> None:
    burst = [BakingItem(f"p{n}", 1, 5) for n in range(50)]

    assert told(*each_second(50, burst))["bakedAMinute"] > 0
    assert told(*each_second(80, burst))["bakedAMinute"] == 0


def test_a_rate_of_less_than_five_seconds_is_not_told() -> None:
    assert told(*each_second(4, bakes("a", until=2)))["bakedAMinute"] is None


def test_what_left_while_nobody_looked_does_not_count() -> None:
    before = each_second(10, [BakingItem(f"p{n}", 1, 100) for n in range(50)])
    after = [status_at(1000 + at) for at in range(10)]

    news = told(*before, *after)

    assert news["bakedAMinute"] == 0
    assert sum(told(*before, *after[:1])[name] for name in ("out", "left")) == 0


def test_nobody_waits_no_time() -> None:
    assert told(status_at(100, bakes("a", until=110)))["waitSecs"] == 0


def test_how_long_one_waits_is_unknown_at_the_first_look_and_while_paused() -> None:
    items = [BakingItem(f"p{n}", 1, n + 0.1) for n in range(60)]

    assert told(status_at(100, bakes("a", until=110), waiting=5))["waitSecs"] is None
    assert told(*each_second(40, items, waiting=5))["waitSecs"] is not None
    assert told(*each_second(40, items, waiting=5, is_paused=True))["waitSecs"] is None


def test_one_waits_as_long_as_the_baking_times_promise_before_any_is_out() -> None:
    looks = [status_at(99), status_at(100, [BakingItem("a", 1, 1900), BakingItem("b", 1, 700)], waiting=4)]

    # One is out every 1,800 s, the other every 600 s: one every 450 s.
    assert told(*looks)["waitSecs"] == pytest.approx(4 * 450)


def test_one_waits_as_long_as_the_line_took_of_late_once_an_ovenful_is_out() -> None:
    now = 0.0
    rush = ScriptedRush([4.0] * 400, capacity=14, clock=lambda: now)
    figures = LiveFigures()
    for second in range(45):
        now = second
        news = figures.add(rush())

    # 14 are out every 4 s.
    assert news["waitSecs"] == pytest.approx(news["waiting"] / 14 * 4, rel=0.1)


def test_the_history_holds_five_minutes_and_no_more() -> None:
    figures = LiveFigures()
    for at in range(1000):
        figures.add(status_at(at, bakes(f"p{at}", until=at + 1)))

    assert len(figures.history) == HISTORY_POINTS
    assert figures.history[0]["at"] == 700
    assert figures.history[-1] == {
        "at": 999, "occupied": 1, "capacity": 14, "waiting": 0, "out": 1, "left": 1,
    }  # fmt: skip


def test_watching_costs_about_a_cent_an_hour_and_more_the_larger_the_row() -> None:
    # 3,600 looks at three standard queues, a FIFO one and a row of 4 KB, and 60 at nine metrics.
    assert dollars_an_hour(14) == pytest.approx(3600 * (3 * 0.4 + 0.5 + 0.125) / 1e6 + 540 * 0.01 / 1000)
    assert dollars_an_hour(14) < dollars_an_hour(500) < dollars_an_hour(4000) < 0.1


def test_the_page_says_what_it_costs_on_aws_and_that_it_is_free_here() -> None:
    assert "about 1.2 cents an hour on AWS" in cost_in_words(14, is_local=False)
    assert "free" in cost_in_words(14, is_local=True)
    assert "which hides them from others for a moment" in cost_in_words(14, is_local=False)
