"""The local stack behaves as AWS where MiniStack does not."""

import io
import json
import signal
import subprocess
import textwrap
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.teardown import destroy
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from tests.emulator_log import clean_log
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client, pizza
from tests.stack.commands import OVEN, RUN_SECS, environment, running_local_oven
from tests.stack.commands import oven as run_oven
from tests.stack.conftest import NewOven
from tests.stack.ovens import TestOven
from tests.stack.processes import children
from tests.stack.roles import Permission, Role

DEAD_PROXY = "http://127.0.0.1:9"
"""Nothing listens on the port of the discard service."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Aws]:
    """An empty embedded AWS that enforces no IAM."""
    with clean_log() as log, running_emulator(free_port(), log=log) as endpoint_url:
        yield local(endpoint_url)


def run_function(aws: Aws, name: str, code: str) -> Any:
    """What a handler of this code returns."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("probe.py", textwrap.dedent(code))
    aws.lambda_functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/probe",
        Handler="probe.handler",
        Code={"ZipFile": package.getvalue()},
    )
    response = aws.lambda_functions.invoke(FunctionName=name, Payload=b"{}")
    answer = json.load(response["Payload"])
    assert "FunctionError" not in response, answer
    return answer


def workers_of(oven: TestOven, function_name: str) -> set[int]:
    """The processes that run a function."""
    return children(oven.emulator, f"-{function_name}-")


# What a function sees


@pytest.mark.parametrize("library", ["serverless_pizza_oven", "ministack", "pizza_oven", "typer", "rich"])
def test_a_function_cannot_import_what_its_package_and_the_runtime_lack(emulator: Aws, library: str) -> None:
    code = f"""
    from importlib.util import find_spec

    def handler(event, context):
        return find_spec("{library}") is None
    """

    assert run_function(emulator, f"imports-{library}", code)


def test_a_function_can_import_the_sdk_that_the_runtime_brings(emulator: Aws) -> None:
    code = """
    import boto3, botocore.session

    def handler(event, context):
        return boto3.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"]
    """

    assert run_function(emulator, "imports-sdk", code) == 200


def test_a_function_sees_no_environment_but_that_of_lambda_and_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_SECRET_OF_OURS", "hunter2")
    monkeypatch.setenv("HTTP_PROXY", DEAD_PROXY)
    code = """
    import os

    def handler(event, context):
        return sorted(os.environ)
    """

    with running_emulator(free_port()) as endpoint_url:
        names = run_function(local(endpoint_url), "environment", code)

    assert "AWS_REGION" in names
    assert {"A_SECRET_OF_OURS", "HTTP_PROXY", "HOME", "PIZZA_OVEN_FOLDER", "LOG_LEVEL"} & set(names) == set()


# When it is ready


def test_behind_a_proxy_the_local_oven_starts_and_bakes(tmp_path: Path) -> None:
    port = free_port()
    proxied = {"HTTP_PROXY": DEAD_PROXY, "http_proxy": DEAD_PROXY, "NO_PROXY": "", "no_proxy": ""}
    settings = proxied | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}

    with running_local_oven(port, tmp_path, settings=proxied) as command:
        command.printed_until('export NO_PROXY="127.0.0.1,$NO_PROXY"')
        sent = run_oven("send", "--id", "proxied", "--bake", "0", settings=settings)
        collected = run_oven("collect", "--n", "1", "--wait", "60", settings=settings)

    assert sent.returncode == 0, sent.stderr
    assert json.loads(collected.stdout)["id"] == "proxied", collected.stderr


def test_a_second_terminal_finds_the_local_oven_until_it_ends(tmp_path: Path) -> None:
    port = free_port()
    settings = {"XDG_RUNTIME_DIR": str(tmp_path)}

    with running_local_oven(port, tmp_path, settings=settings) as command:
        command.printed_until("export AWS_DEFAULT_REGION=")
        sent = run_oven("send", "--id", "found", "--bake", "0", "--wait", "out", settings=settings)
        command.end(signal.SIGTERM)
        after = run_oven("status", settings=settings)

    assert (sent.returncode, sent.stdout) == (0, "found\n")
    assert sent.stderr.startswith(f"Using the local oven at http://127.0.0.1:{port}.\n1 item sent.\n")
    assert after.stderr == "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)\n"
    assert list(tmp_path.iterdir()) == []


