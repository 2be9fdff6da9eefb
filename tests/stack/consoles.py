"""The blocks of the documentation: commands, their expected output, and files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```\w+\n(# (\S*\.\w+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT, CONTINUATION = "$ ", "> "
ANYTHING = "..."


@dataclass(frozen=True, slots=True)
class Typed:
    """A command in a page."""

    page: str
    line: int
    command: str
    answer: str
    """The output that the page shows. If empty, any output is right."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.command}"


def typed_in(page: Path) -> Iterator[Typed]:
    """The commands of a page, in their order."""
    text = page.read_text()
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        yield from _typed(str(page), first, block[1].splitlines())


def files_in(page: Path) -> dict[str, str]:
    """The files that a page shows, by name: blocks whose first line is a comment with the name."""
    return {block[2]: block[1] for block in FILE.finditer(page.read_text())}


def _typed(page: str, first: int, lines: list[str]) -> Iterator[Typed]:
    starts = [n for n, line in enumerate(lines) if line.startswith(PROMPT)]
    assert starts[:1] == [0], f"{page}:{first}: a console block begins with a command: {PROMPT}..."
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        said = start + 1
        while said < end and lines[said].startswith(CONTINUATION):
            said += 1
        command = [line.removeprefix(PROMPT).removeprefix(CONTINUATION) for line in lines[start:said]]
        yield Typed(page, first + start, "\n".join(command), "\n".join(lines[said:end]).rstrip())


def answers(output: str, expected: str) -> bool:
    """Whether an output is what a page shows: `...` stands for anything in a line, or for any lines."""
    if not expected:
        return True
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    return bool(re.fullmatch(_pattern(expected), "".join(f"{line}\n" for line in lines)))


def _pattern(expected: str) -> str:
    return "".join(
        r"(?:.*\n)*?" if line.strip() == ANYTHING else _line_pattern(line) for line in expected.splitlines()
    )


def _line_pattern(line: str) -> str:
    # The distance of columns depends on their contents.
    words = [re.escape(word).replace(r"\.\.\.", ".*") for word in line.split()]
    return r"\s*" + r"[^\S\n]+".join(words) + r"\n"
