"""Permissions of users: the policies of docs/policies, and the policies of the queues.

The emulator evaluates the policies of queues, but not the policy of the table.
"""

import itertools
import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import LOCAL_REGION, Aws
from serverless_pizza_oven.credentials import given_session
from serverless_pizza_oven.deployment.deploying import update_parameters
from serverless_pizza_oven.deployment.names import table_of
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.stack.clients import Client, pizza
from tests.stack.commands import OVEN, RUN_SECS, environment
from tests.stack.commands import oven as run
from tests.stack.ovens import TestOven, local_session, running_test_oven

if TYPE_CHECKING:
    from subprocess import CompletedProcess

POLICIES = Path(__file__).parents[2] / "docs" / "policies"

ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}

BATCHED = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
"""On AWS each includes its batch form. The emulator needs both."""

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    """A separate oven, since its policies change."""
    with running_test_oven(14) as running:
        yield running


def policy(role: str, oven: LocalOven, **names: str) -> dict[str, Any]:
    """A policy of the documentation, for this oven or for one of other names."""
    stack = oven.stack
    here = {
        "PARTITION": "aws",
        "REGION": LOCAL_REGION,
        "ACCOUNT": oven.aws.account(),
        "STACK": stack.name,
        "PREFIX": "spo",
        "TABLE": stack.table,
        "ITEM_STATES": stack.outputs["ItemStatesArn"].rpartition(":")[2],
        **names,
    }
    text = (POLICIES / f"{role}.json").read_text()
    for name, value in here.items():
        text = text.replace(name, value)
    document: dict[str, Any] = json.loads(text)
    for statement in document["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = actions + [f"{action}Batch" for action in actions if action in BATCHED]
    return document


def new_user(oven: LocalOven, document: Mapping[str, Any]) -> dict[str, str]:
    """The credentials of a new user with this policy, as the environment has them."""
    iam = local_session().client("iam", endpoint_url=oven.endpoint_url)
    name = f"user-{next(numbers)}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": LOCAL_REGION,
    }


def as_account(oven: LocalOven, key: str, secret: str) -> Aws:
    return Aws(given_session(key, secret, LOCAL_REGION), oven.endpoint_url)


def is_refused(request: Any, **parameters: Any) -> bool:
    try:
        request(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return True
        raise
    return False


COMMANDS: dict[str, tuple[str, ...]] = {
    "send": ("send", "--id", "by-a-user", "--bake", "0"),
    "collect": ("collect", "--n", "1", "--wait", "300"),
    "status": ("status",),
    "item": ("item", "bakes-long"),
    "logs": ("logs",),
    "dlq": ("dlq", "list"),
    "redrive": ("dlq", "redrive", "--all"),
    "trigger": ("trigger",),
    "hold": ("hold", "--lease", "20", "--", "true"),
    "release": ("release", "sent-by-nobody"),
    "remove": ("remove", "bakes-long"),
    "capacity": ("capacity", "10"),
    "discard": ("dlq", "discard", "--all", "--yes"),
    "cost": ("cost",),
}


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("sender", ["send"], ["collect", "status"]),
        ("receiver", ["collect"], ["send", "dlq"]),
        ("holder", ["hold", "release"], ["collect", "remove", "status"]),
        ("watcher", ["status", "item", "logs", "cost"], ["send", "remove", "discard"]),
        (
            "operator",
            [
                *("send", "status", "item", "logs", "trigger", "remove", "hold", "release"),
                *("dlq", "redrive", "discard", "cost"),
            ],
            ["collect", "capacity"],
        ),
    ],
    ids=["sender", "receiver", "holder", "watcher", "operator"],
)
def test_a_policy_of_the_documentation_allows_what_it_is_for_and_no_more(
    role: str, allowed: list[str], refused: list[str], oven: TestOven
) -> None:
    client = Client(oven)
    client.send(pizza("bakes-long", secs=3600), pizza(f"for-the-{role}"))
    client.wait_until_baking("bakes-long", f"for-the-{role}")
    user = new_user(oven, policy(role, oven))

    def ended(name: str) -> "CompletedProcess[str]":
        command = COMMANDS[name]
        # Before the command that oven hold runs.
        end = command.index("--") if "--" in command else len(command)
        which = ("--stack", "spo", "--endpoint-url", oven.endpoint_url)
        return run(*command[:end], *which, *command[end:], settings=user)

    for name in refused:
        no = ended(name)
        assert (no.returncode, "AccessDenied" in no.stderr) == (3, True), f"{name}: {no.stderr}"
    for name in allowed:
        yes = ended(name)
        assert yes.returncode == 0, f"{name}: {yes.stderr}"


def test_an_operator_cancels_an_item_that_waits_and_a_holder_does_not(oven: TestOven) -> None:
    client = Client(oven)
    client.send(pizza("before-all-slots", secs=3600))
    client.wait_until_baking("before-all-slots")
    client.send(pizza("all-slots", secs=3600, size=14))
    client.wait_until_waiting(1)

    def removed_by(role: str) -> "CompletedProcess[str]":
        options = ("--stack", "spo", "--endpoint-url", oven.endpoint_url)
        return run("remove", "all-slots", *options, settings=new_user(oven, policy(role, oven)))

    assert "AccessDenied" in removed_by("holder").stderr
    removed = removed_by("operator")
    for item_id in client.row().leases:
        client.stop_baking(item_id, "Oven.Removed", "so that the line goes on")

    assert removed.returncode == 0, removed.stderr
    # Bake Items takes slots for it, and frees them when its start is refused.
    eventually("nobody waits or bakes", lambda: not client.row().waiting and not client.row().leases)


