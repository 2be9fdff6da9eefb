"""The cost of an oven, and its use of AWS."""

import json
import re
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from serverless_pizza_oven import prices
from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.cli import main
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.deployment.template import default_parameters, template_path
from serverless_pizza_oven.operations.idle_cost import IdleCostPart, checks_per_month, idle_cost
from serverless_pizza_oven.operations.item_cost import (
    ADMITTED_AT_ONCE,
    MEMORY_GB,
    charges_for,
    cost_per_million,
    row_units,
)
from serverless_pizza_oven.operations.usage import month_to_date
from serverless_pizza_oven.prices import PRICES, Charge, Price, after_free_tier, by_service, total
from tests.unit.resolved import ResolvedTemplate

ROOT = Path(__file__).parents[2]

TRADE = re.compile(r"^\| `(\w+)=(.+?)` \|" + 3 * r" ([+\N{MINUS SIGN}]?[\d.]+) \|", re.MULTILINE)
"""A row of docs/reference/costs.md: a parameter's value, and dollars more or less."""

A_KEY = "arn:aws:kms:us-east-1:123456789012:key/1"

STACK = Stack(
    "mine",
    {
        "NewItemsQueueUrl": "https://sqs/1/mine-NewItems",
        "NewItemsDLQUrl": "https://sqs/1/mine-DLQ",
        "WaitingItemsQueueUrl": "https://sqs/1/mine-WaitingItems.fifo",
        "BakedItemsQueueUrl": "https://sqs/1/mine-BakedItems",
        "BakingTableName": "mine-table",
        "BakeItemsFunctionName": "mine-BakeItems",
        "ItemRemovedFunctionName": "mine-ItemRemoved",
        "ItemStatesArn": "arn:aws:states:us-east-1:1:stateMachine:mine",
        "BakeItemsLogGroup": "/aws/lambda/mine-BakeItems",
        "ItemRemovedLogGroup": "/aws/lambda/mine-ItemRemoved",
    },
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse(template_path().read_text())
    return parsed


def parts(**changed: str) -> dict[str, IdleCostPart]:
    return {part.name: part for part in idle_cost({**default_parameters(), **changed})}


# Prices


def test_charges_add_up_by_service_and_by_what_is_free() -> None:
    apple = Price("Fruit", "apple", 2.0, "", "", free=3)
    pear = Price("Fruit", "pear", 5.0, "", "")
    bread = Price("Bakery", "loaf", 30.0, "", "", free=10)
    bill = [Charge(apple, 2), Charge(bread, 1), Charge(apple, 4), Charge(pear, 1)]

    assert total(bill) == 47
    assert list(by_service(bill).items()) == [("Bakery", 30.0), ("Fruit", 17.0)]
    assert after_free_tier(bill) == 3 * 2 + 5


def test_each_price_says_where_it_was_read() -> None:
    assert len(set(PRICES)) == len(PRICES)
    for price in PRICES:
        assert price.source.startswith("https://")
        assert price.dollars > 0


# Idle


def test_an_idle_oven_costs_its_pollers_its_pilot_light_and_its_alarms() -> None:
    assert {name for name, part in parts().items() if part.dollars} == {"pollers", "pilot light", "alarms"}
    assert parts()["pollers"].charges == [Charge(prices.STANDARD_REQUEST, 648_000)]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("pollers", {"Admission": "PAUSED"}),
        ("pilot light", {"Admission": "PAUSED"}),
        ("pilot light", {"PilotLight": "DISABLED"}),
        ("alarms", {"Alarms": "DISABLED"}),
    ],
)
def test_what_is_switched_off_costs_nothing(name: str, changed: Mapping[str, str]) -> None:
    assert parts(**changed)[name].dollars == 0


@pytest.mark.parametrize(
    ("name", "changed", "more"),
    [
        ("dashboard", {"Dashboard": "ENABLED"}, 3.0),
        ("alarms", {"LongestLine": "100"}, 0.10),
        ("alarms", {"Metrics": "DISABLED"}, -0.40),
        ("key", {"KmsKeyArn": A_KEY}, 1.0 + 51_840 * 0.03 / 10_000),
        ("pilot light", {"PilotLightSchedule": "rate(5 minutes)"}, -0.8 * parts()["pilot light"].dollars),
        ("pilot light", {"Tracing": "ENABLED"}, 43_200 * 5 / 1_000_000),
    ],
)
def test_a_parameter_makes_its_part_dearer_or_cheaper(
    name: str, changed: Mapping[str, str], more: float
) -> None:
    assert parts(**changed)[name].dollars - parts()[name].dollars == pytest.approx(more)


