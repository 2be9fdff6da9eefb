"""The summary of the demo."""

import json

import pytest

from serverless_pizza_oven.demo.menu import Pizza
from serverless_pizza_oven.demo.summary import summarize
from serverless_pizza_oven.demo.tally import Arrival, Tally
from serverless_pizza_oven.forecast.ideal import ideal_secs


def finished(*arrivals: float, secs: int = 2) -> Tally:
    """A run that sent one pizza for each arrival, all at 100.0, and got them all."""
    pizzas = [Pizza(f"p{n}", "Margherita", secs) for n in range(len(arrivals))]
    tally = Tally(pizzas, sent={pizza.id: 100.0 for pizza in pizzas})
    for pizza, at in zip(pizzas, arrivals, strict=True):
        tally.came_out(pizza.id, Arrival(f"message of {pizza.id}", at))
    return tally


@pytest.mark.parametrize(
    ("baking_times", "capacity", "secs"),
    [
        ([3], 1, 3),
        ([3, 4], 1, 7),
        ([3, 4], 2, 4),
        ([5, 1, 1, 1], 2, 5),
        # First come, first served, not the shortest first: the long one waits its turn.
        ([2, 2, 5], 2, 7),
        ([4, 1, 3, 2], 2, 6),
        ([1, 1], 4000, 1),
        ([0, 0], 1, 0),
    ],
)
def test_the_ideal_is_first_come_first_served_with_no_overhead(
    baking_times: list[int], capacity: int, secs: int
) -> None:
    assert ideal_secs(baking_times, capacity) == secs


def test_a_run_in_which_all_came_out_once_has_nothing_to_explain() -> None:
    assert summarize(finished(102.5, 102.5), capacity=2).reason is None


def test_time_runs_from_the_first_send_to_the_last_arrival_and_is_compared_with_the_ideal() -> None:
    tally = finished(102.5, 105.0)
    tally.sent["p1"] = 101.0

    summary = summarize(tally, capacity=1)

    assert (summary.secs, summary.ideal_secs, summary.times_ideal) == (5.0, 4, 1.25)
    assert "5.0 s, 1.25 times the 4 s that baking alone takes in 1 slot\n" in summary.as_text()


def test_waiting_is_the_time_from_being_sent_to_being_out_without_the_baking() -> None:
    summary = summarize(finished(*(102.0 + wait for wait in range(1, 101))), capacity=1)

    assert (summary.median_wait_secs, summary.p99_wait_secs) == (50.5, 99.0)


def test_a_clock_that_is_ahead_makes_no_pizza_wait_for_less_than_nothing() -> None:
    assert summarize(finished(101.0), capacity=1).median_wait_secs == 0.0


def test_without_a_known_capacity_there_is_no_ideal() -> None:
    summary = summarize(finished(102.5), capacity=None)

    assert summary.ideal_secs is None
    assert "ideal" not in summary.as_text()


def test_pizzas_that_bake_for_no_time_are_compared_with_nothing() -> None:
    summary = summarize(finished(100.5, secs=0), capacity=1)

    assert summary.times_ideal is None
    assert "Time     0.5 s\n" in summary.as_text()


def test_missing_doubles_and_dead_ones_are_the_reason_in_one_line() -> None:
    tally = finished(102.0, 102.0)
    tally.pizzas = [*tally.pizzas, *(Pizza(f"lost{n}", "Napoli", 2) for n in range(5))]
    tally.sent |= {f"lost{n}": 100.0 for n in range(5)}
    tally.came_out("p1", Arrival("another message", 103.0))
    tally.dead_lettered("lost4", "burnt")

    summary = summarize(tally, capacity=14)

    assert summary.reason == (
        "of 7 pizzas: 1 dead letter (lost4), 4 missing (lost0, lost1, lost2 and 1 more), "
        "1 came out more than once (p1)"
    )
    assert "DLQ      1 pizza\n         lost4: burnt" in summary.as_text()
    assert summary.ideal_secs is None


def test_what_was_not_sent_is_a_reason_too() -> None:
    assert summarize(Tally([Pizza("p", "Napoli", 2)]), capacity=1).reason == "of 1 pizza: 1 not sent"


def test_the_json_says_it_all() -> None:
    tally = finished(102.5)
    tally.pizzas = [*tally.pizzas, Pizza("dead", "Napoli", 2)]
    tally.sent["dead"] = 100.0
    tally.dead_lettered("dead", "burnt")

    assert json.loads(json.dumps(summarize(tally, capacity=14).as_json())) == {
        "pizzas": 2,
        "baked": 1,
        "missing": [],
        "doubles": [],
        "deadLetters": [{"id": "dead", "reason": "burnt"}],
        "capacity": 14,
        "seconds": 2.5,
        "idealSeconds": None,
        "timesIdeal": None,
        "waitingSeconds": {"median": 0.5, "p99": 0.5},
    }
