"""Ovens that run a function or a workflow for each item, with IAM enforced."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from pizza_oven.item import ItemRelease
from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client

HANDLER = """
import time

def handler(event, context):
    if event["does"] == "fail":
        raise ValueError("no such file")
    if event["does"] == "hang":
        time.sleep(8)
    return {"id": event["id"], "attempt": event["attempt"], "startedAt": event["startedAt"]}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        yield local(endpoint_url)


def role(aws: Aws, name: str, service: str, *allowed: dict[str, Any]) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = aws.iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    if allowed:
        policy = {"Version": "2012-10-17", "Statement": list(allowed)}
        aws.iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(policy))
    return arn


@pytest.fixture(scope="module")
def function(aws: Aws) -> str:
    """The ARN of a function that does as an item's field `does` says."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("work.py", HANDLER)
    return aws.lambda_functions.create_function(
        FunctionName="work",
        Runtime="python3.13",
        Handler="work.handler",
        Role=role(aws, "work-function", "lambda.amazonaws.com"),
        Code={"ZipFile": code.getvalue()},
        Timeout=15,
    )["FunctionArn"]


@pytest.fixture(scope="module")
def workflow(aws: Aws, function: str) -> str:
    """The ARN of a workflow that does the same, by way of the function."""
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
    }
    may_invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}
    return aws.stepfunctions.create_state_machine(
        name="work-workflow",
        definition=json.dumps({"StartAt": "Invoke", "States": {"Invoke": invoke}}),
        roleArn=role(aws, "work-workflow", "states.amazonaws.com", may_invoke),
    )["stateMachineArn"]


@pytest.fixture(scope="module", params=["function", "workflow"])
def client(aws: Aws, request: pytest.FixtureRequest) -> Client:
    """Of an oven of two slots, with that work."""
    kind = request.param
    name = f"with-{kind}"
    parameters = {
        "BakingTableCapacityCount": "2",
        "QueueNamePrefix": name,
        "BakingTableName": name,
        "RefusePlainHttp": "false",
        "WorkArn": request.getfixturevalue(kind),
    }
    return Client(LocalOven(aws, deploy(aws, name, parameters, lambda _line: None), aws.endpoint_url or ""))


def item(item_id: str, does: str, secs: int = 60, **others: Any) -> dict[str, Any]:
    return {"id": item_id, "bakingTimeSecs": secs, "does": does, **others}


def received(aws: Aws, queue_url: str) -> list[dict[str, Any]]:
    """Take what is in a queue."""
    answer = aws.sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["reason"]
    )
    messages: list[dict[str, Any]] = [dict(message) for message in answer.get("Messages", [])]
    for message in messages:
        aws.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def first(aws: Aws, queue_url: str) -> dict[str, Any]:
    """Wait for a message."""
    messages: list[dict[str, Any]] = []

    def has_arrived() -> bool:
        messages.extend(received(aws, queue_url))
        return bool(messages)

    eventually("a message arrives", has_arrived)
    (message,) = messages
    return message


def status_of(aws: Aws, workflow: str, item_id: str) -> str | None:
    """Of the execution of a workflow; None if there is none of that name."""
    executions = aws.stepfunctions.list_executions(stateMachineArn=workflow)["executions"]
    return {execution["name"]: execution["status"] for execution in executions}.get(item_id)


def test_a_result_comes_out_with_its_item(aws: Aws, client: Client) -> None:
    client.send(item("good", "return"))

    body = json.loads(first(aws, client.stack.baked_items)["Body"])

    assert body["does"] == "return"
    assert body["result"].items() >= {"id": "good", "attempt": 0}.items()
    eventually("the slots are free", lambda: client.row().occupied == 0)


@pytest.mark.parametrize(
    ("does", "secs", "told"), [("fail", 60, "no such file"), ("hang", 2, "States.Timeout")]
)
def test_work_that_fails_makes_its_item_a_dead_letter_and_frees_the_slots(
    aws: Aws, client: Client, does: str, secs: int, told: str
) -> None:
    client.send(item(does, does, secs))

    reason = first(aws, client.stack.dead_letters)["MessageAttributes"]["reason"]["StringValue"]

    assert reason.startswith("its work ended as ")
    assert told in reason
    eventually("the slots are free", lambda: client.row().occupied == 0)


def test_held_items_are_not_worked_on(client: Client) -> None:
    client.send(item("held", "fail", 3600, hold=True))
    eventually("it is held", lambda: "held" in client.row().leases)

    client.send_bodies([ItemRelease("held").body])

    eventually("the slots are free", lambda: client.row().occupied == 0)


def test_an_item_that_is_removed_while_it_is_worked_on_frees_its_slots(
    aws: Aws, client: Client, workflow: str
) -> None:
    item_id = f"stopped-{client.stack.name}"
    client.send(item(item_id, "hang", 3600))
    client.wait_until_baking(item_id)
    is_workflow = client.stack.name == "with-workflow"
    if is_workflow:
        eventually("its workflow runs", lambda: status_of(aws, workflow, item_id) == "RUNNING")

    client.stop_baking(item_id, error="Oven.Removed", cause="removed by hand")

    reason = first(aws, client.stack.dead_letters)["MessageAttributes"]["reason"]["StringValue"]
    assert "Oven.Removed" in reason
    eventually("the slots are free", lambda: client.row().occupied == 0)
    if is_workflow:
        assert status_of(aws, workflow, item_id) == "ABORTED"


def test_work_that_is_throttled_is_done_later_and_keeps_its_slots(
    aws: Aws, client: Client, function: str
) -> None:
    aws.lambda_functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    client.send(item("throttled", "return"))
    client.wait_until_baking("throttled")
    assert "throttled" in client.row().leases

    aws.lambda_functions.delete_function_concurrency(FunctionName=function)

    if client.stack.name == "with-function":
        body = json.loads(first(aws, client.stack.baked_items)["Body"])
        assert body["result"]["id"] == "throttled"
    eventually("the slots are free", lambda: client.row().occupied == 0)
