"""Explores every order of events in a small oven, and every fault that its budget allows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from serverless_pizza_oven.simulator.branching import Choices, StateSeenError
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.invariants import InvariantError, Invariants
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.small_world import COMMUTING, FaultBudget, SmallWorld
from serverless_pizza_oven.simulator.trace import Trace

REST_SECS = 900
"""The time within which an oven must be idle again."""

NO_FAULTS = FaultBudget()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A small oven, and what happens to it at the beginning."""

    name: str
    setup: Setup
    begin: Callable[[SmallWorld, Invariants], object]


@dataclass(frozen=True, slots=True)
class Explored:
    """What was found in a scenario."""

    runs: int
    states: int
    complete: bool
    """Whether nothing is left to explore."""
    path: list[int] | None = None
    """The choices that lead to a broken invariant."""
    error: InvariantError | None = None


def explore(
    scenario: Scenario,
    budget: FaultBudget = NO_FAULTS,
    *,
    most_runs: int,
    new_invariants: Callable[[], Invariants] = Invariants,
    first: frozenset[str] = COMMUTING,
) -> Explored:
    """Run every path until an invariant breaks, or until `most_runs` paths were run."""
    seen: set[int] = set()
    paths: list[list[int]] = [[]]
    runs = 0
    while paths and runs < most_runs:
        runs += 1
        choices = Choices(paths.pop(), seen)
        try:
            _run(scenario, choices, budget, new_invariants(), first)
        except InvariantError as error:
            return Explored(runs, len(seen), complete=False, path=choices.taken, error=error)
        paths += choices.untried
    return Explored(runs, len(seen), complete=not paths)


def trace_path(scenario: Scenario, path: list[int], budget: FaultBudget = NO_FAULTS) -> list[str]:
    """What happens on a path, line by line, up to the invariant that breaks, if one does."""
    trace = Trace()
    try:
        _run(scenario, Choices(path, set()), budget, trace)
    except InvariantError as error:
        return [*trace.lines, str(error)]
    return [*trace.lines, "every invariant holds"]


def _run(
    scenario: Scenario,
    choices: Choices,
    budget: FaultBudget,
    invariants: Invariants,
    first: frozenset[str] = COMMUTING,
) -> None:
    world = SmallWorld(scenario.setup, choices, budget, invariants, first)
    choices.state = world.state
    invariants.watch(world)
    world.loop.call_later(0, partial(scenario.begin, world, invariants))
    begun = world.loop.now
    try:
        for until in range(begun + SECOND, begun + REST_SECS * SECOND, 10 * SECOND):
            while world.loop.step(until):
                invariants.check()
            if world.is_idle:
                break
        invariants.check_end()
    except StateSeenError:
        return
    finally:
        world.close()
