"""How ovens behave from 1 to 10,000 slots, and to 1,000 arrivals a second: the tables of docs/scaling.md.

Run it with `python -m benchmarks.scaling`. All of it is simulated, as by `oven simulate`: the figures are the
same each time and on any machine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.report import number, span
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.run import ForecastRun
from serverless_pizza_oven.prices import MILLION
from serverless_pizza_oven.simulator.loop import SECOND, START
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, UNLIMITED, Quotas

LOAD = 0.95
"""The arrivals at an oven of each size, as a share of what its slots can bake."""

SIZES = {
    5: (1, 10, 30, 100, 200, 250, 300, 500, 1000),
    60: (1, 10, 100, 300, 600, 800, 1000, 2000, 4000, 10_000),
    600: (1, 10, 100, 300, 1000, 2000, 2500, 3000, 4000),
}
"""Slots, by how many seconds each item bakes."""

RATES = {1: (1, 10, 30, 100, 300, 1000), 10: (1, 10, 30, 100, 300, 1000), 60: (1, 3, 10, 30, 100)}
"""Arrivals a second, by how many seconds each item bakes."""

OVENS = (1, 2, 4, 8, 16, 32)

POLLERS = (2, 5, 10, 20)

MOST_SLOTS = 10_000

RAISED = replace(LARGE_REGION, starts=1_200)
"""The StartExecution quota after AWS raised it."""

STARTS_ALONE = replace(UNLIMITED, starts=LARGE_REGION.starts, starts_burst=LARGE_REGION.starts_burst)


COLUMNS = (
    "slots",
    "ovens",
    "pollers",
    "arrive a second",
    "out a second",
    "wait, p99",
    "transitions",
    "write units",
    "a million",
    "first limit",
)


@dataclass(frozen=True, slots=True)
class Trial:
    """An oven, or several that share the arrivals and the account's quotas."""

    slots: int
    """The slots of all ovens together."""
    baking_secs: int
    arrivals: float
    """Items a second, at equal distances."""
    ovens: int = 1
    max_concurrency: int = 5
    quotas: Quotas = LARGE_REGION
    settling_secs: int = 60

    @classmethod
    def loaded(cls, slots: int, baking_secs: int, ovens: int = 1) -> "Trial":
        """A trial in which as much arrives as the slots can take."""
        return cls(slots, baking_secs, LOAD * slots / baking_secs, ovens)

    @property
    def span(self) -> int:
        """The duration of each half in seconds. The first half is a warm-up, the second is measured."""
        return 2 * self.baking_secs + self.settling_secs

    def request(self) -> ForecastRequest:
        """The options of one of the ovens."""
        made = read_request(
            ForecastOptions(
                items=int(2 * self.span * self.arrivals / self.ovens) + 1,
                arrivals=f"steady:{self.arrivals / self.ovens:.6f}",
                bake=str(self.baking_secs),
                capacity=self.slots // self.ovens,
                max_concurrency=self.max_concurrency,
            )
        )
        return replace(made, quotas=_share(self.quotas, self.ovens))


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a trial, all ovens together."""

    out: float
    """Items a second."""
    transitions: float
    """Transitions of an item: 2 if its task is not repeated."""
    write_units: float
    """Write units of an item."""
    dollars: float
    """Dollars for a million items."""
    wait_secs: float
    """The wait that 99 % of the items do not exceed."""
    limit: str
    """The limit that was met first."""


@cache
def result(trial: Trial) -> Result:
    """Run the trial."""
    run = ForecastRun(trial.request())
    loop, middle = run.world.loop, START + trial.span * SECOND
    loop.run(middle)
    before = run.outcome()
    loop.run(middle + trial.span * SECOND)
    after = run.outcome()
    run.world.close()
    out = max(after.out - before.out, 1)
    return Result(
        out=out / trial.span * trial.ovens,
        transitions=(after.usage.transitions - before.usage.transitions) / out,
        write_units=(after.usage.write_units - before.usage.write_units) / out,
        dollars=(after.dollars - before.dollars) / out * MILLION,
        wait_secs=after.waits.p99,
        limit=after.limits[0].name if after.limits else "",
    )


def by_size(baking_secs: int) -> list[Trial]:
    """One oven, from small to large."""
    return [Trial.loaded(slots, baking_secs) for slots in SIZES[baking_secs]]


def by_rate(baking_secs: int) -> list[Trial]:
    """One oven with half as many slots again as are needed, from a quiet to a busy one."""
    return [
        Trial(min(int(1.5 * rate * baking_secs) + 20, MOST_SLOTS), baking_secs, rate)
        for rate in RATES[baking_secs]
    ]


def by_rush(baking_secs: int, rate: float, slots: Sequence[int]) -> list[Trial]:
    """One oven with more arrivals than it can take."""
    return [Trial(count, baking_secs, rate) for count in slots]


def by_ovens(slots: int, baking_secs: int, ovens: Sequence[int] = OVENS) -> list[Trial]:
    """The same slots, in one oven and in several."""
    return [Trial.loaded(slots, baking_secs, count) for count in ovens]


def of_a_thousand() -> list[Trial]:
    """1,000 arrivals a second in as many ovens as their rows need, without and with more starts."""
    return [Trial(15_040, 10, 1000, ovens=32, quotas=quotas) for quotas in (LARGE_REGION, RAISED)]


def by_pollers(*, full: bool) -> list[Trial]:
    """1,000 arrivals a second, with all quotas raised, or 600 before a full oven."""
    slots, rate = (500, 600) if full else (MOST_SLOTS, 1000)
    return [
        Trial(slots, 1, rate, max_concurrency=most, quotas=UNLIMITED, settling_secs=20) for most in POLLERS
    ]


def by_starts() -> list[Trial]:
    """As many starts as AWS allows, with all other quotas raised."""
    return [Trial(MOST_SLOTS, 1, rate, max_concurrency=20, quotas=STARTS_ALONE) for rate in (200, 300, 600)]


def main() -> None:
    """Print the tables."""
    for secs in SIZES:
        _print(f"By slots: items bake {secs} s", by_size(secs))
    for secs in RATES:
        _print(f"By arrivals: items bake {secs} s", by_rate(secs))
    _print("In a rush: items bake 60 s", by_rush(60, 30, (300, 500, 800)))
    _print("By ovens: 10,000 slots, items bake 60 s", by_ovens(MOST_SLOTS, 60))
    _print("By ovens: 500 slots, items bake 60 s", by_ovens(500, 60, (1, 5, 25)))
    _print("1,000 arrivals a second: items bake 10 s", of_a_thousand())
    _print("By pollers: room for all", by_pollers(full=False))
    _print("By pollers: a full oven", by_pollers(full=True))
    _print("By starts", by_starts())


def _print(title: str, trials: Iterable[Trial]) -> None:
    print(f"\n{title}\n\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for trial in trials:
        found = result(trial)
        cells = (
            f"{trial.slots:,}",
            f"{trial.ovens}",
            f"{trial.max_concurrency}",
            number(trial.arrivals),
            number(found.out),
            span(found.wait_secs),
            f"{found.transitions:.2f}",
            number(found.write_units),
            f"${found.dollars:,.0f}",
            found.limit,
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def _share(quotas: Quotas, ovens: int) -> Quotas:
    """What each of several ovens has of an account's quotas. The row and the line are each oven's own."""
    return replace(
        quotas,
        starts=max(quotas.starts // ovens, 1),
        starts_burst=max(quotas.starts_burst // ovens, 1),
        describes=max(quotas.describes // ovens, 1),
        describes_burst=max(quotas.describes_burst // ovens, 1),
        transitions=max(quotas.transitions // ovens, 1),
        transitions_burst=max(quotas.transitions_burst // ovens, 1),
        concurrency=max(quotas.concurrency // ovens, 1),
    )


if __name__ == "__main__":
    main()
