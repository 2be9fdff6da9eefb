"""Random schedules of small ovens: no invariant breaks, and each schedule can be replayed."""

import pytest

from serverless_pizza_oven.simulator.faults import MILD, ROUGH, ActiveFaults, Fault, Faults
from serverless_pizza_oven.simulator.random_source import (
    RecordingSource,
    ScriptedSource,
    format_draws,
    parse_draws,
)
from serverless_pizza_oven.simulator.schedules import ROUGHNESS, play, search, trace
from tests.simulation.mutants import BY_NAME


@pytest.mark.parametrize("faults", ROUGHNESS.values(), ids=ROUGHNESS)
def test_every_invariant_holds_in_every_schedule(faults: Faults) -> None:
    assert search(range(100_000, 100_800), faults) is None


def test_a_schedule_is_the_same_each_time() -> None:
    traces = []
    for _ in range(2):
        random_source = RecordingSource(7)
        play(random_source, ROUGH)
        traces.append(trace(random_source.drawn, ROUGH))

    assert traces[0] == traces[1]
    assert len(traces[0]) > 20


def test_recorded_draws_play_the_same_schedule() -> None:
    random_source = RecordingSource(11)
    play(random_source, MILD)

    replayed = ScriptedSource(parse_draws(format_draws(random_source.drawn)))
    play(replayed, MILD)

    assert replayed.drawn == random_source.drawn


def test_a_failure_is_shrunk_to_the_shortest_schedule_that_ends_in_it() -> None:
    mutated = BY_NAME["new items overtake those that wait"].simulator().schedules
    found = mutated.search(range(100), mutated.MILD)
    assert found is not None
    _, failure = found

    draws = mutated.shortest(failure, mutated.MILD)

    assert sum(drawn > 0 for drawn in draws) < sum(drawn > 0 for drawn in failure.drawn)
    lines = mutated.trace(draws, mutated.MILD)
    assert lines[-1].startswith("I6: ")
    assert len(lines) < 80
    assert play(ScriptedSource(draws), MILD) is None


def test_each_fault_of_a_request_is_as_likely_as_its_rate() -> None:
    faults = ActiveFaults(Faults(crash_before=0.000001, refused=0.1, partial=0.05))

    shares = {fault: faults.likely.count(fault) / len(faults.likely) for fault in Fault}
    assert faults.total == pytest.approx(0.150001)
    assert shares[Fault.REFUSED] * faults.total == pytest.approx(0.1)
    assert shares[Fault.PARTIAL] * faults.total == pytest.approx(0.05)
    assert shares[Fault.CRASH_BEFORE] * faults.total == pytest.approx(0.000001)
    assert shares[Fault.HANG] == 0


@pytest.mark.parametrize("draws", [[], [0, 0, 0], [5], [0, 3, 0, 0, 7], [1, 0, 0, 0, 0, 2]])
def test_draws_are_parsed_as_they_were_formatted(draws: list[int]) -> None:
    assert parse_draws(format_draws(draws)) == draws
