"""An oven is brought up to date while it is in use.

`releases/` has the template and the functions of releases before, each made by
`git archive --format zip --output tests/stack/releases/VERSION.zip COMMIT template.yml lambda`.
"""

import json
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client, ids, pizza
from tests.stack.ovens import IN_HAND_SECS

RELEASES = Path(__file__).with_name("releases")

IMPOSSIBLE = """
  Impossible:
    Type: AWS::CloudWatch::Alarm
    Properties:
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Metrics: [{Id: m, Expression: "1"}]

Outputs:
"""
"""The emulator makes no alarms of this kind."""


VERSIONS = ["1.0.0", "1.1.0"]

pytestmark = pytest.mark.timeout(900)


def release_of(version: str, folder: Path) -> Release:
    zipfile.ZipFile(RELEASES / f"{version}.zip").extractall(folder)
    return Release.of(folder)


def brought_to(release: Release, aws: Aws) -> Stack:
    parameters = {"RefusePlainHttp": "false"}
    return deploy(aws, "pizzeria", parameters, lambda _line: None, lambda _secs: time.sleep(0.05), release)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        yield local(endpoint_url)


def client_of(aws: Aws, stack: Stack) -> Client:
    """A client of an oven whose New Items come again sooner than the template's parameters allow."""
    aws.sqs.set_queue_attributes(
        QueueUrl=stack.new_items, Attributes={"VisibilityTimeout": str(IN_HAND_SECS)}
    )
    return Client(LocalOven(aws, stack, str(aws.endpoint_url)))


def refusals(aws: Aws, stack: Stack) -> dict[str, set[str]]:
    """The statements of each queue's policy that refuse something, by the end of the queue's name."""
    found = {}
    for url in (stack.new_items, stack.dead_letters, stack.waiting_items, stack.baked_items):
        answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        policy = json.loads(answer.get("Attributes", {}).get("Policy", '{"Statement": []}'))
        found[url.rpartition("-")[2]] = {s["Sid"] for s in policy["Statement"] if s["Effect"] == "Deny"}
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_200_items_before_during_and_after_an_update_bake_once_each(
    version: str, aws: Aws, tmp_path: Path
) -> None:
    before = brought_to(release_of(version, tmp_path), aws)
    client = client_of(aws, before)
    pizzas = [pizza(f"update-{n}", secs=1 + n % 2, size=2 if n % 5 == 0 else 1) for n in range(200)]
    present = Release.present()
    half_sent = threading.Event()

    def send_meanwhile() -> None:
        for n in range(60, 140):
            client.send(pizzas[n])
            if n == 100:
                half_sent.set()

    client.send(*pizzas[:60])
    eventually("the oven is full, and others wait", lambda: client.row().waiting > 20)
    sender = threading.Thread(target=send_meanwhile)
    sender.start()
    half_sent.wait()
    after = brought_to(present, aws)
    in_the_midst = client.row()
    sender.join()
    client.send(*pizzas[140:])
    client.collect_after_crashes(pizzas)

    assert before.outputs.items() <= after.outputs.items()
    assert refusals(aws, after) == {
        "NewItems": {"DenyOtherAccounts", "OnlyBakeItemsReceives"},
        "DLQ": {"DenyOtherAccounts"},
        "WaitingItems.fifo": {"DenyOtherAccounts", "OnlyTheFunctionsUseTheLine"},
        "BakedItems": {"DenyOtherAccounts", "OnlyItemRemovedSends"},
    }
    assert in_the_midst.leases
    assert in_the_midst.waiting > 0
    # An item that was just coming out as its function was changed may have come out twice; none bakes twice.
    assert set(client.baked_ids) == set(ids(pizzas))
    assert client.bakings().keys() == set(ids(pizzas))
    assert client.dead == []
    assert client.fullest() <= client.capacity


@pytest.mark.parametrize("version", VERSIONS)
def test_an_update_that_fails_is_taken_back_and_the_oven_bakes_on(
    version: str, aws: Aws, tmp_path: Path
) -> None:
    before = brought_to(release_of(version, tmp_path), aws)
    guarded = refusals(aws, before)
    client = client_of(aws, before)
    pizzas = [pizza(f"failed-update-{n}", secs=5 if n < 14 else 2) for n in range(30)]
    present = Release.present()
    impossible = Release(present.template.replace("\nOutputs:\n", IMPOSSIBLE), present.package)

    client.send(*pizzas[:20])
    eventually("the oven is full, and others wait", lambda: client.row().waiting > 0)
    with pytest.raises(DeploymentError, match="UPDATE_ROLLBACK_COMPLETE, because of Impossible"):
        brought_to(impossible, aws)
    assert refusals(aws, before) == guarded
    client.send(*pizzas[20:])
    client.collect_after_crashes(pizzas)

    assert set(client.baked_ids) == set(ids(pizzas))
    assert client.bakings().keys() == set(ids(pizzas))
    assert client.dead == []
