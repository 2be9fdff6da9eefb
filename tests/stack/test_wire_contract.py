"""A foreign client that knows only the names of the contract and nothing of this project."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from serverless_pizza_oven.local.oven import running_oven
from tests.patience import eventually
from tests.ports import free_port


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    with running_oven(free_port(), enforce_iam=True) as oven:
        yield oven.endpoint_url


@pytest.fixture(scope="module")
def aws(endpoint_url: str) -> boto3.Session:
    return boto3.Session("test", "test", region_name="us-east-1")


def test_a_client_that_knows_only_the_names_sees_its_items_pass_through_the_oven(
    aws: boto3.Session, endpoint_url: str
) -> None:
    sqs = aws.client("sqs", endpoint_url=endpoint_url)
    dynamodb = aws.client("dynamodb", endpoint_url=endpoint_url)
    states = aws.client("stepfunctions", endpoint_url=endpoint_url)

    def url(name: str) -> str:
        return sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def count(queue_url: str) -> int:
        attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def occupied() -> int:
        row = dynamodb.get_item(TableName="BakingTable", Key={"id": {"S": "capacity"}}).get("Item", {})
        return int(row.get("occupied", {"N": "0"})["N"])

    hold = {"id": "Hold", "bakingTimeSecs": 3600, "size": 14}
    items: list[dict[str, Any]] = [
        {"id": f"Pizza_{n}", "bakingTimeSecs": 1, "name": "Margherita \U0001f355"} for n in range(20)
    ]
    sqs.send_message(QueueUrl=url("spo-NewItems"), MessageBody=json.dumps(hold))
    eventually("the oven is full", lambda: occupied() == 14)
    for item in items:
        sqs.send_message(QueueUrl=url("spo-NewItems"), MessageBody=json.dumps(item))
    eventually("the others wait", lambda: count(url("spo-WaitingItems.fifo")) == 20)
    (machine,) = states.list_state_machines()["stateMachines"]
    (execution,) = states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    states.stop_execution(executionArn=execution["executionArn"])

    received: dict[str, Any] = {}
    most_occupied = 0

    def all_are_out() -> bool:
        nonlocal most_occupied
        most_occupied = max(most_occupied, occupied())
        for message in sqs.receive_message(QueueUrl=url("spo-BakedItems"), MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            # An item that was sent out by a function that timed out may come again.
            item = json.loads(message["Body"])
            received[item["id"]] = item
            sqs.delete_message(QueueUrl=url("spo-BakedItems"), ReceiptHandle=message["ReceiptHandle"])
        return len(received) == 20 and occupied() == 0

    eventually("all are out", all_are_out)

    assert sorted(received.values(), key=lambda item: item["id"]) == sorted(
        items, key=lambda item: item["id"]
    )
    assert most_occupied <= 14
    assert execution["name"] == "Hold"
    eventually("the line is empty", lambda: count(url("spo-WaitingItems.fifo")) == 0)
    (letter,) = sqs.receive_message(QueueUrl=url("spo-DLQ"), MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"]) == hold
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "its baking ended as ABORTED"


def test_the_stack_has_the_queues_the_states_and_the_outputs_of_the_contract(
    aws: boto3.Session, endpoint_url: str
) -> None:
    sqs = aws.client("sqs", endpoint_url=endpoint_url)
    states = aws.client("stepfunctions", endpoint_url=endpoint_url)
    cloudformation = aws.client("cloudformation", endpoint_url=endpoint_url)

    (stack,) = cloudformation.describe_stacks()["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    urls = {
        output: sqs.get_queue_url(QueueName=name)["QueueUrl"]
        for output, name in {
            "NewItemsQueueUrl": "spo-NewItems",
            "NewItemsDLQUrl": "spo-DLQ",
            "WaitingItemsQueueUrl": "spo-WaitingItems.fifo",
            "BakedItemsQueueUrl": "spo-BakedItems",
        }.items()
    }
    (machine,) = states.list_state_machines()["stateMachines"]
    definition = json.loads(
        states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
    )

    assert urls.items() <= outputs.items()
    assert outputs["BakingTableName"] == "BakingTable"
    assert machine["type"] == "STANDARD"
    assert definition["StartAt"] == "Baking"
    assert definition["States"]["Baking"]["Type"] == "Wait"
    assert definition["States"]["Baking"]["SecondsPath"] == "$.bakingTimeSecs"
    assert definition["States"]["Baking"]["Next"] == "Removed"
    assert definition["States"]["Removed"]["Type"] == "Task"
    assert {parameter["ParameterKey"] for parameter in stack["Parameters"]} >= {
        "BakingTableCapacityCount",
        "QueueNamePrefix",
        "BakingTableName",
        "MessageRetentionPeriod",
        "MaxReceiveCount",
        "VisibilityTimeout",
    }
