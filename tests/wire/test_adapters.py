"""The adapters raise a ServiceError for each fault, whatever the SDK raises."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from pizza_oven.aws.baking_table import KEY, DynamoBakingTable
from pizza_oven.aws.clients import CONFIG
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.aws.queues import SqsDeadLetters
from pizza_oven.errors import ServiceError, ThrottledError
from pizza_oven.item import Item, parse_fields
from pizza_oven.messages import DeadLetter
from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION, Aws
from tests.patience import PATIENCE_SECS
from tests.stack.clients import pizza
from tests.wire.faulty_network import THROTTLES, FaultyNetwork, chosen_faults, faults_of, user_agent

NAME = "behind-the-network"
"""Names of the table, the queue and the state machine."""


CASES = [(service, kind) for service in THROTTLES for kind in faults_of(service)]


@pytest.fixture(scope="module")
def network(local_aws: Aws) -> Iterator[FaultyNetwork]:
    """A network to an account with a table, a queue and a state machine."""
    local_aws.dynamodb.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    local_aws.dynamodb.put_item(TableName=NAME, Item={**KEY, "occupied": {"N": "3"}})
    local_aws.sqs.create_queue(QueueName=NAME)
    wait = {"Type": "Wait", "SecondsPath": "$.bakingTimeSecs", "End": True}
    local_aws.stepfunctions.create_state_machine(
        name=NAME,
        roleArn=f"arn:aws:iam::{local_aws.account()}:role/{NAME}",
        definition=json.dumps({"StartAt": "Baking", "States": {"Baking": wait}}),
    )
    assert local_aws.endpoint_url
    with chosen_faults(local_aws.endpoint_url) as network:
        yield network


def client_of(service: str, network: FaultyNetwork, kind: str) -> Any:
    """A client as the functions have it, with one attempt. Each of its requests is struck.

    It is patient, since the proxy reads a service's model at the first request. A slow answer is too late.
    """
    once = Config(
        retries={"total_max_attempts": 1},
        read_timeout=0.1 if kind == "answer slow" else PATIENCE_SECS,
        user_agent_extra=user_agent(kind),
    )
    session = Session()
    session.set_credentials(LOCAL_CREDENTIAL, LOCAL_CREDENTIAL)
    return session.create_client(
        service, LOCAL_REGION, endpoint_url=network.endpoint_url, config=CONFIG.merge(once)
    )


def make_request(service: str, client: Any, aws: Aws, item: Item) -> None:
    """Read the row, dead-letter an item, or start its execution."""
    if service == "dynamodb":
        DynamoBakingTable(client, NAME).read()
    elif service == "sqs":
        url = aws.sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
        SqsDeadLetters(client, url).push([DeadLetter(item.body, "it fails", "it fails")])
    else:
        arn = f"arn:aws:states:{LOCAL_REGION}:{aws.account()}:stateMachine:{NAME}"
        (started,) = StepFunctionsItemStates(client, arn).start([item])
        if isinstance(started, ServiceError):
            raise started


@pytest.mark.parametrize(("service", "kind"), CASES)
def test_each_fault_is_a_service_error_and_each_throttle_a_throttled_one(
    service: str, kind: str, network: FaultyNetwork, local_aws: Aws
) -> None:
    item = parse_fields(pizza(f"item-{time.time_ns()}"))

    with pytest.raises(ServiceError) as raised:
        make_request(service, client_of(service, network, kind), local_aws, item)

    assert isinstance(raised.value, ThrottledError) == (kind in THROTTLES[service])
