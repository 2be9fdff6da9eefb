"""The executions: a name is used once."""

import json

import pytest

from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.ports import ItemStates
from tests.contract.services import Services


def item(item_id: str, baking_time_secs: int = 60, **others: str) -> Item:
    body = json.dumps({"id": item_id, "bakingTimeSecs": baking_time_secs, **others})
    return Item(item_id, baking_time_secs, 1, body)


@pytest.fixture
def item_states(services: Services) -> ItemStates:
    return services.item_states


def started(item_states: ItemStates, *items: Item) -> list[Execution]:
    answers = item_states.start(items)
    assert all(isinstance(answer, Execution) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Execution)]


def test_what_is_started_is_running_since_just_now(item_states: ItemStates, services: Services) -> None:
    before = services.now()
    executions = started(item_states, item("a"), item("b"))
    after = services.now()

    assert [execution.status for execution in executions] == ["RUNNING", "RUNNING"]
    # Step Functions returns whole milliseconds.
    assert all(before - 0.001 <= execution.started_at <= after for execution in executions)


def test_nothing_is_started_of_nothing(item_states: ItemStates) -> None:
    assert item_states.start([]) == []


def test_what_never_started_is_not_described(item_states: ItemStates) -> None:
    assert item_states.describe("a") is None


def test_what_runs_is_described(item_states: ItemStates) -> None:
    (execution,) = started(item_states, item("a"))

    described = item_states.describe("a")

    assert described is not None
    assert described.running
    assert described.body == item("a").body
    assert described.started_at == pytest.approx(execution.started_at, abs=0.01)


@pytest.mark.parametrize("again", [item("a"), item("a", note="another input")])
def test_what_runs_is_not_started_again(item_states: ItemStates, services: Services, again: Item) -> None:
    (first,) = started(item_states, item("a"))
    services.pass_time(0.5)

    (second,) = started(item_states, again)

    assert second.running
    assert second.started_at == pytest.approx(first.started_at, abs=0.01)


def test_what_has_ended_is_not_started_again(item_states: ItemStates, services: Services) -> None:
    started(item_states, item("a", baking_time_secs=0))
    while (execution := item_states.describe("a")) is not None and execution.running:
        services.pass_time(0.1)

    (again,) = started(item_states, item("a", baking_time_secs=0))

    assert again.status == "SUCCEEDED"


def test_what_failed_tells_its_cause_and_its_item(item_states: ItemStates, services: Services) -> None:
    started(item_states, item("a"))
    services.abort("a", "the cook said so")

    (again,) = started(item_states, item("a"))

    assert again.failed
    assert (again.status, again.body, again.cause) == ("ABORTED", item("a").body, "the cook said so")
    assert item_states.describe("a") == again
