"""Searches for schedules that break the oven, and prints what happens in one, step by step."""

import re
import resource
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.exploration import explore as explore_scenario
from serverless_pizza_oven.simulator.exploration import trace_path
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, START
from serverless_pizza_oven.simulator.random_source import (
    RandomSource,
    RecordingSource,
    format_draws,
    parse_draws,
)
from serverless_pizza_oven.simulator.scenarios import SCENARIOS
from serverless_pizza_oven.simulator.schedules import ROUGHNESS, play, search, shortest, trace
from serverless_pizza_oven.simulator.small_world import FaultBudget
from serverless_pizza_oven.simulator.world import World

HOUR = 60 * MINUTE

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


class NamedFaults(StrEnum):
    """The sets of fault rates."""

    ROUGH = "rough"
    MILD = "mild"
    NONE = "none"


FAULTS = typer.Option(help="The rates of all faults.")

_DRAWS = re.compile(r"(?:(?:^|,)(?:0x[0-9]{1,6}|[0-9]{1,9}))*", re.ASCII)

EXIT_BROKEN = 1
"""The exit code when an invariant breaks."""


@app.command("search")
def search_schedules(
    schedules: Annotated[int, typer.Option(min=1, help="How many to play.")] = 1000,
    first_seed: Annotated[int, typer.Option(help="The seed of the first. The others follow.")] = 0,
    faults: Annotated[NamedFaults, FAULTS] = NamedFaults.ROUGH,
) -> None:
    """Play random schedules until one breaks an invariant, and then print the shortest that does."""
    begun = time.monotonic()
    seeds = range(first_seed, first_seed + schedules)
    with typer.progressbar(length=schedules, file=sys.stderr) as bar:
        found = search(seeds, ROUGHNESS[faults], on_played=lambda: bar.update(1))
    if found is None:
        secs = time.monotonic() - begun
        typer.echo(
            f"{schedules} schedules from seed {first_seed}, {faults}: every invariant holds ({secs:.1f} s)"
        )
        return
    seed, failure = found
    typer.echo(f"seed {seed}: {failure.error}", err=True)
    draws = shortest(failure, ROUGHNESS[faults])
    typer.echo("\n".join(trace(draws, ROUGHNESS[faults])))
    typer.echo(
        f"\npython -m serverless_pizza_oven.simulator replay --faults {faults} --draws {format_draws(draws)}"
    )
    raise typer.Exit(EXIT_BROKEN)


@app.command()
def replay(
    faults: Annotated[NamedFaults, FAULTS] = NamedFaults.ROUGH,
    seed: Annotated[int | None, typer.Option(help="The seed of the schedule.")] = None,
    draws: Annotated[str, typer.Option(help="The numbers to draw, as search prints them.")] = "",
) -> None:
    """Print what happens in one schedule, step by step."""
    if not _DRAWS.fullmatch(draws):
        raise typer.BadParameter(
            f"{draws!r:.60} is not a list of numbers separated by commas, as search prints it",
            param_hint="--draws",
        )
    script = parse_draws(draws)
    if seed is not None:
        random_source = RecordingSource(seed)
        play(random_source, ROUGHNESS[faults])
        script = random_source.drawn
    typer.echo("\n".join(trace(script, ROUGHNESS[faults])))


@app.command()
def explore(
    crashes: Annotated[int, typer.Option(min=0, help="Functions that may be killed in a run.")] = 0,
    refusals: Annotated[int, typer.Option(min=0, help="Requests that AWS may refuse in a run.")] = 0,
    most_runs: Annotated[int, typer.Option(min=1, help="Stop after so many runs of a scenario.")] = 20_000,
    only: Annotated[str | None, typer.Option(help="One scenario, by its name.")] = None,
) -> None:
    """Explore small ovens: each order of requests, each crash, each refused request."""
    chosen = [scenario for scenario in SCENARIOS if only in (None, scenario.name)]
    if not chosen:
        raise typer.BadParameter(
            f"the scenarios are {', '.join(scenario.name for scenario in SCENARIOS)}", param_hint="--only"
        )
    budget = FaultBudget(crashes, refusals)
    for scenario in chosen:
        begun = time.monotonic()
        explored = explore_scenario(scenario, budget, most_runs=most_runs)
        extent = "all of it" if explored.complete else f"stopped after {explored.runs} runs"
        secs = time.monotonic() - begun
        typer.echo(
            f"{scenario.name}: {explored.states} states, {explored.runs} runs, {extent} ({secs:.1f} s)"
        )
        if explored.path is not None:
            typer.echo("\n".join(trace_path(scenario, explored.path, budget)))
            raise typer.Exit(EXIT_BROKEN)


@app.command()
def speed(
    items: Annotated[int, typer.Option(min=1, help="How many to bake.")] = 1_000_000,
    slots: Annotated[int, typer.Option(min=1, help="The capacity of the oven.")] = 500,
    baking_secs: Annotated[int, typer.Option(min=0, help="How long each item bakes.")] = 5,
    a_second: Annotated[float, typer.Option(min=0, help="Arrivals a second; 0: all at once.")] = 83,
) -> None:
    """Bake many items without faults, and print how long the simulation took.

    By default no item waits. With `--slots 14 --baking-secs 22 --a-second 0` nearly all do.
    """
    conditions = Conditions(names_kept=HOUR)
    world = World(Setup(capacity=slots), conditions, RandomSource(0))
    gap = round(SECOND / a_second) if a_second else 0
    sent = 0

    def send() -> None:
        nonlocal sent
        world.send(f'{{"id":"item-{sent}","bakingTimeSecs":{baking_secs}}}')
        sent += 1
        if sent < items:
            world.loop.call_later(gap, send)

    world.loop.call_later(0, send)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    while world.baked_items.count < items:
        world.loop.run(world.loop.now + MINUTE)
    secs, cpu_secs = time.perf_counter() - begun, time.process_time() - begun_cpu
    world.close()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    typer.echo(
        f"{items} items in {(world.loop.now - START) / SECOND:.0f} virtual seconds: "
        f"{secs:.1f} s, of it {cpu_secs:.1f} s of CPU, {megabytes:.0f} MB"
    )


if __name__ == "__main__":
    app()
