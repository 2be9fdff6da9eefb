"""`oven cost` of a stack."""

import json
from datetime import UTC, datetime

import pytest

from serverless_pizza_oven.operations.usage import month_to_date
from tests.stack.clients import Client
from tests.stack.commands import oven


def test_a_stacks_parameters_and_what_cloudwatch_tells_of_it_are_counted(client: Client) -> None:
    stack, endpoint = client.stack, client.oven.endpoint_url
    now = datetime.now(UTC)
    before = month_to_date(client.oven.aws, stack, now)
    # The emulator's SQS sends no metrics to CloudWatch.
    client.oven.aws.cloudwatch.put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "NumberOfEmptyReceives",
                "Dimensions": [{"Name": "QueueName", "Value": stack.new_items.rpartition("/")[2]}],
                "Timestamp": now,
                "Value": 1_000_000,
            }
        ],
    )

    told = oven("cost", "--stack", stack.name, "--endpoint-url", endpoint, "--json")

    assert told.returncode == 0, told.stderr
    costs = json.loads(told.stdout)
    spent = costs["thisMonth"]["dollarsAtMost"] - sum(charge.dollars for charge in before.charges)
    # The pilot light may have sent a trigger meanwhile: a millionth.
    assert spent == pytest.approx(0.40, abs=0.00001)
    parts = {part["name"]: part["dollars"] for part in costs["idle"]["parts"]}
    assert parts["pollers"] == pytest.approx(0.2592)


def test_a_stack_that_is_not_there_is_told_in_one_line(client: Client) -> None:
    told = oven("cost", "--stack", "nowhere", "--endpoint-url", client.oven.endpoint_url)

    assert told.returncode == 4
    assert told.stdout == ""
    assert told.stderr.startswith("oven: there is no stack nowhere ")
