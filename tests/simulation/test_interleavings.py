"""Every order of what small ovens have under way, and a crash at each request."""

import pytest

from kitchen.simulation.interleavings import explore, retell
from kitchen.simulation.scenarios import SCENARIOS
from tests.simulation.mutants import MUTANTS

SMALL = {
    "two items for one slot",
    "a copy of an item",
    "an overdue item that comes again",
    "an item that is stopped",
}

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_order_of_a_very_small_oven_is_right(name: str) -> None:
    explored = explore(BY_NAME[name], crashes=0, most_runs=5000)

    assert explored.error is None
    assert explored.complete


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - SMALL))
def test_a_thousand_ways_of_a_larger_oven_are_right(name: str) -> None:
    assert explore(BY_NAME[name], crashes=0, most_runs=1000).error is None


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_thousand_ways_with_a_crash_are_right(name: str) -> None:
    assert explore(BY_NAME[name], crashes=1, most_runs=1000).error is None


def test_the_way_to_a_failure_is_told() -> None:
    mutant = next(
        mutant for mutant in MUTANTS if mutant.name == "an eviction does not compare what it has seen"
    )
    scenario = BY_NAME[mutant.faults]
    explored = explore(scenario, crashes=0, most_runs=1000, protocol=mutant.protocol())
    assert explored.way is not None

    told = retell(scenario, explored.way, crashes=0, protocol=mutant.protocol())

    assert told[-1] == str(explored.error)
