"""Which options of the demo go together, and what they mean."""

from typing import Any

import pytest

from serverless_pizza_oven.demo.choice import (
    Choice,
    Deployed,
    Embedded,
    Queues,
    baking_times,
    check_count,
    choose,
)
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.errors import UsageError

SQS = "https://sqs.eu-west-1.amazonaws.com/123456789012"
QUEUES = {
    "new_items": f"{SQS}/spo-NewItems",
    "waiting_items": f"{SQS}/spo-WaitingItems.fifo",
    "baked_items": f"{SQS}/spo-BakedItems",
}
NOTHING: dict[str, Any] = dict.fromkeys(
    [*QUEUES, "stack", "table", "endpoint_url", "profile", "region", "capacity"]
)


def chosen(**options: Any) -> Choice:
    return choose(**{**NOTHING, **options})


def test_without_options_it_is_an_oven_of_its_own() -> None:
    assert chosen() == Embedded(capacity=None)
    assert chosen(capacity=3) == Embedded(capacity=3)


def test_a_stack_is_the_one_of_that_name() -> None:
    assert chosen(stack="mine") == Deployed("mine")
    assert chosen(stack="mine", profile="me", region="eu-west-1") == Deployed("mine")


def test_an_endpoint_names_an_oven_whatever_else_is_said_of_the_account() -> None:
    assert chosen(endpoint_url="http://127.0.0.1:4566", region="eu-west-1") == Deployed("spo")


def test_an_endpoint_alone_means_the_oven_that_is_usually_there() -> None:
    assert chosen(endpoint_url="http://127.0.0.1:4566") == Deployed("spo")


def test_queues_need_no_table() -> None:
    assert chosen(**QUEUES) == Queues(**QUEUES, table=None)
    assert chosen(**QUEUES, table="Table") == Queues(**QUEUES, table="Table")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"stack": "mine", **QUEUES}, "--stack names an oven and so does --in"),
        ({"new_items": QUEUES["new_items"]}, "--waiting and --out must be given"),
        ({**QUEUES, "waiting_items": None}, "--waiting must be given"),
        ({**QUEUES, "baked_items": "spo-BakedItems"}, "--out takes the URL of a queue, not spo-BakedItems"),
        ({**QUEUES, "baked_items": "http://127.0.0.1:4566/1/out"}, "queues of one AWS region"),
        ({"table": "Table"}, "--table goes with --in"),
        ({"stack": "mine", "table": "Table"}, "--table goes with --in"),
        ({"stack": "mine", "capacity": 3}, "--capacity is for an oven that the demo makes"),
        ({"endpoint_url": "http://127.0.0.1:4566", "capacity": 3}, "--capacity is for an oven"),
        ({**QUEUES, "capacity": 3}, "--capacity is for an oven"),
        ({"capacity": 0}, "--capacity must be from 1 to 4000 slots, not 0"),
        ({"capacity": 4001}, "--capacity must be from 1 to 4000 slots, not 4001"),
        ({"profile": "me"}, "--profile needs an oven"),
        ({"region": "eu-west-1"}, "--region needs an oven"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(**options)

    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_urls_of_aws_name_their_region_and_no_emulator() -> None:
    queues = Queues(**QUEUES, table=None)

    assert queues.region == "eu-west-1"
    assert queues.endpoint_url is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:4566", "https://sqs.us-east-1.localhost:4566"])
def test_urls_of_an_emulator_name_that_emulator(address: str) -> None:
    queues = Queues(f"{address}/0/in", f"{address}/0/waiting", f"{address}/0/out", table=None)

    assert queues.endpoint_url == address
    assert queues.region is None


@pytest.mark.parametrize(
    ("text", "on_aws", "times"),
    [
        (None, True, BakingTimes(15, 30)),
        (None, False, BakingTimes(2, 5)),
        ("3-3", True, BakingTimes(3, 3)),
        ("20", True, BakingTimes(20, 20)),
        ("0-31536000", False, BakingTimes(0, 31_536_000)),
    ],
)
def test_baking_times_are_as_given_and_shorter_locally(
    text: str | None, on_aws: bool, times: BakingTimes
) -> None:
    assert baking_times(text, on_aws=on_aws) == times


@pytest.mark.parametrize("text", ["", "5-", "5-2", "soon", "1.5-2", "-1-2", "1-2-3", "0-31536001", "٣-٤"])
def test_other_baking_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--bake"):
        baking_times(text, on_aws=False)


@pytest.mark.parametrize("count", [-1, 0, 100_001])
def test_too_few_and_too_many_pizzas_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"--n must be from 1 to 100000 pizzas, not {count}"):
        check_count(count)