def test_a_stack_of_the_first_version_has_none_of_what_came_later() -> None:
    old = {"PilotLight": "ENABLED", "PilotLightSchedule": "rate(1 minute)", "BakingTableCapacityCount": "14"}

    assert {part.name for part in idle_cost(old) if part.dollars} == {"pollers", "pilot light"}


@pytest.mark.parametrize("changed", [{}, {"LongestLine": "5"}, {"Metrics": "DISABLED"}])
def test_the_alarms_that_are_paid_for_are_those_of_the_template(changed: Mapping[str, str]) -> None:
    alarms = ResolvedTemplate(**changed).of_type("AWS::CloudWatch::Alarm").values()
    used = sum(
        "MetricStat" in metric for alarm in alarms for metric in alarm.get("Metrics", [{"MetricStat": {}}])
    )

    assert parts(**changed)["alarms"].charges == [Charge(prices.ALARM_MONTH, used)]


@pytest.mark.parametrize(
    ("schedule", "times"),
    [
        ("rate(1 minute)", 43_200),
        ("rate(5 minutes)", 8_640),
        ("rate(1 hour)", 720),
        ("rate(2 days)", 15),
        ("cron(0/5 * * * ? *)", 43_200),
    ],
)
def test_the_pilot_light_looks_as_often_as_its_schedule_says(schedule: str, times: float) -> None:
    assert checks_per_month(schedule) == times


# A million items


def test_a_functions_memory_is_that_of_the_template() -> None:
    assert template()["Globals"]["Function"]["MemorySize"] == MEMORY_GB * 1024


def test_a_million_items_cost_two_steps_of_step_functions_each_and_little_more() -> None:
    bill = by_service(cost_per_million(default_parameters(), size=1, waiting=0))

    assert bill["Step Functions"] == pytest.approx(50)
    assert sum(bill.values()) < 60


def test_items_that_wait_cost_more_in_proportion() -> None:
    none, half, all_of_them = (
        total(cost_per_million(default_parameters(), 1, share)) for share in (0, 0.5, 1)
    )

    assert none < half < all_of_them
    assert half == pytest.approx((none + all_of_them) / 2)


@pytest.mark.parametrize(
    ("items", "size", "units"), [(1, 1, 1), (19, 1, 1), (20, 1, 2), (14, 2, 2), (1000, 1, 46)]
)
def test_a_write_takes_a_unit_for_each_kilobyte_of_the_row(items: int, size: int, units: int) -> None:
    assert row_units(items, size) == units


def test_a_write_is_dearer_in_a_fuller_oven() -> None:
    small, large = (
        by_service(cost_per_million({"BakingTableCapacityCount": slots}, 1, 0))["DynamoDB"]
        for slots in ("14", "1000")
    )

    assert large == pytest.approx(46 * small)


def test_traces_and_metrics_are_paid_for_where_they_are_enabled() -> None:
    plain, traced, counted = (
        by_service(charges_for(ADMITTED_AT_ONCE, 1, parameters))
        for parameters in ({}, {"Tracing": "ENABLED"}, {"Metrics": "ENABLED"})
    )

    assert "X-Ray" in traced
    assert "X-Ray" not in plain
    assert counted["CloudWatch"] > plain["CloudWatch"]


# This month


def test_what_cloudwatch_tells_of_this_month_is_counted_by_what_is_paid_for() -> None:
    told = {
        ("NumberOfMessagesSent", "mine-NewItems"): [10.0, 20.0],
        ("NumberOfEmptyReceives", "mine-NewItems"): [1000.0],
        ("NumberOfMessagesDeleted", "mine-WaitingItems.fifo"): [7.0],
        ("Invocations", "mine-ItemRemoved"): [30.0],
        ("Duration", "mine-ItemRemoved"): [4000.0],
        ("ExecutionsStarted", STACK.outputs["ItemStatesArn"]): [30.0],
        ("ConsumedWriteCapacityUnits", "mine-table"): [60.0],
        ("IncomingBytes", "/aws/lambda/mine-BakeItems"): [2e9],
    }
    # On two pages: what a metric has on each is added up.
    pages = [told, {("ExecutionsStarted", STACK.outputs["ItemStatesArn"]): [5.0]}]

    usage = month_to_date(cloudwatch_that_tells(pages), STACK, NOW)

    assert usage.since == datetime(2026, 11, 1, tzinfo=UTC)
    assert {charge.price: charge.count for charge in usage.charges} == {
        prices.STANDARD_REQUEST: 1030,
        prices.FIFO_REQUEST: 7,
        prices.INVOCATION: 30,
        prices.GB_SECOND: pytest.approx(2),
        prices.TRANSITION: 70,
        prices.WRITE_UNIT: 60,
        prices.LOG_GB: pytest.approx(2),
    }


