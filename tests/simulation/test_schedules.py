"""Random schedules of small ovens: nothing breaks them, and each can be played again."""

import pytest

from serverless_pizza_oven.simulator.faults import MILD, ROUGH, ActiveFaults, Fault, Faults
from serverless_pizza_oven.simulator.random_source import RecordingSource, ScriptedSource, read, written
from serverless_pizza_oven.simulator.schedules import ROUGHNESS, play, search, trace
from tests.simulation.mutants import BY_NAME


@pytest.mark.parametrize("faults", ROUGHNESS.values(), ids=ROUGHNESS)
def test_every_invariant_holds_in_every_schedule(faults: Faults) -> None:
    assert search(range(100_000, 100_800), faults) is None


def test_a_schedule_is_the_same_each_time() -> None:
    stories = []
    for _ in range(2):
        random_source = RecordingSource(7)
        play(random_source, ROUGH)
        stories.append(trace(random_source.drawn, ROUGH))

    assert stories[0] == stories[1]
    assert len(stories[0]) > 20


def test_what_the_dice_fell_on_plays_the_same_schedule() -> None:
    random_source = RecordingSource(11)
    play(random_source, MILD)

    again = ScriptedSource(read(written(random_source.drawn)))
    play(again, MILD)

    assert again.drawn == random_source.drawn


def test_a_failure_is_told_by_the_shortest_story_that_ends_in_it() -> None:
    mutated = BY_NAME["new items overtake those that wait"].simulator().schedules
    found = mutated.search(range(100), mutated.MILD)
    assert found is not None
    _, failure = found

    draws = mutated.shortest(failure, mutated.MILD)

    assert sum(drawn > 0 for drawn in draws) < sum(drawn > 0 for drawn in failure.drawn)
    told = mutated.trace(draws, mutated.MILD)
    assert told[-1].startswith("I6: ")
    assert len(told) < 40
    assert play(ScriptedSource(draws), MILD) is None


def test_each_fault_of_requests_strikes_as_often_as_its_rate_says() -> None:
    faults = ActiveFaults(Faults(crash_before=0.000001, refused=0.1, partial=0.05))

    shares = {fault: faults.likely.count(fault) / len(faults.likely) for fault in Fault}
    assert faults.total == pytest.approx(0.150001)
    assert shares[Fault.REFUSED] * faults.total == pytest.approx(0.1)
    assert shares[Fault.PARTIAL] * faults.total == pytest.approx(0.05)
    assert shares[Fault.CRASH_BEFORE] * faults.total == pytest.approx(0.000001)
    assert shares[Fault.HANG] == 0


@pytest.mark.parametrize("draws", [[], [0, 0, 0], [5], [0, 3, 0, 0, 7], [1, 0, 0, 0, 0, 2]])
def test_draws_are_read_as_they_were_written(draws: list[int]) -> None:
    assert read(written(draws)) == draws
