"""Rushes A and B in MiniStack as its package ships it, without the patches of the local stack.

Run it with `python -m benchmarks.stock`, on an idle machine. `--other PROGRAM` names the `oven` of another
release, which is measured in turns with this one.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.rushes import RUSHES, Rush, bake, ideal_seconds
from serverless_pizza_oven.aws import local
from serverless_pizza_oven.deployment.stack import find_stack
from serverless_pizza_oven.local.emulator import HOST, emulator_environment, free_port
from serverless_pizza_oven.local.oven import LocalOven

PROGRAMS = Path(sys.executable).parent
STACK = "stock"
START_SECS = 60


def main(
    other: Annotated[str | None, typer.Option(help="The oven program of another release.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often to run each rush.")] = 2,
    seed: int = 1,
) -> None:
    """Print a table."""
    programs = [str(PROGRAMS / "oven"), *([other] if other else [])]
    print("| rush | program | time / ideal | lost | doubled |")
    print("| --- | --- | --- | --- | --- |")
    for rush in RUSHES[:2]:
        for run in range(runs):
            # In turns, so that neither is always the first.
            for program in programs if run % 2 == 0 else reversed(programs):
                print(f"| {rush.name} | {program} | {measured(program, rush, seed + run)} |", flush=True)


def measured(program: str, rush: Rush, seed: int) -> str:
    """Run the rush through an oven that `program` deployed and that was warmed up."""
    secs = rush.baking_times(random.Random(seed))
    with stock_emulator() as url:
        deploy(program, url, rush.capacity)
        aws = local(url)
        oven = LocalOven(aws, find_stack(aws, STACK), url)
        bake(oven, "warm", [1] * 2 * rush.capacity)
        time.sleep(2)
        start, arrivals = bake(oven, "rush", secs)
    times_ideal = (max(when for _, when in arrivals) - start) / ideal_seconds(secs, rush.capacity)
    out = {item_id for item_id, _ in arrivals}
    return f"{times_ideal:.3f} | {len(secs) - len(out)} | {len(arrivals) - len(out)}"


@contextmanager
def stock_emulator() -> Iterator[str]:
    """Run `ministack` on a free port while the block runs. Yields its URL."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [PROGRAMS / "ministack"],
            env=emulator_environment(port, Path(folder)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()


def deploy(program: str, url: str, capacity: int) -> None:
    """Have `program` make the stack, as soon as the emulator answers."""
    # Release 1.1.0 does not know that stock MiniStack refuses alarms on metric math.
    options = ["--stack", STACK, "--capacity", str(capacity), "--parameter", "Alarms=DISABLED"]
    command = [program, "deploy", "--yes", "--endpoint-url", url, *options]
    give_up = time.monotonic() + START_SECS
    while (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        if time.monotonic() > give_up:
            sys.exit(done.stderr)
        time.sleep(0.5)


if __name__ == "__main__":
    typer.run(main)
