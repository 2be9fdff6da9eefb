"""The linter of CloudFormation templates."""

import subprocess
import sys
from pathlib import Path


def lint(template: Path, empty_folder: Path) -> tuple[str, int]:
    """Returns what it says, and its exit code.

    It runs in an empty home directory, so that no configuration file has an effect.
    """
    linter = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--", template],
        cwd=empty_folder,
        env={"HOME": str(empty_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return linter.stdout + linter.stderr, linter.returncode
