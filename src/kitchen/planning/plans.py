"""A plan as people write it down: in words and numbers."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from kitchen.errors import UsageError
from kitchen.planning import files
from kitchen.planning.arrivals import read
from kitchen.planning.forecasts import Plan
from kitchen.planning.orders import Drawn, Orders, check_spreads
from kitchen.planning.spread import Spread
from kitchen.simulation.faults import MILD, NONE, ROUGH, Faults
from kitchen.simulation.quotas import LARGE_REGION, OTHER_REGION, Quotas
from kitchen.simulation.world import Setup

FAULTS = {"none": NONE, "mild": MILD, "rough": ROUGH}
REGIONS = {"large": LARGE_REGION, "other": OTHER_REGION}

ITEMS = 100
"""If nobody says how many."""

_MOST = 10_000_000
"""Of a quota."""


def plan(
    *,
    items: int | None = None,
    arrivals: str = "at-once",
    bake: str = "15-30",
    size: str = "1",
    capacity: int = 14,
    max_concurrency: int = 5,
    no_pilot_light: bool = False,
    region: str = "large",
    quotas: Sequence[str] = (),
    faults: str = "none",
    seed: int = 0,
) -> Plan:
    """Make a plan of what the options of `oven simulate` say. Raises UsageError."""
    setup = Setup(capacity, max_concurrency=max_concurrency)
    return Plan(
        _orders(items, arrivals, _spread("--bake", bake), _spread("--size", size), capacity),
        replace(setup, pilot_light_secs=None) if no_pilot_light else setup,
        _quotas(REGIONS[region], quotas),
        faults=FAULTS[faults],
        seed=seed,
    )


def quotas_of(quotas: Quotas) -> dict[str, int]:
    """Each that can be set, by the name that --quota has for it."""
    return {field.name.replace("_", "-"): getattr(quotas, field.name) for field in fields(Quotas)}


def quotas_in_words(quotas: Quotas) -> str:
    """The region that has them, or almost, and how they differ."""
    all_of_them = quotas_of(quotas).items()
    words = [
        [region, *(f"{name}={value}" for name, value in all_of_them if value != usual[name])]
        for region, usual in ((region, quotas_of(usual)) for region, usual in REGIONS.items())
    ]
    shortest = min(words, key=len)
    return ", ".join(shortest)


def faults_in_words(faults: Faults) -> str:
    """Their name."""
    return next((name for name, rates in FAULTS.items() if rates == faults), "others")


def _orders(items: int | None, arriving: str, baking_secs: Spread, slots: Spread, capacity: int) -> Orders:
    check_spreads(baking_secs, slots, capacity)
    try:
        way = read(arriving)
    except ValueError as error:
        raise UsageError(f"--arrivals {arriving}: {error}") from None
    if way is not None:
        return Drawn(ITEMS if items is None else items, way, baking_secs, slots)
    path = Path(arriving)
    if not arriving or not path.exists():
        raise UsageError(
            "--arrivals takes at-once, steady:RATE, poisson:RATE, daily:RATE, or a file: "
            f"there is no file {arriving!r}"
        )
    return files.read(path, capacity, items, baking_secs, slots)


def _spread(option: str, text: str) -> Spread:
    try:
        return Spread.read(text)
    except ValueError as error:
        raise UsageError(
            f"{option} takes numbers such as 20, 15-30, or 15-30:9,60:1 with weights: {error}"
        ) from None


def _quotas(region: Quotas, changes: Sequence[str]) -> Quotas:
    for change in changes:
        name, _, value = change.partition("=")
        if name not in quotas_of(region):
            raise UsageError(f"--quota {change}: the quotas are {', '.join(quotas_of(region))}")
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST):
            raise UsageError(f"--quota {change}: it takes NAME=N, a whole number from 1 to {_MOST}")
        region = replace(region, **{name.replace("-", "_"): int(value)})
    return region
