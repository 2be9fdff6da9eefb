"""A simulator that finds nothing proves nothing: it must find every one of these."""

import pytest

from serverless_pizza_oven.simulator.interleavings import explore
from serverless_pizza_oven.simulator.scenarios import SCENARIOS
from serverless_pizza_oven.simulator.schedules import ROUGHNESS, search
from tests.simulation.mutants import MUTANTS, Mutant

SCHEDULES = 2500
RUNS = 2000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_protocol_is_found_out(mutant: Mutant) -> None:
    protocol = mutant.protocol()

    scenario = next((scenario for scenario in SCENARIOS if scenario.name == mutant.faults), None)

    if scenario is None:
        assert search(range(SCHEDULES), ROUGHNESS[mutant.faults], protocol) is not None
    else:
        assert explore(scenario, crashes=0, most_runs=RUNS, protocol=protocol).error is not None


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) >= 15
