"""Which options of the demo go together, and what they mean."""

from typing import Any

import pytest

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.demo.choice import OvenNames, baking_times, check_count, choose
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.demo.ovens import (
    TIMES_LOCALLY,
    TIMES_ON_AWS,
    Account,
    EmbeddedOven,
    OvenChoice,
    QueuesOven,
    StackOven,
)
from serverless_pizza_oven.errors import UsageError

SQS = "https://sqs.eu-west-1.amazonaws.com/123456789012"
QUEUES = {
    "new_items": f"{SQS}/spo-NewItems",
    "waiting_items": f"{SQS}/spo-WaitingItems.fifo",
    "baked_items": f"{SQS}/spo-BakedItems",
}
EMULATOR = "http://127.0.0.1:4566"


def not_connected(*_: object) -> Aws:
    raise AssertionError("nothing is to be connected while options are read")


def account(
    endpoint_url: str | None = None, profile: str | None = None, region: str | None = None
) -> Account:
    return Account(endpoint_url, profile, region, not_connected)


def chosen(**options: Any) -> OvenChoice:
    capacity, with_page = options.pop("capacity", None), options.pop("with_page", False)
    return choose(OvenNames(**options), capacity, not_connected, with_page=with_page)


def test_without_options_it_is_an_oven_of_its_own() -> None:
    assert chosen() == EmbeddedOven(capacity=None)
    assert chosen(capacity=3) == EmbeddedOven(capacity=3)


def test_a_stack_is_the_one_of_that_name() -> None:
    assert chosen(stack="mine") == StackOven("mine", account())
    assert chosen(stack="mine", profile="me", region="eu-west-1") == StackOven(
        "mine", account(None, "me", "eu-west-1")
    )


def test_an_endpoint_alone_means_the_oven_that_is_usually_there() -> None:
    assert chosen(endpoint_url=EMULATOR) == StackOven("spo", account(EMULATOR))
    assert chosen(endpoint_url=EMULATOR, region="eu-west-1") == StackOven(
        "spo", account(EMULATOR, None, "eu-west-1")
    )


def test_queues_need_no_table() -> None:
    in_ireland = account(region="eu-west-1")
    assert chosen(**QUEUES) == QueuesOven(**QUEUES, table=None, account=in_ireland)
    assert chosen(**QUEUES, table="Table") == QueuesOven(**QUEUES, table="Table", account=in_ireland)


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
        ({**QUEUES, "with_page": True}, "--view shows the oven of a stack"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(**options)

    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("address", [EMULATOR, "https://sqs.us-east-1.localhost:4566"])
def test_urls_of_an_emulator_name_that_emulator(address: str) -> None:
    queues = {name: f"{address}/0/{name}" for name in QUEUES}

    assert chosen(**queues) == QueuesOven(**queues, table=None, account=account(address))


def test_what_the_options_name_goes_before_what_the_urls_name() -> None:
    assert chosen(**QUEUES, endpoint_url=EMULATOR, region="us-east-1") == QueuesOven(
        **QUEUES, table=None, account=account(EMULATOR, None, "us-east-1")
    )


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, TIMES_LOCALLY),
        ({"stack": "mine"}, TIMES_ON_AWS),
        ({"stack": "mine", "endpoint_url": EMULATOR}, TIMES_LOCALLY),
        (QUEUES, TIMES_ON_AWS),
        ({name: f"{EMULATOR}/0/{name}" for name in QUEUES}, TIMES_LOCALLY),
    ],
)
def test_pizzas_bake_shorter_on_this_machine(options: dict[str, str], times: BakingTimes) -> None:
    assert chosen(**options).default_baking_times == times


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (None, TIMES_ON_AWS),
        ("3-3", BakingTimes(3, 3)),
        ("20", BakingTimes(20, 20)),
        ("0-31449600", BakingTimes(0, 31_449_600)),
    ],
)
def test_baking_times_are_as_given_or_the_default(text: str | None, times: BakingTimes) -> None:
    assert baking_times(text, TIMES_ON_AWS) == times


@pytest.mark.parametrize("text", ["", "5-", "5-2", "soon", "1.5-2", "-1-2", "1-2-3", "0-31449601", "٣-٤"])
def test_other_baking_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--bake"):
        baking_times(text, TIMES_LOCALLY)


@pytest.mark.parametrize("count", [-1, 0, 100_001])
def test_too_few_and_too_many_pizzas_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"--n must be from 1 to 100000 pizzas, not {count}"):
        check_count(count)
