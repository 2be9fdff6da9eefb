"""What a cold start costs: the size of the functions' package, and the time to import it."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from serverless_pizza_oven.deployment.package import build_package

HANDLERS = ("pizza_oven.functions.bake_items", "pizza_oven.functions.item_removed")
RUNS = 9

_TIMED_IMPORT = """
import time, sys
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The cold start of one handler."""

    module: str
    import_secs: float
    """The median in seconds, botocore included."""


def package_bytes() -> int:
    """The size of the zip."""
    return len(build_package().content)


def cold_starts() -> list[ColdStart]:
    """Import each handler from the zip, in fresh interpreters."""
    with tempfile.TemporaryDirectory() as folder:
        zip_path = Path(folder) / "package.zip"
        zip_path.write_bytes(build_package().content)
        subprocess.run([sys.executable, "-m", "zipfile", "-e", zip_path, folder], check=True)
        return [ColdStart(module, _import_secs(module, folder)) for module in HANDLERS]


def _import_secs(module: str, folder: str) -> float:
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", _TIMED_IMPORT.format(module=module)],
                cwd=folder,
                env={"PYTHONPATH": folder},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(RUNS)
    ]
    # The first one compiles.
    return median(runs[1:])
