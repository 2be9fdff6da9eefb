"""Metrics of an oven in CloudWatch, and the parameters for alarms and protection."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from serverless_pizza_oven import aws
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.stack import stack_parameters
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.logs import Function, cut_off, log_lines
from tests.stack.ovens import local_session


def metrics(oven: LocalOven) -> list[dict[str, Any]]:
    """The lines of metrics that both functions have written."""
    lines = [line for function in get_args(Function) for line in log_lines(oven, function)]
    return [json.loads(line) for line in lines if '"_aws"' in line]


def sums(oven: LocalOven) -> Counter[str]:
    """The sums that CloudWatch would compute of the metrics that are counts."""
    total: Counter[str] = Counter()
    for line in metrics(oven):
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            if metric["Unit"] == "Count":
                total[metric["Name"]] += int(sum(line[metric["Name"]]))
    return total


def reports(oven: LocalOven) -> int:
    """How many invocations of Bake Items have ended."""
    return sum(line.startswith("REPORT") for line in log_lines(oven, "BakeItems"))


def largest(oven: LocalOven, name: str) -> float:
    return max(float(value) for line in metrics(oven) for value in line.get(name, []))


def test_the_metrics_add_up_to_what_happened(new_oven: NewOven) -> None:
    oven = new_oven(5)
    client = Client(oven)
    pizzas = [pizza(f"counted-{n}", secs=1) for n in range(20)]
    begun = time.time()

    client.hold("held")
    client.send(*pizzas)
    client.wait_until_waiting(20)
    client.let_go("held")
    client.send_bodies(["no item"])
    client.collect_until_quiet()
    client.send(pizzas[0])
    client.collect_until_quiet()
    eventually("the last line is written", lambda: sums(oven)["Duplicates"] == 1)

    assert client.baked_ids == ids(pizzas)
    found = sums(oven)
    # The one that was held is a dead letter, too.
    expected = {"Loaded": 21, "Joined": 20, "Baked": 20, "Rejected": 2, "Duplicates": 1, "Evicted": 1}
    assert {name: found[name] for name in (*expected, "Failed")} == expected | {"Failed": 0} or cut_off(oven)
    assert largest(oven, "Occupied") == 5
    waits = [secs for line in metrics(oven) for secs in line.get("WaitingTime", [])]
    assert len(waits) == 21 or cut_off(oven)
    # Four rounds of a second each.
    assert 3 <= max(waits) <= time.time() - begun
    assert {line["Stack"] for line in metrics(oven)} == {"spo"}


def test_an_idle_oven_tells_nothing(new_oven: NewOven) -> None:
    oven = new_oven(5)
    client = Client(oven)

    before = reports(oven)
    client.trigger()
    eventually("the trigger was taken", lambda: reports(oven) > before)
    client.collect_until_quiet()

    assert metrics(oven) == []


@pytest.fixture
def guarded() -> Iterator[LocalOven]:
    """An oven with everything on that a parameter turns on, and a key of one's own."""
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        key = local_session().client("kms", endpoint_url=endpoint_url).create_key()["KeyMetadata"]["Arn"]
        account = aws.local(endpoint_url)
        chosen = {
            "RefusePlainHttp": "false",
            "KmsKeyArn": key,
            "AlarmTopicArn": "arn:aws:sns:us-east-1:000000000000:on-call",
            "LongestLine": "100",
            "Dashboard": "ENABLED",
            "Tracing": "ENABLED",
            "Protection": "ENABLED",
        }
        stack = deploy(account, "spo", chosen, lambda _: None)
        yield LocalOven(account, stack, endpoint_url)


def test_an_oven_with_everything_on_bakes(guarded: LocalOven) -> None:
    client = Client(guarded)
    pizzas = [pizza(f"guarded-{n}", secs=1) for n in range(20)]

    client.send(*pizzas)
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)
    watch = local_session().client("cloudwatch", endpoint_url=guarded.endpoint_url)
    alarms = watch.describe_alarms()["MetricAlarms"]
    assert len(alarms) == 7
    assert {action for alarm in alarms for action in alarm["AlarmActions"] + alarm["OKActions"]} == {
        "arn:aws:sns:us-east-1:000000000000:on-call"
    }
    assert json.loads(watch.get_dashboard(DashboardName="spo")["DashboardBody"])["widgets"]


def test_a_key_of_ones_own_is_that_of_queues_executions_and_logs(guarded: LocalOven) -> None:
    key = stack_parameters(guarded.aws, "spo")["KmsKeyArn"]
    stack = guarded.stack
    queues = [stack.new_items, stack.waiting_items, stack.baked_items, stack.dead_letters]
    logs = local_session().client("logs", endpoint_url=guarded.endpoint_url)

    assert {
        guarded.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"][
            "KmsMasterKeyId"
        ]
        for queue in queues
    } == {key}
    machine = guarded.aws.stepfunctions.describe_state_machine(stateMachineArn=stack.outputs["ItemStatesArn"])
    assert machine["encryptionConfiguration"]["kmsKeyId"] == key
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/spo-")["logGroups"]
    assert [group.get("kmsKeyId") for group in groups] == [key, key]
