"""Each name stands for one thing, so that a search finds it."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED_AND_TOOLS = (ROOT / "lambda", ROOT / "src")
EVERYTHING = (*SHIPPED_AND_TOOLS, *(ROOT / name for name in ("tests", "benchmarks", "pictures", "trials")))

NAMED_BY_PYTEST = {"__init__.py", "__main__.py", "conftest.py"}
"""Files whose names mean something to Python or to pytest."""


def python_files(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def classes(*folders: Path) -> Counter[str]:
    """How often each class name is defined."""
    return Counter(
        node.name
        for path in python_files(*folders)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )


def test_no_two_classes_have_the_same_name() -> None:
    defined = classes(*SHIPPED_AND_TOOLS)
    assert not {name for name, count in defined.items() if count > 1}


def test_no_three_files_have_the_same_name() -> None:
    names = Counter(path.name for path in python_files(*EVERYTHING))
    assert not {name for name, count in names.items() if count > 2} - NAMED_BY_PYTEST
