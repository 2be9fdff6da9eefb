"""An oven is brought up to date, and back, while it is in use.

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

from pizza_oven.aws.baking_table import KEY
from pizza_oven.execution import RELEASED
from pizza_oven.item import ItemRelease, LeaseExtension
from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import FOR_LONG_SECS, Client, Fields, ids, pizza
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


VERSIONS = ["1.1.0"]

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


def held(item_id: str, secs: int = FOR_LONG_SECS) -> Fields:
    return pizza(item_id, secs, hold=True)


class Holds:
    """Items that are to be held, and what became of them. Version 1 knows no holds."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._early = [
            LeaseExtension("early-timed", FOR_LONG_SECS).body,
            ItemRelease("early-released").body,
        ]
        self._between: list[str] = []

    @property
    def ids(self) -> set[str]:
        """The ids of all items sent."""
        return {*EARLY_AND_LATE, *self._between}

    def send_before(self) -> None:
        """Let version 1 load two items, and handle what is to extend and release them."""
        self._client.send(held("early-timed", secs=20), held("early-released"))
        self._client.wait_until_baking("early-timed", "early-released")
        self._client.send_bodies(self._early)

    def send_meanwhile(self) -> None:
        """Send an item for a lease of 1 s, and its release or an extension."""
        item_id = f"held-{len(self._between)}"
        self._between.append(item_id)
        request = ItemRelease(item_id) if len(self._between) % 2 else LeaseExtension(item_id, 4)
        self._client.send(held(item_id, secs=1))
        self._client.send_bodies([request.body])

    def send_after(self) -> None:
        """Release what version 1 loaded. Extend and release an item of the new version, and leave another."""
        client = self._client
        client.send_bodies([ItemRelease("early-released").body])
        client.send(held("late-released"), held("late-expired", secs=1))
        client.wait_until_baking("late-released")
        client.send_bodies([LeaseExtension("late-released", 2 * FOR_LONG_SECS).body])
        eventually("it is extended", lambda: client.row().leases["late-released"].extensions)
        client.send_bodies([ItemRelease("late-released").body])

    def check(self) -> None:
        """Check that each item has ended in one way, and that nothing else is in the dead-letter queue."""
        assert {item_id: self._ends(item_id) for item_id in EARLY_AND_LATE} == EARLY_AND_LATE
        # Which version had a message of the time between is not known.
        between = {item_id: self._ends(item_id) for item_id in self._between}
        assert {len(ends) for ends in between.values()} == {1}, between
        reasons = {letter.body: letter.reason for letter in self._client.dead}
        assert {reasons[body] for body in self._early} == {"id is missing"}
        assert {reason.partition(" ")[0] for reason in reasons.values()} == {"id", "held"}
        row = self._client.oven.aws.dynamodb.get_item(TableName=self._client.stack.table, Key=KEY)["Item"]
        assert [name for name in row if name[0] in "@*+"] == []
        for item_id in (item_id for item_id, ends in between.items() if ends == ["cancelled"]):
            # Its execution was no baking.
            self._client.expect(item_id, secs=0, size=0)

    def _ends(self, item_id: str) -> list[str]:
        client = self._client
        execution = client.oven.aws.stepfunctions.describe_execution(
            executionArn=client.execution_arn(item_id)
        )
        letters = [letter for letter in client.dead if json.loads(letter.body).get("id") == item_id]
        was = {
            "baked": item_id in client.baked_ids,
            "expired": any(letter.reason.startswith("held for") for letter in letters),
            "released": execution.get("error") == RELEASED,
            "cancelled": "cancelled" in json.loads(execution["input"]),
        }
        return [end for end, is_so in was.items() if is_so]


EARLY_AND_LATE = {
    "early-timed": ["baked"],
    "early-released": ["released"],
    "late-released": ["released"],
    "late-expired": ["expired"],
}
"""How the items end that are sent before and after the update."""


@pytest.mark.parametrize("version", VERSIONS)
def test_200_items_and_holds_before_during_and_after_an_update_end_once_each(
    version: str, aws: Aws, tmp_path: Path
) -> None:
    before = brought_to(release_of(version, tmp_path), aws)
    client = client_of(aws, before)
    pizzas = [pizza(f"update-{n}", secs=1 + n % 2, size=2 if n % 5 == 0 else 1) for n in range(200)]
    holds = Holds(client)
    present = Release.present()
    half_sent = threading.Event()

    def send_meanwhile() -> None:
        for n in range(60, 140):
            client.send(pizzas[n])
            if n % 8 == 0:
                holds.send_meanwhile()
            if n == 100:
                half_sent.set()

    holds.send_before()
    client.send(*pizzas[:60])
    eventually("the oven is full, and others wait", lambda: client.row().waiting > 20)
    sender = threading.Thread(target=send_meanwhile)
    sender.start()
    half_sent.wait()
    after = brought_to(present, aws)
    in_the_midst = client.row()
    sender.join()
    client.send(*pizzas[140:])
    holds.send_after()
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
    assert set(client.baked_ids) - holds.ids == set(ids(pizzas))
    assert client.bakings().keys() - holds.ids == set(ids(pizzas))
    holds.check()
    assert client.fullest() <= client.capacity


@pytest.mark.parametrize("version", VERSIONS)
def test_plain_items_before_during_and_after_the_way_back_bake_once_each(
    version: str, aws: Aws, tmp_path: Path
) -> None:
    client = client_of(aws, brought_to(Release.present(), aws))
    pizzas = [pizza(f"back-{n}", secs=1 + n % 2, size=2 if n % 5 == 0 else 1) for n in range(80)]
    older = release_of(version, tmp_path)
    some_sent = threading.Event()

    def send_meanwhile() -> None:
        for n in range(40, 70):
            client.send(pizzas[n])
            some_sent.set()

    client.send(*pizzas[:40])
    eventually("the oven is full, and others wait", lambda: client.row().waiting > 10)
    sender = threading.Thread(target=send_meanwhile)
    sender.start()
    some_sent.wait()
    after = brought_to(older, aws)
    in_the_midst = client.row()
    sender.join()
    client.send(*pizzas[70:])
    client.collect_after_crashes(pizzas)

    assert all(refusals(aws, after).values())
    assert in_the_midst.leases
    assert in_the_midst.waiting > 0
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
