"""The quotas and faults of a simulation: their presets, changes by option, and their description in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from enum import StrEnum
from math import fsum
from typing import Any

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.simulator.faults import MILD, NONE, ROUGH, Fault, Faults
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, NEW_ACCOUNT, OTHER_REGION, Quotas

MAX_QUOTA = 10_000_000

MAX_RATE = 0.9
"""The highest rate of a fault."""

MAX_RATE_OF_REQUEST_FAULTS = 0.2
"""The highest sum of the rates of all faults of requests. Above it, a run may never end."""

_RATE = re.compile(r"[01]?(\.[0-9]{1,6})?", re.ASCII)


class RegionQuotas(StrEnum):
    """AWS regions, by their quotas."""

    LARGE = "large"
    OTHER = "other"

    @property
    def quotas(self) -> Quotas:
        return LARGE_REGION if self is RegionQuotas.LARGE else OTHER_REGION


QUOTA_PRESETS = {"new-account": NEW_ACCOUNT}
"""The value of --quota that replaces the quotas of the region, instead of NAME=N."""


class FaultLevel(StrEnum):
    """The presets of fault rates."""

    NONE = "none"
    MILD = "mild"
    ROUGH = "rough"

    @property
    def faults(self) -> Faults:
        return {FaultLevel.NONE: NONE, FaultLevel.MILD: MILD, FaultLevel.ROUGH: ROUGH}[self]


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
    presets = {**{str(region): region.quotas for region in RegionQuotas}, **QUOTA_PRESETS}
    return _in_words(quotas, presets)


def faults_in_words(faults: Faults) -> str:
    """The preset that differs least, and the differences."""
    return _in_words(faults, {level: level.faults for level in FaultLevel}).removeprefix("none, ")


def _in_words(settings: Quotas | Faults, presets: Mapping[str, Quotas | Faults]) -> str:
    values = _by_name(settings).items()
    words = [
        [name, *(f"{key}={value}" for key, value in values if value != preset[key])]
        for name, preset in ((name, _by_name(preset)) for name, preset in presets.items())
    ]
    shortest = min(words, key=len)
    return ", ".join(shortest)


def change_quotas(region: Quotas, changes: Sequence[str]) -> Quotas:
    """Apply the values of --quota, in their order. Raises UsageError."""
    for change in changes:
        if change in QUOTA_PRESETS:
            region = QUOTA_PRESETS[change]
            continue
        name, _, value = change.partition("=")
        if name not in quotas_of(region):
            known = ", ".join([*quotas_of(region), *QUOTA_PRESETS])
            raise UsageError(f"--quota {change}: the quotas are {known}")
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MAX_QUOTA):
            raise UsageError(f"--quota {change}: it takes NAME=N, a whole number from 1 to {MAX_QUOTA}")
        region = replace(region, **{name.replace("-", "_"): int(value)})
    return region


def change_faults(faults: Faults, changes: Sequence[str]) -> Faults:
    """Apply the values of --fault, in their order. Raises UsageError."""
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
