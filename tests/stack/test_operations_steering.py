"""Operators change an oven in use."""

import json
import time
import urllib.parse
from collections.abc import Iterator

import pytest

from pizza_oven.item import Trigger, parse
from pizza_oven.row import Lease
from serverless_pizza_oven.deployment.stack import find_stack, stack_parameters
from serverless_pizza_oven.operations import steering
from serverless_pizza_oven.operations.status import BACKGROUND_SECS, status
from serverless_pizza_oven.queue_client import count_messages
from tests.patience import eventually
from tests.stack.clients import FOR_LONG_SECS, Client, pizza
from tests.stack.commands import oven as run
from tests.stack.ovens import TestOven, local_session, running_test_oven

CAPACITY = "BakingTableCapacityCount"


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    """An oven whose capacity the tests change."""
    with running_test_oven(1) as running:
        yield running


@pytest.fixture
def client(oven: TestOven) -> Client:
    """A client of an oven of one slot that is open."""
    left = find_stack(oven.aws, "spo")
    if left.is_paused:
        steering.resume(oven.aws, left)
    if left.capacity != 1:
        steering.set_capacity(oven.aws, left, 1)
    client = Client(oven)
    client.clear()
    return client


def say(oven: TestOven, *arguments: str) -> tuple[int, str, str]:
    """Run a command. Returns its exit code, and what it printed and said."""
    done = run(*arguments, "--endpoint-url", oven.endpoint_url)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def now(oven: TestOven, parameter: str) -> str:
    return stack_parameters(oven.aws, "spo")[parameter]


def code(oven: TestOven) -> str:
    """The hash of the code of Bake Items."""
    functions = local_session().client("lambda", endpoint_url=oven.endpoint_url)
    return functions.get_function(FunctionName="spo-BakeItems")["Configuration"]["CodeSha256"]


def in_new_items(oven: TestOven) -> list[str]:
    """The bodies of the messages in New Items, which nobody but Bake Items may receive.

    Those of the pilot light may be among them.
    """
    query = urllib.parse.urlencode({"QueueUrl": oven.stack.new_items})
    found = oven.ask(f"/_ministack/sqs/messages?{query}")["messages"]
    (messages,) = (
        queue for regions in found.values() for queues in regions.values() for queue in queues.values()
    )
    return [message["Body"] for message in messages]


def sent_by_clients(oven: TestOven) -> int:
    """The number of SendMessage requests, without those of functions and rules."""
    asked = oven.counts()["requests"]["clients"]
    return sum(asked.get(action, 0) for action in ("SendMessage", "SendMessageBatch"))


def in_line(client: Client, *item_ids: str, secs: int = 1) -> None:
    """Have items wait, in this order."""
    for item_id in item_ids:
        before = client.row().waiting
        client.send(pizza(item_id, secs))
        client.wait_until_waiting(before + 1)


# The capacity


def test_a_raised_capacity_admits_who_waits_at_once(oven: TestOven, client: Client) -> None:
    raised = ("raised-1", "raised-2", "raised-3", "raised-4")
    client.hold("raised-1")
    in_line(client, *raised[1:], secs=FOR_LONG_SECS)

    exit_code, told, _ = say(oven, "capacity", "4")
    client.capacity = 4

    assert exit_code == 0
    assert told == "The capacity of spo was 1 and is 4 slots."
    eventually("all are in the oven", lambda: client.row().occupied == 4)
    client.wait_until_baking(*raised)
    for item_id in raised:
        client.let_go(item_id)
    client.collect_until_quiet()


def test_a_lowered_capacity_drains_and_is_kept_while_items_wait(oven: TestOven, client: Client) -> None:
    steering.set_capacity(oven.aws, oven.stack, 4)
    client.capacity = 4
    holds = [f"lowered-{n}" for n in range(4)]
    for item_id in holds:
        client.hold(item_id, size=1)
    in_line(client, "drained-1", "drained-2", "drained-3", "drained-4", secs=4)

    exit_code, told, warned = say(oven, "capacity", "2")
    lowered_at = time.time()
    baking = len(client.row().leases)
    for item_id in holds:
        client.let_go(item_id)
    client.collect_until_quiet()

    assert exit_code == 0
    assert told == "The capacity of spo was 4 and is 2 slots."
    assert "Items in line of more than 2 slots will become dead letters." in warned
    assert baking == 4
    assert client.fullest(since=lowered_at) <= 2
    assert client.baked_ids == ["drained-1", "drained-2", "drained-3", "drained-4"]
    assert client.dead == []


