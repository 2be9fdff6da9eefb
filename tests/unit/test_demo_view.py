"""How the demo shows its progress."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console, Group

from serverless_pizza_oven.demo.bars import Bars
from serverless_pizza_oven.demo.progress_bars import ProgressBars, bar, frame
from serverless_pizza_oven.demo.progress_lines import ProgressLines
from serverless_pizza_oven.demo.run import Progress


def progress(*counts: int, secs: float = 12.4, total: int = 100, dead: int = 0) -> Progress:
    return Progress(Bars(*counts), dead, total, secs)


@pytest.mark.parametrize("width", [10, 20, 30, 40, 80, 200])
@pytest.mark.parametrize("plain", [False, True])
def test_no_line_of_a_frame_is_wider_than_the_terminal(width: int, plain: bool) -> None:
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)

    with console.capture() as drawn:
        console.print(Group(frame(progress(100, 100, 100, 100), width, plain=plain)))

    lines = drawn.get().splitlines()
    assert len(lines) == 5
    assert all(cell_len(line) <= width for line in lines)


def test_the_four_bars_are_in_the_order_of_a_pizzas_way() -> None:
    lines = frame(progress(1, 20, 14, 65), 80, plain=False).plain.splitlines()

    assert [line.split("  ")[-1].strip() for line in lines] == [
        "1 IN 👩‍🍳",
        "20 WAITING 🔜",
        "14 BAKING 🔥",
        "65 OUT 🍕",
        "12 s",
    ]


def test_nothing_stands_behind_an_emoji_that_its_width_could_shift() -> None:
    lines = frame(progress(1, 20, 14, 65), 80, plain=False).plain.splitlines()[:4]

    labels = ["IN", "WAITING", "BAKING", "OUT"]
    assert [line[-1] for line in lines] == list("🍳🔜🔥🍕")
    assert len({line.index(label) for line, label in zip(lines, labels, strict=True)}) == 1


def test_a_terminal_without_unicode_gets_ascii() -> None:
    drawn = frame(progress(1, 20, 14, 65, dead=2), 80, plain=True).plain

    assert drawn.isascii()
    assert "20 WAITING" in drawn
    assert drawn.endswith("12 s, 2 dead")


def test_a_narrow_terminal_gets_the_numbers_alone() -> None:
    drawn = frame(progress(1, 20, 14, 65), 20, plain=False).plain

    assert drawn.splitlines()[1] == " 20 WAITING 🔜"


@pytest.mark.parametrize(
    ("count", "drawn"),
    [(0, ""), (1, "▏"), (500, "█████"), (550, "█████▌"), (1000, "██████████")],
)
def test_a_bar_is_as_long_as_its_share_and_something_is_never_nothing(count: int, drawn: str) -> None:
    assert bar(count, 1000, 10, plain=False) == drawn


def test_the_last_frame_that_was_shown_stays_however_young_the_one_before() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)

    with ProgressBars(console, clock=lambda: 0.0) as drawing:
        drawing.show(progress(100, 0, 0, 0, secs=0))
        drawing.show(progress(0, 0, 0, 100, secs=33))

    assert "33 s" in screen.getvalue()
    assert "100 OUT" in screen.getvalue()


def test_plain_lines_come_when_something_changed_and_two_seconds_passed() -> None:
    said: list[str] = []
    lines = ProgressLines(said.append)

    for secs, out in [(0.0, 0), (1.9, 1), (2.1, 2), (4.2, 2), (9.0, 3)]:
        lines.show(progress(0, 0, 14, out, secs=secs))

    assert said == [
        "   0 s  in 0, waiting 0, baking 14, out 0 of 100",
        "   2 s  in 0, waiting 0, baking 14, out 2 of 100",
        "   9 s  in 0, waiting 0, baking 14, out 3 of 100",
    ]


def test_plain_lines_end_with_the_final_state_however_young_the_line_before() -> None:
    said: list[str] = []

    with ProgressLines(said.append) as lines:
        for secs, out in [(0.0, 0), (1.0, 99), (1.1, 100)]:
            lines.show(progress(0, 0, 0, out, secs=secs))

    assert [line.split("out ")[1] for line in said] == ["0 of 100", "100 of 100"]


def test_a_final_state_that_was_told_is_not_told_again() -> None:
    said: list[str] = []

    with ProgressLines(said.append) as lines:
        lines.show(progress(0, 0, 0, 100, secs=0.0))
        lines.show(progress(0, 0, 0, 100, secs=3.0))

    assert len(said) == 1


def test_what_else_is_going_on_stands_behind_the_time_and_is_shown_at_once() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)

    with ProgressBars(console, clock=lambda: 0.0) as drawing:
        drawing.show(progress(100, 0, 0, 0, secs=0))
        drawing.show(replace(progress(0, 0, 0, 100, secs=33), note="looking for doubles"))
        assert "33 s, looking for doubles" in screen.getvalue()


def test_plain_lines_tell_of_the_dead() -> None:
    said: list[str] = []
    ProgressLines(said.append).show(progress(0, 0, 0, 9, secs=0.0, dead=1))

    assert said == ["   0 s  in 0, waiting 0, baking 0, out 9 of 100, dead 1"]