def test_with_a_full_disk_the_local_oven_says_that_it_cannot_run_its_functions() -> None:
    # Files of 20 KB at most: the functions' package is larger.
    told = subprocess.run(
        ["bash", "-c", f"ulimit -f 20; exec {OVEN} local --port {free_port()}"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=RUN_SECS,
        check=False,
    )

    assert told.returncode == 1
    assert "hot" not in told.stdout + told.stderr
    last = told.stderr.splitlines()[-1]
    assert last.startswith(
        "oven: the embedded AWS cannot run the function BakeItems: [Errno 27] File too large"
    )


# What goes with a resource


def test_an_oven_that_was_destroyed_and_deployed_again_bakes_the_same_ids_again() -> None:
    with clean_log() as log, running_oven(free_port(), capacity=2, log=log) as oven:
        for _ in range(2):
            stack = deploy(oven.aws, "spo", {"RefusePlainHttp": "false"}, report=lambda _line: None)
            client = Client(LocalOven(oven.aws, stack, oven.endpoint_url))
            client.send(pizza("again"), pizza("again-too"))
            client.collect_until_quiet()
            assert client.baked_ids == ["again", "again-too"]
            destroy(oven.aws, "spo", report=lambda _line: None)


def test_who_deploys_an_oven_within_a_minute_of_its_removal_is_told_to_wait() -> None:
    parameters = {"RefusePlainHttp": "false"}
    with running_emulator(free_port(), reserve_queues=True) as endpoint_url:
        aws = local(endpoint_url)
        deploy(aws, "spo", parameters, report=lambda _line: None)
        destroy(aws, "spo", report=lambda _line: None)

        with pytest.raises(DeploymentError, match="deleted in the last 60 seconds: wait a minute"):
            deploy(aws, "spo", parameters, report=lambda _line: None)


def test_a_stack_that_is_deleted_takes_all_that_its_resources_had_along(new_oven: NewOven) -> None:
    oven = new_oven(2)
    client = Client(oven)
    client.send(pizza("bakes", secs=3600), pizza("baked"))

    def is_out() -> bool:
        client.collect()
        return client.baked_ids == ["baked"]

    eventually("one is out", is_out)
    outputs = oven.stack.outputs
    functions = [outputs["BakeItemsFunctionName"], outputs["ItemRemovedFunctionName"]]
    table = oven.aws.dynamodb.describe_table(TableName=oven.stack.table)["Table"]

    oven.aws.cloudformation.delete_stack(StackName=oven.stack.name)

    eventually("its functions' processes end", lambda: not any(workers_of(oven, name) for name in functions))
    states = oven.aws.stepfunctions
    for item_id in ("bakes", "baked"):
        arn = outputs["ItemStatesArn"].replace(":stateMachine:", ":execution:")
        with pytest.raises(states.exceptions.ExecutionDoesNotExist):
            states.describe_execution(executionArn=f"{arn}:{item_id}")
    with pytest.raises(oven.aws.dynamodb.exceptions.ResourceNotFoundException):
        oven.aws.dynamodb.get_resource_policy(ResourceArn=table["TableArn"])
    groups = oven.aws.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert not [group for group in groups if group["logGroupName"].rpartition("/")[2] in functions]


# Step Functions


def test_a_start_that_is_repeated_while_the_execution_runs_is_answered_as_the_first_one(
    oven: TestOven,
) -> None:
    states = oven.aws.stepfunctions
    start = {"stateMachineArn": oven.stack.outputs["ItemStatesArn"], "name": "started-twice"}
    item = json.dumps(pizza("started-twice", secs=3600))

    first = states.start_execution(**start, input=item)
    again = states.start_execution(**start, input=item)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**start, input=json.dumps(pizza("started-twice", secs=1)))
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**start, input=item)

    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    client = Client(oven)
    client.collect_until_quiet()


def test_an_item_that_is_out_and_cannot_be_unloaded_comes_out_once(new_oven: NewOven) -> None:
    oven = new_oven(1)
    client = Client(oven)
    role = Role(oven, "ItemRemoved")
    states = oven.aws.stepfunctions
    arn = oven.stack.outputs["ItemStatesArn"].replace(":stateMachine:", ":execution:") + ":stuck"

    def entered() -> set[str]:
        events = states.get_execution_history(executionArn=arn)["events"]
        return {
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        }

    # Neither the function itself nor Bake Items in its place.
    role.take_away(
        Permission("ItemRemoved", "UpdateTheRow", "dynamodb:UpdateItem"),
        Permission("ItemRemoved", "SendAndReceiveLeavingItems", "sqs:SendMessage"),
    )
    client.send(pizza("stuck", secs=1))
    client.wait_until_baking("stuck")
    eventually("only its slots are left to be freed", lambda: "Unloaded" in entered())
    role.give_back()
    client.collect_until_quiet()

    assert client.baked_ids == ["stuck"]


# SQS and CloudWatch


def test_the_age_of_the_oldest_message_leaves_out_those_received_three_times(emulator: Aws) -> None:
    url = emulator.sqs.create_queue(QueueName="aged", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]

    def age() -> float:
        now = datetime.now(UTC)
        points = emulator.cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": "aged"}],
            StartTime=now - timedelta(seconds=1),
            EndTime=now + timedelta(seconds=60),
            Period=1,
            Statistics=["Maximum"],
        )["Datapoints"]
        return max(points, key=lambda point: point["Timestamp"])["Maximum"]

    emulator.sqs.send_message(QueueUrl=url, MessageBody="stuck")
    eventually("it is a second old", lambda: age() >= 1)
    for _ in range(2):
        assert emulator.sqs.receive_message(QueueUrl=url)["Messages"]
    assert age() >= 1
    assert emulator.sqs.receive_message(QueueUrl=url)["Messages"]
    eventually("it is left out", lambda: age() == 0)


def test_what_functions_count_in_their_logs_are_metrics(new_oven: NewOven) -> None:
    oven = new_oven(3)
    client = Client(oven)
    client.send(pizza("counted", size=3))
    client.collect_until_quiet()

    metrics = oven.aws.cloudwatch.list_metrics(Namespace="PizzaOven")["Metrics"]
    assert {"Loaded", "Baked", "Occupied", "WaitingTime"} <= {metric["MetricName"] for metric in metrics}
    now = datetime.now(UTC)
    occupied = oven.aws.cloudwatch.get_metric_statistics(
        Namespace="PizzaOven",
        MetricName="Occupied",
        Dimensions=[{"Name": "Stack", "Value": oven.stack.name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in occupied) == 3