def test_a_change_of_the_capacity_changes_nothing_else(oven: TestOven, client: Client) -> None:
    before, code_before = stack_parameters(oven.aws, "spo"), code(oven)

    say(oven, "capacity", "3")

    assert stack_parameters(oven.aws, "spo") == {**before, CAPACITY: "3"}
    assert code(oven) == code_before
    client.collect_until_quiet()


def test_the_capacity_that_there_is_already_is_nothing_to_do(oven: TestOven, client: Client) -> None:
    before = sent_by_clients(oven)

    assert say(oven, "capacity") == (0, "1", "")
    assert say(oven, "capacity", "1") == (0, "", "The oven spo has 1 slot already: nothing to do.")
    assert sent_by_clients(oven) == before


@pytest.mark.parametrize("wrong", ["0", "4001", "many"])
def test_a_capacity_that_no_oven_can_have_is_refused_in_a_line(oven: TestOven, wrong: str) -> None:
    exit_code, told, error = say(oven, "capacity", wrong)

    assert (exit_code, told) == (2, "")
    assert error.startswith("oven: ")
    assert len(error.splitlines()) == 1


def test_who_watches_learns_of_a_new_capacity_after_some_seconds(oven: TestOven, client: Client) -> None:
    begin = time.time()
    first = status(oven.aws, oven.stack, begin)
    steering.set_capacity(oven.aws, oven.stack, 2)

    soon = status(oven.aws, oven.stack, begin + BACKGROUND_SECS - 1, first)
    later = status(oven.aws, oven.stack, begin + BACKGROUND_SECS, soon)

    assert [seen.capacity for seen in (first, soon, later)] == [1, 1, 2]
    client.collect_until_quiet()


# The door


def test_a_paused_oven_lets_nobody_in_until_it_is_resumed_and_what_bakes_comes_out(
    oven: TestOven, client: Client
) -> None:
    client.reserve(pizza("paused-hold"))
    in_line(client, "paused-1", "paused-2")

    steering.pause(oven.aws, oven.stack)
    client.bake_reserved(pizza("paused-hold"))
    client.send(pizza("paused-new"))
    eventually("what bakes comes out", lambda: not client.row().leases)
    client.collect()

    assert client.baked_ids == ["paused-hold"]
    assert now(oven, "Admission") == "PAUSED"
    seen = status(oven.aws, find_stack(oven.aws, "spo"), time.time())
    assert (seen.is_paused, seen.waiting, seen.depths.line) == (True, 2, 2)
    # The item, the trigger of the one that came out, and each minute one of the pilot light.
    assert seen.depths.new >= 2
    assert json.dumps(pizza("paused-new")) in in_new_items(oven)
    assert say(oven, "pause")[2] == "The oven spo is paused already: nothing to do."
    assert "and the oven is paused" in say(oven, "item", "paused-new")[1]

    resumed = say(oven, "resume")
    client.collect_until_quiet()

    assert resumed[:2] == (0, "The oven spo is open.")
    assert client.loading_order() == ["paused-hold", "paused-1", "paused-2", "paused-new"]
    assert say(oven, "resume")[2] == "The oven spo is open already: nothing to do."


def test_a_trigger_that_names_an_item_has_the_oven_look_into_it(oven: TestOven, client: Client) -> None:
    client.send(pizza("looked-into", secs=600))
    client.wait_until_baking("looked-into")
    client.stop_baking("looked-into", "Test", "over")
    client.collect_until_quiet()
    # As if the event of its end was lost, long before it is overdue.
    client.lease_by_hand("looked-into", Lease(1, round(time.time() + 600, 3)))

    plain = say(oven, "trigger")
    eventually("the trigger is taken", lambda: count_messages(oven.aws, oven.stack.new_items) == 0)
    held = client.row().leases
    named = say(oven, "trigger", "--item", "looked-into")

    assert plain[:2] == (0, "A trigger is on its way to spo.")
    assert list(held) == ["looked-into"]
    assert named[:2] == (0, "A trigger for looked-into is on its way to spo.")
    eventually("its slot is free", lambda: not client.row().leases)
    client.collect_until_quiet()


def test_a_trigger_waits_while_the_oven_is_paused_and_says_so(oven: TestOven, client: Client) -> None:
    paused = say(oven, "pause")
    sent = say(oven, "trigger", "--item", "nobody")

    assert paused[:2] == (
        0,
        "The oven spo is paused: items in the oven come out, others wait for oven resume.",
    )
    assert sent[0] == 0
    assert sent[2] == "The oven is paused: the trigger is handled after oven resume."
    assert Trigger("nobody") in [parse(body, 1) for body in in_new_items(oven)]
    steering.resume(oven.aws, oven.stack)
    client.collect_until_quiet()
