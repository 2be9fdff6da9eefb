"""Pages of Markdown."""

import textwrap
from collections.abc import Iterable, Sequence

COLUMNS = 120

MADE = "<!-- Made by `make reference`. -->"


def page(title: str, intro: str, *blocks: str) -> str:
    """A page of blocks. Prose is wrapped."""
    return "\n\n".join(_wrapped(block) for block in (f"# {title}", MADE, intro, *blocks)) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".") + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _wrapped(block: str) -> str:
    if block.startswith(("#", "|", "<")):
        return block
    return textwrap.fill(block, COLUMNS, break_long_words=False, break_on_hyphens=False)