def test_of_a_month_in_which_nothing_was_used_there_is_nothing_to_pay() -> None:
    assert month_to_date(cloudwatch_that_tells([{}]), STACK, NOW).charges == []


def cloudwatch_that_tells(pages: Sequence[Mapping[tuple[str, str], list[float]]]) -> Aws:
    """An AWS whose CloudWatch has these values of metrics, by name and the resource that they are of."""
    aws = local("http://127.0.0.1:1")
    left = list(pages)
    ids: dict[tuple[str, str], str] = {}

    def hear(params: Mapping[str, Any], **_: object) -> None:
        for query in params["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            ids[metric["MetricName"], metric["Dimensions"][0]["Value"]] = query["Id"]

    def answer(**_: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        page = left.pop(0)
        results = [{"Id": ids[metric], "Values": values} for metric, values in page.items()]
        more = {"NextToken": "more"} if left else {}
        return SimpleNamespace(status_code=200), {"MetricDataResults": results, **more}

    events: Any = aws.cloudwatch.meta.events
    events.register("before-parameter-build.cloudwatch.GetMetricData", hear)
    events.register("before-call.cloudwatch.GetMetricData", answer)
    return aws


# The command


def oven(*arguments: str) -> object:
    """Run the command. Returns its exit code."""
    try:
        main(arguments)
    except SystemExit as ended:
        return ended.code or 0
    return 0


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.usefixtures("no_network")
def test_without_a_stack_the_templates_oven_is_counted_and_nobody_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert oven("cost", "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert told["idle"]["dollars"] == pytest.approx(sum(part["dollars"] for part in told["idle"]["parts"]))
    assert [one["waitingPercent"] for one in told["perMillionItems"]] == [0, 100]
    assert told["thisMonth"] is None


@pytest.mark.usefixtures("no_network")
def test_the_json_has_no_digits_that_are_arithmetics_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert oven("cost", "--json") == 0
    told = capsys.readouterr().out

    assert re.findall(r"[0-9]\.[0-9]{10,}", told) == []
    assert '"dollars": 0.2592,' in told


@pytest.mark.usefixtures("no_network")
def test_the_tables_have_the_sums_of_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert oven("cost", "--waiting", "30", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert oven("cost", "--waiting", "30") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    (million,) = told["perMillionItems"]
    sums = [line[2] for line in lines if line[:2] == ["in", "all"]]
    assert sums == [f"${told['idle']['dollars']:.2f}", f"${million['dollars']:.2f}"]
    assert ["30", "%", "wait"] in lines


@pytest.mark.usefixtures("no_network")
def test_no_line_is_broken_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert oven("cost") == 0
    lines = capsys.readouterr().out.splitlines()

    (idle,) = [line for line in lines if line.startswith("pollers")]
    assert "; with Admission=PAUSED it does not" in idle


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "15"], ["--size 15", "14 slots"]),
        (["--waiting", "101"], ["--waiting", "101"]),
        (["--size", "0"], ["--size", "0"]),
        (["--profile", "mine"], ["missing --stack NAME"]),
        (["--region", "eu-west-1"], ["missing --stack NAME"]),
    ],
)
def test_what_no_oven_can_have_is_refused_in_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert oven("cost", *arguments) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words)


def test_what_each_parameter_trades_is_as_the_reference_says() -> None:
    default = default_parameters()

    def bill(chosen: Mapping[str, str]) -> list[float]:
        spent = sum(part.dollars for part in idle_cost(chosen))
        return [spent, *(total(cost_per_million(chosen, 1, waiting)) for waiting in (0, 1))]

    rows = TRADE.findall((ROOT / "docs/reference/costs.md").read_text())
    assert len(rows) >= 10
    for name, value, *told in rows:
        assert name in default
        chosen = bill({**default, name: value})
        more = [with_it - without for with_it, without in zip(chosen, bill(default), strict=True)]
        said = [float(dollars.replace("\N{MINUS SIGN}", "-")) for dollars in told]
        assert said == [pytest.approx(dollars, abs=0.0051) for dollars in more], f"{name}={value}: {more}"
