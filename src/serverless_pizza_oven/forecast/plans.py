"""A plan as people write it down: in words and numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from math import fsum
from typing import Any

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import files
from serverless_pizza_oven.forecast.arrivals import DAY, read
from serverless_pizza_oven.forecast.forecasts import Plan
from serverless_pizza_oven.forecast.measured import read_latencies
from serverless_pizza_oven.forecast.orders import MOST_DAYS, Drawn, Orders, check_spreads
from serverless_pizza_oven.forecast.spread import Spread
from serverless_pizza_oven.simulator.faults import MILD, NONE, ROUGH, Fault, Faults
from serverless_pizza_oven.simulator.latencies import AWS
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, OTHER_REGION, Quotas
from serverless_pizza_oven.simulator.world import Setup

FAULTS = {"none": NONE, "mild": MILD, "rough": ROUGH}
REGIONS = {"large": LARGE_REGION, "other": OTHER_REGION}

ITEMS = 100
"""If nobody says how many."""

_MOST = 10_000_000
"""Of a quota."""

MOST_RATE = 0.9
MOST_RATE_OF_REQUESTS = 0.2
"""Of a fault, and of all together that befall requests: where all goes wrong nothing comes to its end."""

_RATE = re.compile(r"[01]?(\.[0-9]{1,6})?", re.ASCII)


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
    rates: Sequence[str] = (),
    latencies: str | None = None,
    seed: int = 0,
    sources: files.Sources | None = None,
) -> Plan:
    """Make a plan of what the options of `oven simulate` say. Raises UsageError.

    Those that share a pipe share `sources`.
    """
    baking_secs, slots = _spread("--bake", bake), _spread("--size", size)
    setup = Setup(capacity, max_concurrency=max_concurrency)
    return Plan(
        _orders(sources or files.Sources(), items, arrivals, baking_secs, slots, capacity),
        replace(setup, pilot_light_secs=None) if no_pilot_light else setup,
        _quotas(REGIONS[region], quotas),
        read_latencies(latencies) if latencies else AWS,
        faults=_faults(FAULTS[faults], rates),
        seed=seed,
    )


def quotas_of(quotas: Quotas) -> dict[str, int]:
    """Each that can be set, by the name that --quota has for it."""
    return _by_name(quotas)


def rates_of(faults: Faults) -> dict[str, float]:
    """How often each happens, by the name that --fault has for it."""
    return _by_name(faults)


def _by_name(settings: Quotas | Faults) -> dict[str, Any]:
    return {field.name.replace("_", "-"): getattr(settings, field.name) for field in fields(settings)}


def quotas_in_words(quotas: Quotas) -> str:
    """The region that has them, or almost, and how they differ."""
    return _in_words(quotas, REGIONS)


def faults_in_words(faults: Faults) -> str:
    """The roughness that they are, or almost, and how they differ."""
    return _in_words(faults, FAULTS).removeprefix("none, ")


def _in_words(settings: Quotas | Faults, usual: Mapping[str, Quotas | Faults]) -> str:
    all_of_them = _by_name(settings).items()
    words = [
        [name, *(f"{key}={value}" for key, value in all_of_them if value != theirs[key])]
        for name, theirs in ((name, _by_name(theirs)) for name, theirs in usual.items())
    ]
    shortest = min(words, key=len)
    return ", ".join(shortest)


def _orders(
    sources: files.Sources,
    items: int | None,
    arriving: str,
    baking_secs: Spread,
    slots: Spread,
    capacity: int,
) -> Orders:
    check_spreads(baking_secs, slots, capacity)
    try:
        way = read(arriving)
    except ValueError as error:
        raise UsageError(f"--arrivals {arriving}: {error}") from None
    if way is not None:
        orders = Drawn(ITEMS if items is None else items, way, baking_secs, slots)
        _check_they_come_in_time(arriving, orders)
        return orders
    source = sources.find(arriving)
    if source is None:
        raise UsageError(
            "--arrivals takes at-once, steady:RATE, poisson:RATE, daily:RATE, a file, or - for standard "
            f"input: there is no file {arriving!r}"
        )
    return files.read(source, capacity, items, baking_secs, slots)


def _check_they_come_in_time(arriving: str, orders: Drawn) -> None:
    days = (orders.count - 1) * orders.when.gap / DAY
    if days > MOST_DAYS:
        raise UsageError(
            f"--arrivals {arriving}: {orders.count} items take {int(days)} days to come, and no "
            f"simulation takes more than {MOST_DAYS}: fewer of them, with --items, or more in a day"
        )


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


def _faults(faults: Faults, changes: Sequence[str]) -> Faults:
    for change in changes:
        name, _, value = change.partition("=")
        if name not in rates_of(faults):
            raise UsageError(f"--fault {change}: the faults are {', '.join(rates_of(faults))}")
        if not (value and _RATE.fullmatch(value) and float(value) <= MOST_RATE):
            raise UsageError(
                f"--fault {change}: it takes NAME=RATE, a number from 0 to {MOST_RATE}, with six decimals at "
                "most"
            )
        faults = replace(faults, **{name.replace("-", "_"): float(value)})
    of_request = [fault.value for fault in Fault if getattr(faults, fault.value)]
    if round(fsum(getattr(faults, name) for name in of_request), 6) > MOST_RATE_OF_REQUESTS:
        names = " and ".join(f"{name.replace('_', '-')}={getattr(faults, name)}" for name in of_request)
        raise UsageError(
            f"--fault {names}: at most {MOST_RATE_OF_REQUESTS} of the requests may meet one, "
            "or nothing would come to its end"
        )
    return faults
