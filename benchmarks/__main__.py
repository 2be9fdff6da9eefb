"""Prints the tables of docs/benchmarks.md."""

from typing import Annotated

import typer

from benchmarks.functions import cold_starts, package_bytes
from benchmarks.rushes import RUSHES, measure


def main(
    only: Annotated[str | None, typer.Option(help="One rush: A, B, C or load.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often to run each rush.")] = 1,
    seed: int = 1,
) -> None:
    """Measure the oven on this machine. Takes some minutes; leave the machine alone meanwhile."""
    print("| rush | x ideal | requests/item | invocations/item | items/s | lost, doubled, slots left |")
    print("| --- | --- | --- | --- | --- | --- |")
    for rush in RUSHES:
        if only not in (None, rush.name):
            continue
        for run in range(runs):
            o = measure(rush, seed + run)
            print(
                f"| {rush.name}: {rush.what} | {o.times_ideal:.3f} | {o.requests_per_item:.2f} "
                f"| {o.invocations_per_item:.2f} | {o.items_per_second:.1f} "
                f"| {o.lost}, {o.doubled}, {o.slots_left} |",
                flush=True,
            )
    if only:
        return
    print()
    print("| functions | |")
    print("| --- | --- |")
    print(f"| package | {package_bytes() / 1024:.0f} KB |")
    for cold_start in cold_starts():
        print(f"| import of {cold_start.module} | {cold_start.import_secs * 1000:.0f} ms |")


typer.run(main)
