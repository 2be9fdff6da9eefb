"""Commands that take turns, with shell commands in place of `oven hold`."""

import os
import time

import pytest

from serverless_pizza_oven.demo.turns import TurnsTaken, take_turns, work_of


def turns(*scripts: str, capacity: int = 2) -> tuple[TurnsTaken, list[str]]:
    lines: list[str] = []
    commands = [["sh", "-c", script] for script in scripts]
    return take_turns(commands, os.environ, capacity, time.monotonic, lines.append), lines


def test_the_most_that_ran_at_once_is_counted_by_what_they_print() -> None:
    one = "echo a works for 0 s; echo a is done"
    taken, lines = turns(f"{one}; {one}; echo b works for 1 s; echo c works for 1 s; echo c is done")

    assert (taken.commands, taken.at_once, taken.failed, taken.reason) == (1, 2, 0, None)
    assert [line.partition(" s  ")[2] for line in lines][:2] == ["a works for 0 s", "a is done"]


def test_a_command_tells_when_it_works_under_the_id_of_its_hold() -> None:
    lines: list[str] = []
    environment = os.environ | {"OVEN_HOLD_ID": "demo-1"}
    take_turns([work_of(0)], environment, 1, lambda: 0, lines.append)

    assert lines == ["  0.0 s  demo-1 works for 0 s", "  0.0 s  demo-1 is done"]


@pytest.mark.parametrize(
    ("scripts", "reason"),
    [
        (["true", "exit 3"], "1 of 2 commands failed"),
        (
            ["for n in 1 2 3; do echo $n works for 1 s; done"],
            "3 commands ran at once, with 2 slots",
        ),
    ],
)
def test_what_went_wrong_is_told(scripts: list[str], reason: str) -> None:
    assert turns(*scripts)[0].reason == reason


def test_no_command_goes_on_when_the_demo_ends_early() -> None:
    def stop(_line: str) -> None:
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        take_turns([["sh", "-c", "echo on; exec sleep 60"]], os.environ, 1, time.monotonic, stop)

    assert time.monotonic() - begun < 30
