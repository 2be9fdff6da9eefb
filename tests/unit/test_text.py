"""Formats of durations, counts and times of day. Foreign text is safe to print."""

import pytest

from serverless_pizza_oven.text import counted, duration, moment, plain, slots

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("secs", "told"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (12, "12 s"),
        (59.6, "1 min"),
        (62, "1 min 2 s"),
        (601, "10 min"),
        (629, "10 min"),
        (3599, "1 h"),
        (7500, "2 h 5 min"),
        (86_400, "1 day"),
        (2 * 86_400 + 3 * 3600 + 59, "2 days 3 h"),
        (31_536_000, "365 days"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(secs: float, told: str) -> None:
    assert duration(secs) == told


def test_a_noun_is_in_the_singular_after_one_alone() -> None:
    assert [counted(count, "item") for count in (0, 1, 2)] == ["0 items", "1 item", "2 items"]
    assert [slots(count) for count in (1, 2)] == ["1 slot", "2 slots"]


def test_a_moment_has_its_date_on_another_day_alone() -> None:
    assert " " not in moment(NOW, NOW)
    assert moment(NOW - 10 * 86_400, NOW).count("-") == 2


def test_foreign_text_takes_one_line_and_moves_no_cursor() -> None:
    assert plain("red \x1b[31m\nand\ttwo  lines") == "red ?[31m and two lines"
