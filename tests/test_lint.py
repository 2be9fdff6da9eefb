"""Lint and types, beside the other tests: `make check` alone keeps one core busy."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_lint_and_types_are_clean() -> None:
    checked = subprocess.run(
        ["make", "--silent", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
