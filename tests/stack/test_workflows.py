"""Workflows that hold slots while their own states run: the template of docs/hold.md, on the local stack."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.patience import eventually
from tests.stack.clients import Client, ids
from tests.stack.deadly_network import killed_after
from tests.stack.ovens import TestOven, running_test_oven

TEMPLATE = Path(__file__).parents[2] / "docs" / "examples" / "held-workflow.yaml"

FAILING = {"Type": "Fail", "Error": "Dough", "Cause": "too old"}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A state machine that competes for the one slot of the oven."""

    oven: TestOven
    arn: str

    def start(self, name: str, secs: int = 0) -> None:
        """Start an execution whose own state takes so long."""
        states = self.oven.aws.stepfunctions
        states.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps({"secs": secs}))

    def stop(self, name: str) -> None:
        """Abort an execution, as a person or a pipeline does."""
        self.oven.aws.stepfunctions.stop_execution(executionArn=self._execution(name))

    def entered(self, name: str) -> list[str]:
        """The names of the states that an execution has entered, each of which is a transition."""
        return [event["stateEnteredEventDetails"]["name"] for event in self._events(name, "StateEntered")]

    def entered_at(self, name: str, state: str) -> float:
        """When an execution entered a state, in seconds since 1970."""
        return float(
            self._events(name, "StateEntered")[self.entered(name).index(state)]["timestamp"].timestamp()
        )

    def waits_until(self, name: str, state: str) -> None:
        """Wait until an execution has entered a state."""
        eventually(f"{name} enters {state}", lambda: state in self.entered(name))

    def result(self, name: str) -> dict[str, Any]:
        """The execution, once it has ended."""

        def description() -> dict[str, Any]:
            return dict(self.oven.aws.stepfunctions.describe_execution(executionArn=self._execution(name)))

        eventually(f"{name} ends", lambda: description()["status"] != "RUNNING")
        return description()

    def _execution(self, name: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"

    def _events(self, name: str, kind: str) -> list[Any]:
        history = self.oven.aws.stepfunctions.get_execution_history(executionArn=self._execution(name))
        return [event for event in history["events"] if event["type"].endswith(kind)]


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    """An oven of one slot. Nobody may do more than a role allows."""
    with running_test_oven(1) as running:
        yield running


@pytest.fixture(scope="module")
def workflow(oven: TestOven) -> Workflow:
    """The workflow of the documentation, with the rule that releases for it."""
    aws = oven.aws
    aws.cloudformation.create_stack(
        StackName="workflow",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def stack() -> Any:
        return aws.cloudformation.describe_stacks(StackName="workflow")["Stacks"][0]

    eventually("the stack is created", lambda: stack()["StackStatus"] != "CREATE_IN_PROGRESS")
    assert stack()["StackStatus"] == "CREATE_COMPLETE"
    return Workflow(oven, stack()["Outputs"][0]["OutputValue"])


def without_rule(workflow: Workflow, name: str, lease_secs: int, own_state: dict[str, Any]) -> Workflow:
    """The same workflow with another lease and another state of its own, which no rule watches."""
    states = workflow.oven.aws.stepfunctions
    described = states.describe_state_machine(stateMachineArn=workflow.arn)
    definition = json.loads(described["definition"])
    definition["States"]["Hold"]["Parameters"]["MessageBody"]["bakingTimeSecs"] = lease_secs
    definition["States"]["Work"]["Branches"][0]["States"]["YourFirstState"] = own_state
    created = states.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=described["roleArn"]
    )
    return Workflow(workflow.oven, created["stateMachineArn"])


def test_two_workflows_take_turns_and_waiting_costs_no_transition(client: Client, workflow: Workflow) -> None:
    client.hold("before-both")
    workflow.start("first", secs=1)
    client.wait_until_waiting(1)
    workflow.start("second")
    client.wait_until_waiting(2)
    assert workflow.entered("first") == workflow.entered("second") == ["Hold"]
    client.let_go("before-both")

    assert workflow.result("first")["status"] == workflow.result("second")["status"] == "SUCCEEDED"

    assert workflow.entered_at("second", "Work") >= workflow.entered_at("first", "Release")
    # The emulator's history has no states of branches.
    assert workflow.entered("first") == workflow.entered("second") == ["Hold", "Work", "Release"]
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_its_states_know_until_when_the_slot_is_held(client: Client, workflow: Workflow) -> None:
    workflow.start("knows")

    held = json.loads(workflow.result("knows")["output"])["held"]

    assert held["id"] == "knows"
    assert held["until"] == pytest.approx(workflow.entered_at("knows", "Work") + 3600, abs=60)
    client.collect_until_quiet()


def test_a_workflow_whose_own_states_fail_releases_the_slot(client: Client, workflow: Workflow) -> None:
    failing = without_rule(workflow, "failing", 3600, FAILING)
    failing.start("fails")

    failed = failing.result("fails")

    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Dough", "too old")
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_a_workflow_that_is_stopped_while_it_holds_releases_the_slot_at_once(
    client: Client, workflow: Workflow
) -> None:
    workflow.start("stopped-holding", secs=3600)
    workflow.waits_until("stopped-holding", "Work")

    workflow.stop("stopped-holding")

    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_a_workflow_that_times_out_releases_the_slot_at_once(client: Client, workflow: Workflow) -> None:
    states = workflow.oven.aws.stepfunctions
    definition = states.describe_state_machine(stateMachineArn=workflow.arn)["definition"]
    short = json.dumps(json.loads(definition) | {"TimeoutSeconds": 4})
    states.update_state_machine(stateMachineArn=workflow.arn, definition=short)
    workflow.start("times-out", secs=3600)
    workflow.waits_until("times-out", "Hold")
    states.update_state_machine(stateMachineArn=workflow.arn, definition=definition)

    assert workflow.result("times-out")["status"] == "TIMED_OUT"

    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_without_the_rule_the_slot_of_a_stopped_workflow_comes_back_when_its_lease_ends(
    client: Client, workflow: Workflow
) -> None:
    unwatched = without_rule(workflow, "unwatched", 3, {"Type": "Wait", "Seconds": 3600, "End": True})
    unwatched.start("dies-holding")
    unwatched.waits_until("dies-holding", "Work")

    unwatched.stop("dies-holding")

    client.collect_until_quiet()
    assert [letter.reason for letter in client.dead] == ["held for 3 s and neither extended nor released"]
    assert ids(client.baked) == []


def test_a_workflow_that_is_stopped_while_it_waits_is_cancelled(client: Client, workflow: Workflow) -> None:
    client.hold("in-the-way")
    workflow.start("stopped-waiting")
    client.wait_until_waiting(1)

    workflow.stop("stopped-waiting")
    eventually("the item is cancelled", lambda: started_with(client, "stopped-waiting"))
    assert started_with(client, "stopped-waiting") == {"bakingTimeSecs": 0, "cancelled": "stopped-waiting"}
    client.let_go("in-the-way")

    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_slots_of_a_workflow_that_was_stopped_while_it_waited_are_freed_at_once(
    client: Client, workflow: Workflow
) -> None:
    unwatched = without_rule(workflow, "unwatched-waiting", 3600, {"Type": "Pass", "End": True})
    client.hold("in-its-way")
    unwatched.start("dies-waiting")
    client.wait_until_waiting(1)
    unwatched.stop("dies-waiting")
    workflow.start("next")
    client.wait_until_waiting(2)

    client.let_go("in-its-way")

    # The item of the first one got the slot, and no task was there to be told of it.
    assert workflow.result("next")["status"] == "SUCCEEDED"
    assert started_with(client, "dies-waiting")["hold"] is True
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_a_workflow_keeps_its_slot_if_bake_items_dies_after_it_told_it_of_the_slot(
    oven: TestOven, client: Client, workflow: Workflow
) -> None:
    with killed_after(oven, "BakeItems", "SendTaskSuccess") as answers:
        workflow.start("told-once", secs=3600)
        workflow.waits_until("told-once", "Work")
        # The message of the item comes again. Its task has ended, which is no sign that the owner gave up.
        eventually("it is told again", lambda: len(answers) == 2)
        client.wait_until_all_is_taken()

    assert answers == [200, 400]
    assert workflow.entered("told-once") == ["Hold", "Work"]
    assert client.row().leases.keys() == {"told-once"}
    workflow.stop("told-once")
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def started_with(client: Client, item_id: str) -> dict[str, Any]:
    """The input of the execution of an item. Empty if it has none."""
    states = client.oven.aws.stepfunctions
    try:
        execution = states.describe_execution(executionArn=client.execution_arn(item_id))
    except states.exceptions.ExecutionDoesNotExist:
        return {}
    fields: dict[str, Any] = json.loads(execution["input"])
    return fields
