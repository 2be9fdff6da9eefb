"""Reads the options of `oven simulate`, and writes quotas and faults in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from math import fsum
from typing import Any

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrivals import DAY, read_arrivals
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.file_workload import read_workload
from serverless_pizza_oven.forecast.input_file import InputFiles
from serverless_pizza_oven.forecast.measured import read_latencies
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.workload import MAX_DAYS, DrawnWorkload, Workload, check_distributions
from serverless_pizza_oven.simulator.faults import MILD, NONE, ROUGH, Fault, Faults
from serverless_pizza_oven.simulator.latencies import AWS
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, OTHER_REGION, Quotas
from serverless_pizza_oven.simulator.world import Setup

FAULTS = {"none": NONE, "mild": MILD, "rough": ROUGH}
REGIONS = {"large": LARGE_REGION, "other": OTHER_REGION}

DEFAULT_ITEMS = 100

MAX_QUOTA = 10_000_000

MAX_RATE = 0.9
"""The highest rate of a fault."""

MAX_RATE_OF_REQUEST_FAULTS = 0.2
"""The highest sum of the rates of the faults that befall requests. Above it, a run may not come to an end."""

_RATE = re.compile(r"[01]?(\.[0-9]{1,6})?", re.ASCII)


def read_request(
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
    files: InputFiles | None = None,
) -> ForecastRequest:
    """Make a request from the options of `oven simulate`. Raises UsageError.

    Requests that read the same pipe share `files`.
    """
    baking_secs, slots = _distribution("--bake", bake), _distribution("--size", size)
    setup = Setup(capacity, max_concurrency=max_concurrency)
    return ForecastRequest(
        _workload(files or InputFiles(), items, arrivals, baking_secs, slots, capacity),
        replace(setup, pilot_light_secs=None) if no_pilot_light else setup,
        _quotas(REGIONS[region], quotas),
        read_latencies(latencies) if latencies else AWS,
        faults=_faults(FAULTS[faults], rates),
        seed=seed,
    )


def quotas_of(quotas: Quotas) -> dict[str, int]:
    """The quotas by their names in --quota."""
    return _by_name(quotas)


def rates_of(faults: Faults) -> dict[str, float]:
    """The rates of the faults by their names in --fault."""
    return _by_name(faults)


def _by_name(settings: Quotas | Faults) -> dict[str, Any]:
    return {field.name.replace("_", "-"): getattr(settings, field.name) for field in fields(settings)}


def quotas_in_words(quotas: Quotas) -> str:
    """The preset that differs least, and the differences."""
    return _in_words(quotas, REGIONS)


def faults_in_words(faults: Faults) -> str:
    """The preset that differs least, and the differences."""
    return _in_words(faults, FAULTS).removeprefix("none, ")


def _in_words(settings: Quotas | Faults, presets: Mapping[str, Quotas | Faults]) -> str:
    values = _by_name(settings).items()
    words = [
        [name, *(f"{key}={value}" for key, value in values if value != preset[key])]
        for name, preset in ((name, _by_name(preset)) for name, preset in presets.items())
    ]
    shortest = min(words, key=len)
    return ", ".join(shortest)


def _workload(
    files: InputFiles,
    count: int | None,
    arriving: str,
    baking_secs: Distribution,
    slots: Distribution,
    capacity: int,
) -> Workload:
    check_distributions(baking_secs, slots, capacity)
    try:
        arrivals = read_arrivals(arriving)
    except ValueError as error:
        raise UsageError(f"--arrivals {arriving}: {error}") from None
    if arrivals is not None:
        workload = DrawnWorkload(DEFAULT_ITEMS if count is None else count, arrivals, baking_secs, slots)
        _check_duration(arriving, workload)
        return workload
    source = files.find(arriving)
    if source is None:
        raise UsageError(
            "--arrivals takes at-once, steady:RATE, poisson:RATE, daily:RATE, a file, or - for standard "
            f"input: there is no file {arriving!r}"
        )
    return read_workload(source, capacity, count, baking_secs, slots)


def _check_duration(arriving: str, workload: DrawnWorkload) -> None:
    days = (workload.count - 1) * workload.when.gap / DAY
    if days > MAX_DAYS:
        raise UsageError(
            f"--arrivals {arriving}: {workload.count} items take {int(days)} days to arrive, and a "
            f"simulation takes at most {MAX_DAYS}: fewer of them, with --items, or more in a day"
        )


def _distribution(option: str, text: str) -> Distribution:
    try:
        return Distribution.read(text)
    except ValueError as error:
        raise UsageError(
            f"{option} takes numbers such as 20, 15-30, or 15-30:9,60:1 with weights: {error}"
        ) from None


def _quotas(region: Quotas, changes: Sequence[str]) -> Quotas:
    for change in changes:
        name, _, value = change.partition("=")
        if name not in quotas_of(region):
            raise UsageError(f"--quota {change}: the quotas are {', '.join(quotas_of(region))}")
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MAX_QUOTA):
            raise UsageError(f"--quota {change}: it takes NAME=N, a whole number from 1 to {MAX_QUOTA}")
        region = replace(region, **{name.replace("-", "_"): int(value)})
    return region


def _faults(faults: Faults, changes: Sequence[str]) -> Faults:
    for change in changes:
        name, _, value = change.partition("=")
        if name not in rates_of(faults):
            raise UsageError(f"--fault {change}: the faults are {', '.join(rates_of(faults))}")
        if not (value and _RATE.fullmatch(value) and float(value) <= MAX_RATE):
            raise UsageError(
                f"--fault {change}: it takes NAME=RATE, a number from 0 to {MAX_RATE}, "
                "with six decimals at most"
            )
        faults = replace(faults, **{name.replace("-", "_"): float(value)})
    of_requests = [fault.value for fault in Fault if getattr(faults, fault.value)]
    if round(fsum(getattr(faults, name) for name in of_requests), 6) > MAX_RATE_OF_REQUEST_FAULTS:
        names = " and ".join(f"{name.replace('_', '-')}={getattr(faults, name)}" for name in of_requests)
        raise UsageError(
            f"--fault {names}: at most {MAX_RATE_OF_REQUEST_FAULTS} of the requests may meet one, "
            "or the simulation may not come to its end"
        )
    return faults
