"""How a forecast formats its numbers."""

import pytest

from serverless_pizza_oven.forecast.report import dollars, number, span


@pytest.mark.parametrize(
    ("secs", "said"),
    [
        (0, "0.00 s"),
        (0.3409, "0.34 s"),
        (70.25, "70.2 s"),
        (174.43, "174.4 s"),
        (300, "5 min 0 s"),
        (3599.6, "60 min 0 s"),
        (7200, "2 h 0 min"),
        (19_959, "5 h 33 min"),
        (31_536_000, "365.0 days"),
    ],
)
def test_a_span_is_told_in_the_units_that_suit_it(secs: float, said: str) -> None:
    assert span(secs) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.57342, "0.573"), (4.88, "4.88"), (41.02, "41.0"), (706.4, "706"), (12345, "12,345")],
)
def test_a_number_has_three_digits_or_all_of_its_whole_ones(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "-"),
        (0, "$0.00"),
        (0.0000023, "under $0.0001"),
        (0.005589, "$0.0056"),
        (0.518, "$0.518"),
        (55.934, "$55.93"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_told_in_as_many_digits_as_say_something(value: float | None, said: str) -> None:
    assert dollars(value) == said
