"""Prints the tables of docs/benchmarks.md."""

from typing import Annotated

import typer

from benchmarks.functions import cold_starts, package_bytes
from benchmarks.rushes import RUSHES, Outcome, Rush, measure
from benchmarks.truth import agreement, simulated


def main(
    only: Annotated[str | None, typer.Option(help="One rush: A, B, C, load or demo.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often to run each rush.")] = 1,
    seed: int = 1,
) -> None:
    """Measure the oven on this machine. Takes some minutes. Do not use the machine meanwhile."""
    outcomes: list[tuple[str, Outcome]] = []
    truths: list[str] = []
    print(
        "| rush | time, by the ideal | requests | invocations | items a second | lost, doubled, slots left |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for rush in RUSHES:
        if only not in (None, rush.name):
            continue
        for run in range(runs):
            o = measure(rush, seed + run)
            outcomes.append((rush.name, o))
            truths.append(truth_line(rush, seed + run, o))
            print(
                f"| {rush.name}: {rush.what} | {o.times_ideal:.3f} | {o.requests_per_item:.2f} "
                f"| {o.invocations_per_item:.2f} | {o.items_per_second:.1f} "
                f"| {o.lost}, {o.doubled}, {o.slots_left} |",
                flush=True,
            )
    print()
    print_by_action(outcomes)
    print()
    print("| rush: simulated, by measured | items a second | requests | invocations |")
    print("| --- | --- | --- | --- |")
    print("\n".join(truths))
    if not only:
        print()
        print_functions()


def print_by_action(outcomes: list[tuple[str, Outcome]]) -> None:
    """Print the requests and invocations per item, by action and function."""
    names = sorted({name for _, o in outcomes for name in (*o.requests, *o.invocations)})
    print(f"| each item, in rush | {' | '.join(name for name, _ in outcomes)} |")
    print(f"| --- |{' --- |' * len(outcomes)}")
    for name in names:
        shares = [(o.requests[name] + o.invocations[name]) / o.items for _, o in outcomes]
        print(f"| {name} | {' | '.join(f'{share:.2f}' for share in shares)} |")


def truth_line(rush: Rush, seed: int, real: Outcome) -> str:
    """A row of the table that divides simulated by measured figures."""
    a = agreement(real, simulated(rush, seed))
    figures = (a.items_per_second, a.requests_per_item, a.invocations_per_item)
    return f"| {rush.name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |"


def print_functions() -> None:
    """Print the size of the package and the time to import the functions."""
    print("| functions | |")
    print("| --- | --- |")
    print(f"| package | {package_bytes() / 1024:.0f} KB |")
    for cold_start in cold_starts():
        print(f"| import of {cold_start.module} | {cold_start.import_secs * 1000:.0f} ms |")


if __name__ == "__main__":
    typer.run(main)
