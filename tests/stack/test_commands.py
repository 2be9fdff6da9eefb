"""The commands that create and delete ovens, run as users run them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.stack import find_stack
from serverless_pizza_oven.errors import DeploymentError
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.commands import RUN_SECS, environment, is_open, oven, running_local_oven
from tests.stack.contents import Contents, contents
from tests.stack.processes import processes

LAST_LINE = "export AWS_DEFAULT_REGION"

FOREIGN_CLIENT = """
import boto3, json, time
sqs = boto3.client("sqs")
def url(name): return sqs.get_queue_url(QueueName=name)["QueueUrl"]
sqs.send_message(QueueUrl=url("spo-NewItems"), MessageBody=json.dumps({"id": "foreign", "bakingTimeSecs": 0}))
messages = []
while not messages:
    messages = sqs.receive_message(QueueUrl=url("spo-BakedItems"), WaitTimeSeconds=1).get("Messages", [])
print(messages[0]["Body"])
"""

FAILING_TEMPLATE = {
    # The emulator cannot make alarms of this kind.
    "Resources": {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Metrics": [{"Id": "m", "Expression": "1"}],
            },
        }
    }
}


@pytest.fixture
def endpoint(local_aws: Aws) -> str:
    assert local_aws.endpoint_url
    return local_aws.endpoint_url


# oven local


@pytest.mark.parametrize("options", [(), ("--enforce-iam",)])
def test_oven_local_prints_what_any_client_needs(tmp_path: Path, options: tuple[str, ...]) -> None:
    port = free_port()
    with running_local_oven(port, tmp_path, "--capacity", "3", *options) as command:
        printed = command.printed_until(LAST_LINE)
        exports = dict(
            pair.split("=", 1)
            for line in printed.splitlines()
            if line.startswith("export ")
            for pair in line.split()[1:]
        )
        baked = subprocess.run(
            [sys.executable, "-c", FOREIGN_CLIENT],
            env=environment(**exports),
            capture_output=True,
            text=True,
            timeout=RUN_SECS,
            check=True,
        ).stdout

    assert json.loads(baked) == {"id": "foreign", "bakingTimeSecs": 0}
    words = printed.split()
    endpoint_url = f"http://127.0.0.1:{port}"
    assert exports["AWS_ENDPOINT_URL"] == endpoint_url
    assert endpoint_url in words
    queues = ("spo-NewItems", "spo-WaitingItems.fifo", "spo-BakedItems", "spo-DLQ")
    assert {f"{endpoint_url}/000000000000/{name}" for name in queues} <= set(words)
    assert "BakingTable" in words
    assert "3 slots" in printed


def test_a_second_oven_local_on_the_same_port_says_so(tmp_path: Path) -> None:
    port = free_port()
    with running_local_oven(port, tmp_path) as command:
        command.printed_until(LAST_LINE)
        second = oven("local", "--port", str(port))

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.strip().splitlines() == [
        f"oven: port {port} of 127.0.0.1 is taken, perhaps by another local oven: choose another with --port"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_oven_local_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    with running_local_oven(port, tmp_path) as command:
        command.printed_until(LAST_LINE)
        assert is_open(port)
        assert list(tmp_path.iterdir())
        family = _family(command.pid)
        code = command.end(number)

    assert code == 0
    assert len(family) >= 2
    assert not family & {found.pid for found in processes()}
    assert not is_open(port)
    assert not list(tmp_path.iterdir())


def test_the_embedded_aws_ends_by_itself_when_its_command_is_killed(tmp_path: Path) -> None:
    port = free_port()
    with running_local_oven(port, tmp_path) as command:
        command.printed_until(LAST_LINE)
        family = _family(command.pid)
        command.end(signal.SIGKILL)

        eventually("its processes end", lambda: not family & {found.pid for found in processes()})
        assert not is_open(port)
        assert not list(tmp_path.iterdir())


def _family(pid: int) -> set[int]:
    """A process with its children, and theirs."""
    family = {pid}
    for _ in range(3):
        family |= {found.pid for found in processes() if found.parent in family}
    return family


# oven deploy and oven destroy


def test_oven_deploy_makes_a_stack_shows_its_events_and_prints_its_outputs(endpoint: str) -> None:
    made = oven("deploy", "--stack", "new", "--prefix", "new", "--endpoint-url", endpoint)

    assert made.returncode == 0, made.stderr
    outputs = dict(line.split() for line in made.stdout.splitlines())
    assert outputs["NewItemsQueueUrl"] == f"{endpoint}/000000000000/new-NewItems"
    assert outputs["BakingTableName"] == "new-BakingTable"
    assert outputs["BakingTableCapacityCount"] == "14"
    assert "account 000000000000, region us-east-1" in made.stderr
    assert "CREATE_COMPLETE              NewItems (AWS::SQS::Queue)" in made.stderr
    assert "CREATE_IN_PROGRESS           NewItems" not in made.stderr
    assert "CREATE_COMPLETE              new (AWS::CloudFormation::Stack)" in made.stderr


def test_a_second_oven_deploy_has_nothing_to_change(endpoint: str) -> None:
    arguments = ("deploy", "--stack", "same", "--prefix", "same", "--endpoint-url", endpoint)
    first = oven(*arguments)

    second = oven(*arguments)

    assert second.returncode == 0, second.stderr
    assert "Nothing to change." in second.stderr
    assert second.stdout == first.stdout


def test_oven_deploy_changes_what_is_named_and_keeps_the_rest(endpoint: str) -> None:
    oven("deploy", "--stack", "kept", "--prefix", "kept", "--capacity", "5", "--endpoint-url", endpoint)

    changed = oven("deploy", "--stack", "kept", "--capacity", "7", "--endpoint-url", endpoint)

    assert changed.returncode == 0, changed.stderr
    outputs = dict(line.split() for line in changed.stdout.splitlines())
    assert outputs["BakingTableCapacityCount"] == "7"
    assert outputs["BakingTableName"] == "kept-BakingTable"
    assert "UPDATE_COMPLETE" in changed.stderr


def test_two_ovens_in_one_account_keep_their_items_apart(local_aws: Aws, endpoint: str) -> None:
    sqs = local_aws.sqs
    for name in ("left", "right"):
        made = oven("deploy", "--stack", name, "--prefix", name, settings={"AWS_ENDPOINT_URL": endpoint})
        assert made.returncode == 0, made.stderr
    sqs.send_message(
        QueueUrl=f"{endpoint}/000000000000/left-NewItems",
        MessageBody=json.dumps({"id": "mine", "bakingTimeSecs": 0}),
    )

    baked: list[str] = []

    def collect() -> bool:
        found = sqs.receive_message(QueueUrl=f"{endpoint}/000000000000/left-BakedItems").get("Messages", [])
        baked.extend(message["Body"] for message in found)
        return bool(baked)

    eventually("the item is baked", collect)

    assert json.loads(baked[0])["id"] == "mine"
    right = local_aws.dynamodb.scan(TableName="right-BakingTable")
    assert right["Items"] == []


def test_an_emulator_named_by_the_environment_has_a_stack_named_spo(endpoint: str) -> None:
    made = oven("deploy", settings={"AWS_ENDPOINT_URL": endpoint})
    gone = oven("destroy", "--yes", settings={"AWS_ENDPOINT_URL": endpoint})

    assert made.returncode == 0, made.stderr
    assert f"{endpoint}/000000000000/spo-NewItems" in made.stdout
    assert gone.returncode == 0, gone.stderr
    assert "The stack spo is gone." in gone.stdout


def test_a_parameter_that_cloudformation_refuses_is_named_with_the_reason(local_aws: Aws) -> None:
    with pytest.raises(DeploymentError) as refused:
        deploy(local_aws, "refused", {"QueueNamePrefix": "a b"}, lambda _: None)

    assert "QueueNamePrefix" in str(refused.value)
    assert "must be 1 to 60 characters of A-Z a-z 0-9 _ -" in str(refused.value)


def test_an_oven_is_not_taken_over_by_another_of_the_same_names(local_aws: Aws, endpoint: str) -> None:
    local_aws.sqs.create_queue(QueueName="taken-NewItems")

    refused = oven("deploy", "--stack", "second", "--prefix", "taken", "--endpoint-url", endpoint)

    assert refused.returncode == 4
    assert refused.stderr == (
        "oven: the queue taken-NewItems exists already, perhaps in another oven: "
        "choose other names with --prefix\n"
    )


def test_an_oven_of_which_parts_were_removed_by_hand_can_be_destroyed(local_aws: Aws, endpoint: str) -> None:
    oven("deploy", "--stack", "ruin", "--prefix", "ruin", "--endpoint-url", endpoint)
    local_aws.dynamodb.delete_table(TableName="ruin-BakingTable")
    local_aws.sqs.delete_queue(QueueUrl=f"{endpoint}/000000000000/ruin-BakedItems")

    destroyed = oven("destroy", "--stack", "ruin", "--yes", "--endpoint-url", endpoint)

    assert destroyed.returncode == 0, destroyed.stderr
    lost = {" ".join(line.split()) for line in destroyed.stderr.splitlines()}
    assert {"items in the oven gone already", "baked items gone already", "new items 0"} <= lost


def test_a_stack_that_failed_to_be_made_must_be_removed_first_and_can_be(
    local_aws: Aws, endpoint: str
) -> None:
    cloudformation = local_aws.cloudformation
    cloudformation.create_stack(StackName="burnt", TemplateBody=json.dumps(FAILING_TEMPLATE))
    eventually(
        "the stack is rolled back",
        lambda: (
            cloudformation.describe_stacks(StackName="burnt")["Stacks"][0]["StackStatus"]
            == "ROLLBACK_COMPLETE"
        ),
    )

    deployed = oven("deploy", "--stack", "burnt", "--endpoint-url", endpoint)
    destroyed = oven("destroy", "--stack", "burnt", "--yes", "--endpoint-url", endpoint)

    assert deployed.returncode == 4
    assert "the stack burnt is ROLLBACK_COMPLETE: first remove it with oven destroy --stack burnt" in (
        deployed.stderr
    )
    assert destroyed.returncode == 0, destroyed.stderr


def test_without_a_stack_and_without_an_emulator_nothing_is_asked_of_aws() -> None:
    # If it sent any request, that would be refused and the exit code would differ.
    settings = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "HTTPS_PROXY": f"http://127.0.0.1:{free_port()}",
    }

    asked = oven("destroy", "--stack", "any", "--yes", settings=settings)
    refused = [oven(command, "--yes", settings=settings) for command in ("deploy", "destroy")]

    assert asked.returncode == 3
    for command in refused:
        assert command.returncode == 2
        assert command.stdout == ""
        assert command.stderr.splitlines() == ["oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"]


def test_oven_destroy_says_what_is_lost_and_wants_a_yes(local_aws: Aws, endpoint: str) -> None:
    oven("deploy", "--stack", "doomed", "--prefix", "doomed", "--endpoint-url", endpoint)
    stack = find_stack(local_aws, "doomed")
    for item_id, secs in {"in-the-oven": 3600, "baked": 0}.items():
        local_aws.sqs.send_message(
            QueueUrl=stack.new_items, MessageBody=json.dumps({"id": item_id, "bakingTimeSecs": secs})
        )
    eventually("one bakes and one is out", lambda: _bakes_and_is_out(contents(local_aws, stack)))
    arguments = ("destroy", "--stack", "doomed", "--endpoint-url", endpoint)

    kept = oven(*arguments, answer="y\n")
    still_there = oven("deploy", "--stack", "doomed", "--endpoint-url", endpoint)
    destroyed = oven(*arguments, "--yes")
    gone = oven(*arguments, "--yes")

    losses = {" ".join(line.split()) for line in kept.stderr.splitlines()}
    assert {"items in the oven 1", "baked items 1", "items in the line 0"} <= losses
    assert kept.returncode == 2
    assert kept.stderr.endswith("oven: not a terminal: say --yes\n")
    assert "Nothing to change." in still_there.stderr
    assert destroyed.returncode == 0, destroyed.stderr
    assert destroyed.stdout.strip() == "The stack doomed is gone."
    assert gone.returncode == 4


def test_what_baked_in_an_oven_that_is_destroyed_does_not_come_out_of_the_next(
    local_aws: Aws, endpoint: str
) -> None:
    chosen = ("--stack", "ghostly", "--endpoint-url", endpoint)
    oven("deploy", *chosen, "--prefix", "ghostly")
    stack = find_stack(local_aws, "ghostly")
    oven("send", "--id", "ghost", "--bake", "8", *chosen)
    eventually("it bakes", lambda: contents(local_aws, stack).occupied)
    due = time.time() + 8

    oven("destroy", "--yes", *chosen)
    oven("deploy", *chosen, "--prefix", "ghostly")
    eventually("it would be out", lambda: time.time() > due + 2)

    after = contents(local_aws, find_stack(local_aws, "ghostly"))
    assert (after.baked, after.occupied, after.dead) == (0, 0, 0)


def test_a_protected_oven_is_not_destroyed_until_that_is_lifted(local_aws: Aws, endpoint: str) -> None:
    chosen = ("--stack", "kept-safe", "--endpoint-url", endpoint)
    made = oven("deploy", "--prefix", "kept-safe", "--protect", *chosen)
    refused = oven("destroy", "--yes", *chosen)
    description = local_aws.cloudformation.describe_stacks(StackName="kept-safe")["Stacks"][0]
    lifted = oven("deploy", "--no-protect", *chosen)
    destroyed = oven("destroy", "--yes", *chosen)

    assert made.returncode == 0, made.stderr
    assert refused.returncode == 4
    assert refused.stderr == (
        "oven: the stack kept-safe is protected and was not deleted. "
        "To lift the protection: oven deploy --stack kept-safe --no-protect\n"
    )
    assert description["EnableTerminationProtection"] is True
    assert lifted.returncode == 0, lifted.stderr
    assert destroyed.returncode == 0, destroyed.stderr


def _bakes_and_is_out(found: Contents) -> bool:
    return (found.new, found.baking, found.baked) == (0, 1, 1)


def test_a_stack_that_is_not_there_takes_one_line_and_with_debug_a_traceback(endpoint: str) -> None:
    arguments = ("destroy", "--stack", "nowhere", "--yes", "--endpoint-url", endpoint)

    plain = oven(*arguments)
    debugged = oven(*arguments, "--debug")

    assert plain.returncode == 4
    assert plain.stdout == ""
    assert plain.stderr == (
        f"oven: there is no stack nowhere in account 000000000000, region us-east-1, at {endpoint}: "
        "check --stack and --region\n"
    )
    assert debugged.returncode == 4
    assert "Traceback" in debugged.stderr
    assert "DeploymentError" in debugged.stderr


def test_an_emulator_that_does_not_answer_takes_one_line() -> None:
    nobody = oven("deploy", "--endpoint-url", f"http://127.0.0.1:{free_port()}")

    assert nobody.returncode == 3
    assert len(nobody.stderr.splitlines()) == 1
    assert "nothing answers at http://127.0.0.1:" in nobody.stderr