def test_an_operator_sees_the_page_with_the_dead_letters(oven: TestOven) -> None:
    user = new_user(oven, policy("operator", oven))
    Client(oven).send_bodies(["no json"])
    command = [OVEN, "view", "--no-browser", "--stack", "spo", "--endpoint-url", oven.endpoint_url]
    with subprocess.Popen(command, env=environment(**user), stdout=subprocess.PIPE, text=True) as view:
        assert view.stdout
        url = view.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}looks", timeout=RUN_SECS) as looks:  # noqa: S310 - it is our own
            seen = next(line for line in looks if b"the message is not JSON" in line or b"trouble" in line)
        view.send_signal(signal.SIGINT)

    assert b"trouble" not in seen, seen


def test_a_deployer_makes_changes_and_removes_the_oven_of_the_policy_and_no_other(oven: TestOven) -> None:
    # The emulator checks no permissions for what CloudFormation creates: tests/unit/test_policies.py does.
    # AWS names it ItemStates-*, the emulator lunch-ItemStates-*.
    names = {
        "STACK": "lunch",
        "PREFIX": "lunch",
        "TABLE": table_of("lunch"),
        "ITEM_STATES": "lunch-ItemStates-*",
    }
    user = new_user(oven, policy("deployer", oven, **names))

    def ended(*command: str) -> "CompletedProcess[str]":
        return run(*command, "--endpoint-url", oven.endpoint_url, settings=user)

    may: list[tuple[str, ...]] = [
        ("deploy", "--stack", "lunch", "--prefix", "lunch"),
        ("deploy", "--stack", "lunch", "--protect"),
        ("deploy", "--stack", "lunch", "--no-protect"),
        ("capacity", "3", "--stack", "lunch"),
        ("pause", "--stack", "lunch"),
        ("resume", "--stack", "lunch"),
        ("destroy", "--stack", "lunch", "--yes"),
    ]
    for command in may:
        yes = ended(*command)
        assert yes.returncode == 0, f"{command}: {yes.stderr}"
    may_not: list[tuple[str, ...]] = [
        ("deploy", "--stack", "dinner", "--prefix", "dinner"),
        ("capacity", "3", "--stack", "spo"),
        ("destroy", "--stack", "spo", "--yes"),
        ("send", "--id", "x", "--bake", "1", "--stack", "spo"),
    ]
    for command in may_not:
        no = ended(*command)
        assert (no.returncode, "AccessDenied" in no.stderr) == (3, True), f"{command}: {no.stderr}"


def test_who_may_do_anything_in_the_account_does_not_touch_the_interior(oven: TestOven) -> None:
    user = new_user(oven, ANYTHING)
    sqs = as_account(oven, user["AWS_ACCESS_KEY_ID"], user["AWS_SECRET_ACCESS_KEY"]).sqs
    stack = oven.stack

    assert is_refused(sqs.receive_message, QueueUrl=stack.new_items)
    assert is_refused(sqs.receive_message, QueueUrl=stack.waiting_items)
    assert is_refused(sqs.send_message, QueueUrl=stack.waiting_items, MessageBody="{}", MessageGroupId="line")
    assert is_refused(sqs.send_message, QueueUrl=stack.baked_items, MessageBody="{}")
    assert not is_refused(sqs.receive_message, QueueUrl=stack.baked_items)
    assert not is_refused(sqs.receive_message, QueueUrl=stack.dead_letters)
    assert not is_refused(sqs.send_message, QueueUrl=stack.new_items, MessageBody='{"type": "trigger"}')


def test_another_account_is_refused_even_where_somebody_let_everybody_in(oven: TestOven) -> None:
    stranger = as_account(oven, "210987654321", "test").sqs
    stack = oven.stack

    for queue in (stack.new_items, stack.waiting_items, stack.baked_items, stack.dead_letters):
        attributes = oven.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
        written = json.loads(attributes["Attributes"]["Policy"])
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
        opened = {**written, "Statement": [*written["Statement"], everybody]}
        oven.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(opened)})

        assert is_refused(stranger.get_queue_attributes, QueueUrl=queue)
        assert is_refused(stranger.send_message, QueueUrl=queue, MessageBody="{}")


def test_an_unlocked_interior_lets_in_who_is_allowed_and_the_oven_bakes_on(oven: TestOven) -> None:
    update_parameters(oven.aws, oven.stack, {"Interior": "UNLOCKED"}, lambda _line: None)
    client = Client(oven)

    assert not is_refused(oven.aws.sqs.receive_message, QueueUrl=oven.stack.waiting_items)
    client.send(pizza("while-unlocked"))

    def is_out() -> bool:
        client.collect()
        return "while-unlocked" in client.baked_ids

    eventually("the item is out", is_out)


def test_plain_http_is_refused_to_everybody_unless_it_was_asked_for(oven: TestOven) -> None:
    update_parameters(oven.aws, oven.stack, {"RefusePlainHttp": "true"}, lambda _line: None)
    stack = oven.stack

    for queue in (stack.new_items, stack.waiting_items, stack.baked_items, stack.dead_letters):
        assert is_refused(oven.aws.sqs.get_queue_attributes, QueueUrl=queue)
