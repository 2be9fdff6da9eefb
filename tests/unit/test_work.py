"""Items that are worked on in place of the wait: results, failures, and what the template has for them."""

import json
from typing import Any

import pytest

from pizza_oven.item import Item
from pizza_oven.work import MAX_RESULT_BYTES, worked
from serverless_pizza_oven.deployment.template import with_work_type
from tests.unit.memory_oven import Oven
from tests.unit.resolved import ResolvedTemplate, arn, statements

FIELDS = {"id": "a", "bakingTimeSecs": 60, "size": 2, "note": "mine"}
FUNCTION = arn("lambda", "function:resize")
WORKFLOW = arn("states", "stateMachine:resize")


def test_a_result_comes_out_with_its_item() -> None:
    ended = worked(FIELDS, {"result": {"pages": [1, 2]}})

    assert json.loads(ended.item.body) == {**FIELDS, "result": {"pages": [1, 2]}}
    assert (ended.item.id, ended.item.size, ended.failure) == ("a", 2, "")


@pytest.mark.parametrize(
    ("ended", "failure"),
    [
        ({"Error": "States.Timeout"}, "its work ended as States.Timeout"),
        ({"Error": "States.Timeout", "Cause": ""}, "its work ended as States.Timeout"),
        ({"Error": "ValueError", "Cause": "no such file"}, "its work ended as ValueError: no such file"),
    ],
)
def test_work_that_fails_tells_its_error_and_cause(ended: dict[str, str], failure: str) -> None:
    assert worked(FIELDS, ended).failure == failure


def test_a_result_that_is_too_large_is_a_failure_that_says_so() -> None:
    assert not worked(FIELDS, {"result": "x" * (MAX_RESULT_BYTES - 2)}).failure

    too_large = worked(FIELDS, {"result": "x" * (MAX_RESULT_BYTES - 1)})

    assert too_large.failure == "its work returned 204801 bytes, more than 204800: return less"


@pytest.mark.parametrize("field", ["result", "Error", "work"])
def test_an_item_that_is_not_worked_on_stays_as_it_is_whatever_its_own_fields_are(field: str) -> None:
    fields = {**FIELDS, "hold": True, field: "mine"}

    ended = worked(fields, fields)

    assert json.loads(ended.item.body) == fields
    assert not ended.failure


def test_an_item_whose_work_failed_is_a_dead_letter_and_frees_its_slots() -> None:
    oven = Oven(capacity=2)
    oven.send(json.dumps(FIELDS))
    oven.deliver()

    oven.item_removed(Item("a", 60, 2, json.dumps(FIELDS)), failure="its work ended as ValueError")

    assert oven.table.row.occupied == 0
    assert ("baked", "a") not in oven.records.taken
    assert oven.out() == []
    assert oven.letters() == [(json.dumps(FIELDS), "its work ended as ValueError")]


def deployed(**parameters: Any) -> ResolvedTemplate:
    """As `oven deploy` does it."""
    return ResolvedTemplate(**with_work_type(parameters))


def definition(**parameters: Any) -> dict[str, Any]:
    resolved: dict[str, Any] = deployed(**parameters)["ItemStates"]["Definition"]
    return resolved


@pytest.mark.parametrize("work", [FUNCTION, WORKFLOW])
def test_the_baking_time_of_an_item_is_the_timeout_of_its_work(work: str) -> None:
    working = definition(WorkArn=work)["States"]["Working"]

    assert working["TimeoutSecondsPath"] == "$.bakingTimeSecs"
    assert working["Retry"][0] == {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}
    assert working["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$", "Next": "Removed"}]


@pytest.mark.parametrize(("attempts", "repeats"), [(1, 0), (2, 1), (3, 2)])
def test_work_that_fails_is_repeated_as_often_as_the_parameter_says(attempts: int, repeats: int) -> None:
    retry = definition(WorkArn=FUNCTION, WorkAttempts=attempts)["States"]["Working"]["Retry"][-1]

    assert retry["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] == repeats


def test_an_execution_of_the_work_has_the_name_of_its_item() -> None:
    working = definition(WorkArn=WORKFLOW)["States"]["Working"]

    assert working["Parameters"]["Name.$"] == "$$.Execution.Name"


def test_held_and_cancelled_items_are_not_worked_on() -> None:
    states = definition(WorkArn=FUNCTION)
    sorting = states["States"][states["StartAt"]]

    assert sorting["Default"] == "Working"
    assert [choice["Next"] for choice in sorting["Choices"]] == ["Baking", "Baking"]


def test_without_work_an_item_takes_the_states_that_it_always_took() -> None:
    states = definition()

    assert states["StartAt"] == "Baking"
    assert states["States"].keys().isdisjoint({"Sorting", "Working"})


def test_the_executions_may_do_their_work_and_no_other() -> None:
    def allowed(work: str) -> dict[str, Any]:
        role = deployed(WorkArn=work)["ItemStatesRole"]
        return {s["Sid"]: s["Resource"] for s in statements(role) if s["Sid"] != "InvokeItemRemoved"}

    assert allowed("") == {}
    assert allowed(FUNCTION) == {"InvokeTheWork": FUNCTION}
    assert allowed(WORKFLOW) == {
        "StartTheWork": WORKFLOW,
        "FollowAndStopTheWork": arn("states", "execution:resize:*"),
        "HearOfTheWork": arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"),
    }
