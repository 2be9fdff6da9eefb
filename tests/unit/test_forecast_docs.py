"""docs/reference/simulation.md lists the figures that the planner uses."""

from dataclasses import fields
from pathlib import Path

from serverless_pizza_oven.cli.simulate import simulate
from serverless_pizza_oven.forecast.conditions import (
    MAX_RATE,
    MAX_RATE_OF_REQUEST_FAULTS,
    quotas_of,
    rates_of,
)
from serverless_pizza_oven.forecast.measured import names
from serverless_pizza_oven.forecast.run_cost import ASSUMED
from serverless_pizza_oven.simulator.faults import MILD, ROUGH
from serverless_pizza_oven.simulator.latencies import AWS, AWS_SOURCES, Latencies, Latency
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, NEW_ACCOUNT, OTHER_REGION, Quotas

PAGE = (Path(__file__).parents[2] / "docs/reference/simulation.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of a table, by the first cell of its heading."""
    _, _, below = PAGE.partition(f"\n| {heading} |")
    table = below.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_page_lists_each_latency_of_aws_with_its_source() -> None:
    told = {names()[row[1].strip("`")]: row[2:] for row in rows("what takes time")}

    assert list(told) == [field.name for field in fields(Latencies)] == list(AWS_SOURCES)
    for name, (p50, p90, p99, source) in told.items():
        assert getattr(AWS, name) == Latency.of(float(p50), float(p90), float(p99)), name
        assert source == AWS_SOURCES[name]
        assert "assumed" in source or source.startswith("measured by others: https://")


def test_the_forecast_says_below_it_that_latencies_are_assumed() -> None:
    told = {row[1].strip("`"): row[2] for row in rows("what takes time")}

    assert f"{told['send']} ms for a request to SQS" in ASSUMED
    assert f"{told['startExecution']} ms for one to Step Functions" in ASSUMED


def test_the_help_lists_each_quota_and_each_fault() -> None:
    said = " ".join((simulate.__doc__ or "").split())

    assert ", ".join(quotas_of(Quotas())) in said
    assert ", ".join(rates_of(ROUGH)) in said


def test_the_page_lists_each_fault_with_its_rates() -> None:
    told = {row[0].strip("`"): (float(row[2]), float(row[3])) for row in rows("`--fault`")}

    mild, rough = rates_of(MILD), rates_of(ROUGH)
    assert told == {name: (mild[name], rough[name]) for name in rough}
    words = " ".join(PAGE.split())
    assert f"from 0 to {MAX_RATE}." in words
    assert f"may add up to {MAX_RATE_OF_REQUEST_FAULTS}." in words


def test_the_page_lists_each_quota_with_its_presets() -> None:
    told = {row[0].strip("`"): [int(cell.replace(",", "")) for cell in row[2:]] for row in rows("`--quota`")}

    presets = [quotas_of(each) for each in (LARGE_REGION, OTHER_REGION, NEW_ACCOUNT)]
    assert told == {name: [preset[name] for preset in presets] for name in presets[0]}
