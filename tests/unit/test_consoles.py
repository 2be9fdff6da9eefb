"""How the commands of the documentation are read and their output compared."""

from pathlib import Path

import pytest

from tests.stack.consoles import Typed, answers, typed_in

PAGE = """Text.

```console
$ oven send \\
>   --id a
sent a
$ oven status
```

```text
$ not run
```
"""


def test_a_console_block_is_commands_and_their_answers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    assert list(typed_in(page)) == [
        Typed(str(page), 4, "oven send \\\n  --id a", "sent a"),
        Typed(str(page), 7, "oven status", ""),
    ]


def test_a_console_block_without_a_command_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\noven status\n```\n")

    with pytest.raises(AssertionError, match="a console block begins with a command"):
        list(typed_in(page))


@pytest.mark.parametrize(
    ("output", "expected", "is_it"),
    [
        ("anything\n", "", True),
        ("a  b\n", "a b", True),
        ("a b\n", "a c", False),
        ("sent 3 items in 0.2 s\n", "sent 3 items in ... s", True),
        ("sent 4 items in 0.2 s\n", "sent 3 items in ... s", False),
        ("first\nsecond\nthird\n", "first\n...\nthird", True),
        ("first\nsecond\nthird\n", "first\nthird", False),
        ("first\nsecond\n", "...\nfirst\nsecond", True),
        ("first\nsecond\n", "first", False),
    ],
)
def test_dots_stand_for_anything_in_a_line_or_for_any_lines(output: str, expected: str, is_it: bool) -> None:
    assert answers(output, expected) == is_it
