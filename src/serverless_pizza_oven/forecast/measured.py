"""Latencies measured on an oven, from a file: `oven check --latencies FILE` writes one.

    {"latencies": {"poll": {"p50": 18, "p90": 33, "p99": 41},
                   "coldStart": {"p50": 410, "p90": 520, "p99": 610}}}

Times are in milliseconds. `least` may stand beside them; without it, it is half of `p50`. What the file does
not name stays as assumed, and other fields are not read.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.simulator.latencies import AWS, Latencies, Latency

MOST_MILLISECONDS = 600_000
"""The greatest latency: no request of the oven takes longer than ten minutes."""


MAX_FILE_BYTES = 1024 * 1024


def names() -> dict[str, str]:
    """The field of `Latencies` by the name that a file has for it."""
    return {_camel(field.name): field.name for field in fields(Latencies)}


def read_latencies(path: str, assumed: Latencies = AWS) -> Latencies:
    """Read a file of measured latencies. Raises UsageError with the reason."""
    try:
        content = json.loads(_read(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not JSON: {error}"
        raise _bad(path, str(reason)) from None
    told = content.get("latencies") if isinstance(content, dict) else None
    if not isinstance(told, dict):
        raise _bad(path, 'it must be a JSON object with an object "latencies"')
    known = names()
    unknown = [name for name in told if name not in known]
    if unknown:
        raise _bad(path, f"there is no latency {unknown[0]!r}: they are {', '.join(known)}")
    return replace(assumed, **{known[name]: _latency(path, name, value) for name, value in told.items()})


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _bad(path, "it is larger than 1 MiB, and no file of oven check")
    return content.decode("utf-8-sig")


def replaced(latencies: Latencies, assumed: Latencies = AWS) -> list[str]:
    """The names of those latencies that differ from the assumed ones."""
    return [name for name, field in names().items() if getattr(latencies, field) != getattr(assumed, field)]


def _latency(path: str, name: str, told: Any) -> Latency:
    if not isinstance(told, Mapping):
        raise _bad(path, f"{name} must be an object with p50, p90 and p99, in milliseconds")
    p50, p90, p99 = (_milliseconds(path, name, told, key) for key in ("p50", "p90", "p99"))
    if not p50 <= p90 <= p99:
        raise _bad(path, f"{name}: p50, p90 and p99 must ascend, not {p50}, {p90}, {p99}")
    least = _milliseconds(path, name, told, "least") if "least" in told else None
    if least is not None and least > p50:
        raise _bad(path, f"{name}: least must be at most p50, not {least}")
    return Latency.of(p50, p90, p99, least)


def _milliseconds(path: str, name: str, told: Mapping[str, Any], key: str) -> float:
    value = told.get(key)
    # A bool is an int to Python, and NaN is neither more nor less than anything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_MILLISECONDS:
        raise _bad(path, f"{name}: {key} must be milliseconds from 0 to {MOST_MILLISECONDS}, not {value!r}")
    return float(value)


def _bad(path: str, reason: str) -> UsageError:
    return UsageError(f"--latencies {path}: {reason}")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
