"""Explores small ovens in every order of events, with a crash at each request or a throttle of each."""

from functools import cache
from itertools import count

import pytest

from serverless_pizza_oven.simulator.exploration import Explored, explore
from serverless_pizza_oven.simulator.invariants import Invariants
from serverless_pizza_oven.simulator.scenarios import SCENARIOS
from serverless_pizza_oven.simulator.small_world import COMMUTING, FaultBudget, SmallWorld
from tests.simulation import mutants

NONE, CRASH, REFUSAL = FaultBudget(), FaultBudget(crashes=1), FaultBudget(refusals=1)

COMPLETE = [
    ("two items for one slot", NONE),
    ("a copy of an item", NONE),
    ("a copy of an item", CRASH),
    ("a copy of an item", REFUSAL),
    ("an overdue item that comes again", NONE),
    ("an overdue item that comes again", CRASH),
    ("an overdue item that comes again", REFUSAL),
    ("an item that is stopped", NONE),
    ("an extension as the lease ends", NONE),
    ("an extension as the lease ends", CRASH),
    ("an extension as the lease ends", REFUSAL),
    ("a release before its item", NONE),
]
"""Scenarios that can be explored to the end in a few seconds."""

SMALLEST = [
    (name, budget)
    for name, budget in COMPLETE
    if name in ("a copy of an item", "an overdue item that comes again")
]

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

LARGER = [
    (name, budget) for name in BY_NAME for budget in (NONE, CRASH, REFUSAL) if (name, budget) not in COMPLETE
]

RARELY_DUE = {"FifoQueue._on_unlocked"}
"""A line that was locked is seldom free again just when something else is due."""


class StateCollector(Invariants):
    """Invariants that also collect every state of the services in which they were checked."""

    def __init__(self, states: set[str]) -> None:
        super().__init__()
        self._states = states

    def check(self) -> None:
        super().check()
        world = self._world
        row = world.table.row
        self._states.add(
            repr(
                (
                    world.loop.now,
                    (row, sorted(row.leases.items())),
                    [(letter.body, letter.sent_at) for letter in world.line.messages()],
                    world.line.locked,
                    sorted((letter.body, letter.receive_count) for letter in world.new_items.messages()),
                    sorted(letter.body for letter in world.dead_letters.messages()),
                    sorted(
                        (baking.item.id, baking.status, baking.waiting)
                        for baking in world.executions.bakings.values()
                    ),
                    sorted(self.out.items()),
                    self._line.is_served(),
                )
            )
        )


@cache
def explored_with_states(name: str, budget: FaultBudget) -> tuple[Explored, set[str]]:
    """A scenario that was explored to the end, and every state in it. Several tests begin with that."""
    states: set[str] = set()
    explored = explore(BY_NAME[name], budget, most_runs=20_000, new_invariants=lambda: StateCollector(states))
    return explored, states


@pytest.mark.parametrize(("name", "budget"), COMPLETE)
def test_every_order_of_a_very_small_oven_is_right(name: str, budget: FaultBudget) -> None:
    explored, _ = explored_with_states(name, budget)

    assert explored.error is None
    assert explored.complete


@pytest.mark.parametrize(("name", "budget"), LARGER)
def test_hundreds_of_orders_of_a_larger_oven_are_right(name: str, budget: FaultBudget) -> None:
    assert explore(BY_NAME[name], budget, most_runs=300).error is None


def test_each_call_that_is_not_part_of_a_choice_comes_up() -> None:
    came_up: set[object] = set()

    class Register(frozenset[str]):
        def __contains__(self, name: object) -> bool:
            came_up.add(name)
            return super().__contains__(name)

    for name in ("a copy of an item", "an item that is stopped"):
        explore(BY_NAME[name], most_runs=1000, first=Register(COMMUTING))

    assert COMMUTING - came_up == RARELY_DUE


@pytest.mark.parametrize(("name", "budget"), SMALLEST)
def test_calls_that_are_not_part_of_a_choice_hide_no_state(name: str, budget: FaultBudget) -> None:
    all_states: set[str] = set()

    fewer, states = explored_with_states(name, budget)
    more = explore(
        BY_NAME[name],
        budget,
        most_runs=20_000,
        new_invariants=lambda: StateCollector(all_states),
        first=frozenset(),
    )

    assert fewer.complete
    assert more.complete
    assert fewer.states < more.states
    assert states == all_states


@pytest.mark.parametrize(("name", "budget"), COMPLETE)
def test_hundreds_of_paths_through_states_seen_before_show_nothing_new(
    name: str, budget: FaultBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_states: set[str] = set()

    explored, states = explored_with_states(name, budget)
    numbers = count()
    monkeypatch.setattr(SmallWorld, "state", lambda _world: next(numbers))
    explore(BY_NAME[name], budget, most_runs=300, new_invariants=lambda: StateCollector(other_states))

    assert explored.complete
    assert other_states <= states


def test_a_refusal_shows_what_no_order_of_requests_shows() -> None:
    mutated = mutants.BY_NAME["slots are freed before the item is handed out"].simulator()
    scenarios = {scenario.name: scenario for scenario in mutated.scenarios.SCENARIOS}
    explore, budget = mutated.exploration.explore, mutated.small_world.FaultBudget

    without = explore(scenarios["a copy of an item"], most_runs=1000)
    refused = explore(scenarios["a copy of an item"], budget(refusals=1), most_runs=1000)

    assert without.complete
    assert without.error is None
    assert str(refused.error) == "I2: a is lost"


def test_the_path_to_a_failure_is_traced() -> None:
    mutant = mutants.BY_NAME["an eviction does not compare the lease that was seen"]
    mutated = mutant.simulator()
    scenarios = {scenario.name: scenario for scenario in mutated.scenarios.SCENARIOS}
    scenario = scenarios[mutant.faults]
    explored = mutated.exploration.explore(scenario, most_runs=1000)
    assert explored.path is not None

    lines = mutated.exploration.trace_path(scenario, explored.path)

    assert lines[-1] == str(explored.error)
