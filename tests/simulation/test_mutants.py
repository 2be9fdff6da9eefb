"""The simulator finds each of the mutants."""

import sys

import pytest

import pizza_oven.ports
from serverless_pizza_oven.simulator.schedules import ROUGHNESS
from tests.simulation.mutants import BY_NAME, MUTANTS, Mutant
from tests.simulation.patched_simulator import OVEN, PatchedSimulator

SCHEDULES = 1000
RUNS = 2000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_protocol_is_found_out(mutant: Mutant) -> None:
    simulator = mutant.simulator()
    scenarios = {scenario.name: scenario for scenario in simulator.scenarios.SCENARIOS}

    if mutant.faults in ROUGHNESS:
        faults = simulator.schedules.ROUGHNESS[mutant.faults]
        seeds = range(mutant.first_seed, mutant.first_seed + SCHEDULES)
        assert simulator.schedules.search(seeds, faults) is not None
    else:
        explored = simulator.exploration.explore(scenarios[mutant.faults], most_runs=RUNS)
        assert explored.error is not None


def test_a_count_that_is_too_high_is_found_although_it_heals() -> None:
    schedules = (
        BY_NAME["one message too few is subtracted when messages leave the line"].simulator().schedules
    )

    found = schedules.search(range(100), schedules.NONE)

    assert found is not None
    assert "items are counted" in str(found[1].error)


def test_there_are_enough_of_them() -> None:
    assert len(BY_NAME) == len(MUTANTS) >= 15


def test_a_patched_simulator_leaves_the_ordinary_modules_as_they_were() -> None:
    before = dict(sys.modules)

    patched = PatchedSimulator({OVEN / "ports.py": (OVEN / "ports.py").read_text() + "PATCHED = True\n"})

    assert sys.modules == before
    assert sys.modules["pizza_oven.ports"] is pizza_oven.ports
    assert not hasattr(pizza_oven.ports, "PATCHED")
    assert patched.schedules is not sys.modules["serverless_pizza_oven.simulator.schedules"]


def test_a_piece_of_text_that_is_not_there_once_is_refused() -> None:
    for piece in ("no such text", "def "):
        with pytest.raises(ValueError, match=r"plans\.py has"):
            Mutant("wrong", "plans.py", ((piece, ""),)).source()
