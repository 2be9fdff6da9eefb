"""Every order of what small ovens have under way, and a crash at each request."""

from itertools import count

import pytest

from serverless_pizza_oven.simulator import interleavings
from serverless_pizza_oven.simulator.interleavings import SmallWorld, explore
from serverless_pizza_oven.simulator.invariants import Invariants
from serverless_pizza_oven.simulator.scenarios import SCENARIOS
from tests.simulation import mutants

ALL_OF_IT = [
    ("two items for one slot", 0),
    ("a copy of an item", 0),
    ("a copy of an item", 1),
    ("an overdue item that comes again", 0),
    ("an overdue item that comes again", 1),
    ("an item that is stopped", 0),
]

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

LARGER = sorted({(name, crashes) for name in BY_NAME for crashes in (0, 1)} - set(ALL_OF_IT))

RARELY_SET_ASIDE = {"FifoQueue._ring", "FifoQueue._opened"}
"""A message of the line is seldom hidden, and more seldom visible again as something else is due."""


class Onlooker(Invariants):
    """Invariants that also keep every sight they have ever had of the services."""

    def __init__(self, sights: set[str]) -> None:
        super().__init__()
        self._sights = sights

    def check(self) -> None:
        super().check()
        world = self._world
        row = world.table.row
        self._sights.add(
            repr(
                (
                    world.loop.now,
                    (row, sorted(row.leases.items())),
                    [(letter.body, letter.sent_at) for letter in world.line.letters()],
                    world.line.shut,
                    sorted((letter.body, letter.receive_count) for letter in world.new.letters()),
                    sorted(letter.body for letter in world.dead.letters()),
                    sorted(
                        (baking.item.id, baking.status, baking.waiting)
                        for baking in world.executions.bakings.values()
                    ),
                    sorted(self.out.items()),
                    self._on_the_way(),
                )
            )
        )


@pytest.mark.parametrize(("name", "crashes"), ALL_OF_IT)
def test_every_order_of_a_very_small_oven_is_right(name: str, crashes: int) -> None:
    explored = explore(BY_NAME[name], crashes, most_runs=5000)

    assert explored.error is None
    assert explored.complete


@pytest.mark.parametrize(("name", "crashes"), LARGER)
def test_a_thousand_ways_of_a_larger_oven_are_right(name: str, crashes: int) -> None:
    assert explore(BY_NAME[name], crashes, most_runs=1000).error is None


def test_all_that_is_set_aside_is_something_that_comes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    came_up: set[object] = set()

    class Register(frozenset[object]):
        def __contains__(self, name: object) -> bool:
            came_up.add(name)
            return super().__contains__(name)

    monkeypatch.setattr(interleavings, "ASIDE", Register(interleavings.ASIDE))
    for name in ("a copy of an item", "an item that is stopped"):
        explore(BY_NAME[name], crashes=0, most_runs=1000)

    assert interleavings.ASIDE - came_up == RARELY_SET_ASIDE


@pytest.mark.parametrize(("name", "crashes"), ALL_OF_IT[:2] + ALL_OF_IT[4:])
def test_what_is_set_aside_hides_nothing(name: str, crashes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sights: set[str] = set()
    all_sights: set[str] = set()

    fewer = explore(BY_NAME[name], crashes, 20_000, new_invariants=lambda: Onlooker(sights))
    monkeypatch.setattr(interleavings, "ASIDE", frozenset())
    more = explore(BY_NAME[name], crashes, 20_000, new_invariants=lambda: Onlooker(all_sights))

    assert fewer.complete
    assert more.complete
    assert fewer.states < more.states
    assert sights == all_sights


@pytest.mark.parametrize(("name", "crashes"), ALL_OF_IT)
def test_a_thousand_ways_through_states_seen_before_show_nothing_new(
    name: str, crashes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sights: set[str] = set()
    other_sights: set[str] = set()

    explored = explore(BY_NAME[name], crashes, 20_000, new_invariants=lambda: Onlooker(sights))
    numbers = count()
    monkeypatch.setattr(SmallWorld, "state", lambda _world: next(numbers))
    explore(BY_NAME[name], crashes, 1000, new_invariants=lambda: Onlooker(other_sights))

    assert explored.complete
    assert other_sights <= sights


def test_the_way_to_a_failure_is_told() -> None:
    mutant = mutants.BY_NAME["an eviction does not compare what it has seen"]
    mutated = mutant.simulator()
    scenarios = {scenario.name: scenario for scenario in mutated.scenarios.SCENARIOS}
    scenario = scenarios[mutant.faults]
    explored = mutated.interleavings.explore(scenario, crashes=0, most_runs=1000)
    assert explored.way is not None

    told = mutated.interleavings.retell(scenario, explored.way, crashes=0)

    assert told[-1] == str(explored.error)
