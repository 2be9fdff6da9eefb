"""`python -m serverless_pizza_oven.simulator` as its user sees it."""

import pytest
from typer.testing import CliRunner

from serverless_pizza_oven.simulator.__main__ import app


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("search --faults evil", "--faults"),
        ("search --schedules 0", "--schedules"),
        ("replay --faults evil", "--faults"),
        ("replay --draws zz", "--draws"),
        ("replay --draws 0x", "--draws"),
        ("replay --draws 1,-2", "--draws"),
        ("replay --draws 1,,2", "--draws"),
        ("replay --draws 0x99999999999", "--draws"),
        ("explore --only nothing", "--only"),
        ("explore --crashes -1", "--crashes"),
        ("explore --refusals -1", "--refusals"),
        ("explore --most-runs 0", "--most-runs"),
        ("speed --items 0", "--items"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_option_named(arguments: str, option: str) -> None:
    ended = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})

    assert isinstance(ended.exception, SystemExit)
    assert ended.exit_code == 2
    assert f"Invalid value for {option}" in ended.output.replace("'", "")


@pytest.mark.parametrize("draws", ["", "0", "2,0x12,1"])
def test_a_schedule_is_replayed_by_its_draws(draws: str) -> None:
    ended = CliRunner().invoke(app, ["replay", "--faults", "none", "--draws", draws])

    assert ended.exit_code == 0
    assert ended.output.endswith("every invariant holds\n")


def test_a_search_tells_how_many_schedules_it_has_played() -> None:
    ended = CliRunner().invoke(app, "search --schedules 2 --faults none")

    assert ended.exit_code == 0
    assert "2 schedules from seed 0, none: every invariant holds" in ended.output
