"""Random schedules of small ovens: nothing breaks them, and each can be played again."""

import pytest

from kitchen.simulation.dice import LoadedDice, RecordingDice, read, written
from kitchen.simulation.faults import MILD, ROUGH, Faults
from kitchen.simulation.schedules import ROUGHNESS, play, search, shortest, story
from tests.simulation.mutants import MUTANTS


@pytest.mark.parametrize("faults", ROUGHNESS.values(), ids=ROUGHNESS)
def test_every_invariant_holds_in_every_schedule(faults: Faults) -> None:
    assert search(range(100_000, 100_800), faults) is None


def test_a_schedule_is_the_same_each_time() -> None:
    stories = []
    for _ in range(2):
        dice = RecordingDice(7)
        play(dice, ROUGH)
        stories.append(story(dice.drawn, ROUGH))

    assert stories[0] == stories[1]
    assert len(stories[0]) > 20


def test_what_the_dice_fell_on_plays_the_same_schedule() -> None:
    dice = RecordingDice(11)
    play(dice, MILD)

    again = LoadedDice(read(written(dice.drawn)))
    play(again, MILD)

    assert again.drawn == dice.drawn


def test_a_failure_is_told_by_the_shortest_story_that_ends_in_it() -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "new items are loaded past those who wait")
    found = search(range(100), MILD, mutant.protocol())
    assert found is not None
    _, failure = found

    draws = shortest(failure, MILD, mutant.protocol())

    assert sum(drawn > 0 for drawn in draws) < sum(drawn > 0 for drawn in failure.drawn)
    told = story(draws, MILD, mutant.protocol())
    assert told[-1].startswith("I6: ")
    assert len(told) < 40
    assert play(LoadedDice(draws), MILD) is None


@pytest.mark.parametrize("draws", [[], [0, 0, 0], [5], [0, 3, 0, 0, 7], [1, 0, 0, 0, 0, 2]])
def test_draws_are_read_as_they_were_written(draws: list[int]) -> None:
    assert read(written(draws)) == draws
