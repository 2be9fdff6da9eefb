"""Faults outside of the functions: failed executions, leftover leases, lost triggers."""

import json
from typing import Any

from pizza_oven.row import Lease
from tests.patience import eventually
from tests.stack.clients import Client, ids, pizza
from tests.stack.conftest import NewOven


def test_a_baking_that_is_aborted_frees_its_slots_and_becomes_a_dead_letter(client: Client) -> None:
    burnt = pizza("aborted", secs=3600, size=14, crust="thin")
    client.send(burnt)
    client.wait_until_baking("aborted")
    client.send(pizza("after-aborted"))
    client.wait_until_waiting(1)

    client.stop_baking("aborted", error="Oven.Smoke", cause="the cook smelled something")
    client.collect_until_quiet()

    assert client.baked_ids == ["after-aborted"]
    (letter,) = set(client.dead)
    assert json.loads(letter.body) == burnt
    assert letter.reason == "its baking ended as ABORTED: Oven.Smoke: the cook smelled something"


def test_a_baking_that_fails_frees_its_slots_and_becomes_a_dead_letter(new_oven: NewOven) -> None:
    oven = new_oven(14)
    client = Client(oven)
    states = oven.aws.stepfunctions
    arn = oven.stack.outputs["ItemStatesArn"]
    definition = states.describe_state_machine(stateMachineArn=arn)["definition"]
    burning: dict[str, Any] = json.loads(definition)
    burning["States"]["Removed"] = {"Type": "Fail", "Error": "Oven.Fire", "Cause": "it burns"}
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(burning))
    burnt = pizza("failed", size=14)
    client.send(burnt)
    client.collect_until_quiet()

    states.update_state_machine(stateMachineArn=arn, definition=definition)
    client.send(pizza("after-failed", size=14))
    client.collect_until_quiet()

    assert client.baked_ids == ["after-failed"]
    (letter,) = set(client.dead)
    assert json.loads(letter.body) == burnt
    assert letter.reason == "its baking ended as FAILED: Oven.Fire: it burns"


def test_an_item_that_failed_does_not_bake_when_it_is_sent_again(client: Client) -> None:
    client.send(pizza("failed-once", secs=3600))
    client.wait_until_baking("failed-once")
    client.stop_baking("failed-once", error="", cause="")
    client.collect_until_quiet()

    client.send(pizza("failed-once", secs=3600))
    client.collect_until_quiet()

    assert client.baked == []
    assert {letter.reason for letter in client.dead} == {"its baking ended as ABORTED"}


def test_a_redriven_execution_takes_no_slots_and_brings_nothing_out(client: Client) -> None:
    states = client.oven.aws.stepfunctions
    arn = client.execution_arn("redriven")
    client.send(pizza("redriven", secs=5, size=14))
    client.wait_until_baking("redriven")
    client.stop_baking("redriven", error="Oven.Smoke", cause="")
    client.send(pizza("after-redriven", secs=10, size=14))
    client.wait_until_baking("after-redriven")

    states.redrive_execution(executionArn=arn)
    eventually("it ends", lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    leases = client.row().leases.keys()
    client.collect_until_quiet()

    assert leases <= {"after-redriven"}
    assert states.describe_execution(executionArn=arn).get("error") == "RedrivenError"
    assert client.baked_ids == ["after-redriven"]
    assert [letter.reason for letter in client.dead] == ["its baking ended as ABORTED: Oven.Smoke"]


def test_a_forged_trigger_takes_no_item_out_of_the_oven(client: Client) -> None:
    client.send(pizza("named", secs=3))
    client.wait_until_baking("named")

    client.trigger("named")
    client.trigger("never-seen")
    client.collect_until_quiet()

    assert client.baked_ids == ["named"]
    assert client.dead == []


def test_an_overdue_lease_of_an_item_that_never_baked_is_evicted(client: Client) -> None:
    client.lease_by_hand("ghost", Lease(14, 1))
    client.send(pizza("after-ghost"))

    client.collect_until_quiet()

    assert client.baked_ids == ["after-ghost"]
    assert client.dead == []


def test_an_overdue_lease_of_an_item_that_has_baked_is_evicted(client: Client) -> None:
    client.send(pizza("left-behind"))
    client.collect_until_quiet()
    client.lease_by_hand("left-behind", Lease(5, 1))

    client.trigger()
    client.collect_until_quiet()

    assert client.baked_ids == ["left-behind"]
    assert client.dead == []


def test_an_overdue_item_that_still_bakes_keeps_its_slots(client: Client) -> None:
    client.hold("slow")
    client.lease_by_hand("slow", Lease(14, 1))

    client.send(pizza("after-slow"))
    client.wait_until_waiting(1)
    client.trigger()
    client.wait_until_all_is_taken()

    assert client.row().leases.keys() == {"slow"}
    client.let_go("slow")
    client.collect_until_quiet()
    assert client.loading_order() == ["slow", "after-slow"]
    assert client.baked_ids == ["after-slow"]


def test_after_lost_triggers_the_next_one_empties_the_line(new_oven: NewOven) -> None:
    client = Client(new_oven(2))
    pizzas = [pizza(f"stranded-{n}", secs=1) for n in range(5)]
    client.lose_triggers_of(pizzas)

    client.trigger()
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)


def test_after_lost_triggers_the_pilot_light_empties_the_line(new_oven: NewOven) -> None:
    client = Client(new_oven(2))
    pizzas = [pizza(f"rescued-{n}", secs=1) for n in range(5)]
    client.lose_triggers_of(pizzas)

    eventually("the pilot light fires", lambda: client.row().waiting == 0)
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)
