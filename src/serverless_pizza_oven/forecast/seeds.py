"""Runs of the same oven with other seeds: how much of a result is chance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from serverless_pizza_oven.forecast.result import Forecast, WaitTimes
from serverless_pizza_oven.forecast.run import forecast

MAX_SEEDS = 100


@dataclass(frozen=True, slots=True)
class SeedOutcome:
    """What is kept of a run."""

    seed: int
    secs: float
    waits: WaitTimes
    ideal_waits: WaitTimes

    @classmethod
    def of(cls, run: Forecast) -> "SeedOutcome":
        return cls(run.request.seed, run.secs, run.waits, run.ideal_waits)


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """The outcomes of several seeds."""

    seeds: tuple[SeedOutcome, ...]

    def extremes(self, of: Callable[[SeedOutcome], float]) -> tuple[float, float]:
        """The least and the greatest value."""
        values = [of(outcome) for outcome in self.seeds]
        return min(values), max(values)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "seed": outcome.seed,
                "seconds": round(outcome.secs, 6),
                "waitingSeconds": _rounded(outcome.waits),
                "idealWaitingSeconds": _rounded(outcome.ideal_waits),
            }
            for outcome in self.seeds
        ]


def _rounded(waits: WaitTimes) -> dict[str, float]:
    return {name: round(getattr(waits, name), 6) for name in ("mean", "p50", "p90", "p99")}


def spread(
    first: Forecast, count: int, on_progress: Callable[[int], object] = lambda _out: None
) -> SeedSpread:
    """Run the request of a forecast with the next `count - 1` seeds, too. Raises EndlessError."""
    request = first.request
    others = (forecast(replace(request, seed=request.seed + n), on_progress) for n in range(1, count))
    return SeedSpread((SeedOutcome.of(first), *map(SeedOutcome.of, others)))
