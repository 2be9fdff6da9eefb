"""The latencies, faults and quotas of the simulator."""

import ast
from pathlib import Path

from pictures.reference.markdown import page, table
from serverless_pizza_oven.forecast.conditions import (
    MAX_RATE,
    MAX_RATE_OF_REQUEST_FAULTS,
    QUOTA_PRESETS,
    RegionQuotas,
    quotas_of,
    rates_of,
)
from serverless_pizza_oven.forecast.measured import names
from serverless_pizza_oven.simulator import faults, latencies, quotas


def simulation_page() -> str:
    first, *_, last = (f"`{each.value.replace('_', '-')}`" for each in faults.Fault)
    return page(
        "What the simulation assumes",
        "The latencies, faults and quotas of `oven simulate`. No AWS account was used: "
        "[how far to believe it](../plan.md#how-far-is-it-to-be-believed).",
        "## Latencies",
        "In milliseconds. `oven simulate --latencies FILE` replaces them by name.",
        _latencies(),
        "## Faults",
        f"Rates from 0 to {MAX_RATE}. Those of the faults of requests, {first} to {last}, may add up to "
        f"{MAX_RATE_OF_REQUEST_FAULTS}.",
        _faults(),
        "## Quotas",
        _quotas(),
    )


def _latencies() -> str:
    meanings = _meanings(latencies.__file__, "Latencies")
    rows = [
        [
            meanings[field],
            f"`{name}`",
            *(f"{milliseconds:g}" for milliseconds in latencies.AWS_PERCENTILES[field]),
            latencies.AWS_SOURCES[field],
        ]
        for name, field in names().items()
    ]
    return table(["what takes time", "name", "p50", "p90", "p99", "source"], rows)


def _faults() -> str:
    meanings = _meanings(faults.__file__, "Faults") | _meanings(faults.__file__, "Fault")
    mild, rough = rates_of(faults.MILD), rates_of(faults.ROUGH)
    rows = [
        [f"`{name}`", meanings[name.replace("-", "_")], f"{mild[name]:g}", f"{rough[name]:g}"]
        for name in rough
    ]
    return table(["`--fault`", "what goes wrong", "`mild`", "`rough`"], rows)


def _quotas() -> str:
    meanings = _meanings(quotas.__file__, "Quotas")
    presets = [
        quotas_of(each) for each in (*(region.quotas for region in RegionQuotas), *QUOTA_PRESETS.values())
    ]
    rows = [
        [f"`{name}`", meanings[name.replace("-", "_")], *(f"{preset[name]:,}" for preset in presets)]
        for name in presets[0]
    ]
    return table(["`--quota`", "of", *RegionQuotas, *QUOTA_PRESETS], rows)


def _meanings(source: str, name: str) -> dict[str, str]:
    """The docstrings below the fields of a class."""
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    meanings = {}
    for node, below in zip(found.body, [*found.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign | ast.Assign):
            field = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                meanings[ast.unparse(field).lower()] = " ".join(str(below.value.value).split())
    return meanings
