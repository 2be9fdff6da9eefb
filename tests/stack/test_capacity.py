"""A capacity that changes while the oven is in use."""

import json
import time

from serverless_pizza_oven.deployment.deploying import deploy
from tests.patience import eventually
from tests.stack.clients import FOR_LONG_SECS, Client, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.ovens import TestOven
from tests.stack.workers import Workers


def set_capacity(oven: TestOven, capacity: int) -> float:
    """Update the stack. Returns when that was done."""
    deploy(
        oven.aws,
        oven.stack.name,
        {"BakingTableCapacityCount": str(capacity)},
        report=lambda _line: None,
        sleep=lambda _secs: time.sleep(0.05),
    )
    return time.time()


def test_a_lowered_capacity_drains_and_admits_no_more_than_fit(new_oven: NewOven) -> None:
    oven = new_oven(14)
    client = Client(oven)
    pizzas = [pizza(f"drained-{n}", secs=2, size=1 + n % 2) for n in range(15)]
    for n in range(7):
        client.hold(f"full-{n}", size=2)
    client.send(*pizzas[:10])
    client.wait_until_waiting(10)

    lowered_at = set_capacity(oven, 4)
    client.send(*pizzas[10:])
    for n in range(7):
        client.let_go(f"full-{n}")
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)
    assert client.dead == []
    assert client.fullest(since=lowered_at) <= 4


def test_an_item_in_line_that_can_no_longer_fit_is_a_dead_letter_and_the_others_go_on(
    new_oven: NewOven,
) -> None:
    oven = new_oven(14)
    client = Client(oven)
    client.hold("hold")
    big = pizza("big", secs=1, size=10)
    client.send(big)
    client.wait_until_waiting(1)
    client.send(pizza("small", secs=1, size=4))
    client.wait_until_waiting(2)

    set_capacity(oven, 4)
    client.let_go("hold")
    client.collect_until_quiet()

    assert client.baked_ids == ["small"]
    (letter,) = set(client.dead)
    assert json.loads(letter.body) == big
    assert letter.reason == "size must be a whole number of slots from 1 to 4, not 10"


def test_a_raised_capacity_admits_who_waits_at_the_next_trigger(new_oven: NewOven) -> None:
    oven = new_oven(1)
    client = Client(oven)
    client.hold("first")
    for n in range(3):
        client.send(pizza(f"next-{n}", secs=FOR_LONG_SECS))
        client.wait_until_waiting(n + 1)

    set_capacity(oven, 4)
    client.capacity = 4
    client.trigger()
    client.wait_until_baking("next-0", "next-1", "next-2")

    assert client.fullest() == 4
    for item_id in ("first", "next-0", "next-1", "next-2"):
        client.let_go(item_id)
    client.collect_until_quiet()


def test_an_update_lets_functions_end_what_they_have_under_way(new_oven: NewOven) -> None:
    oven = new_oven(1)
    client = Client(oven)
    workers = Workers(oven, "BakeItems")
    client.send(pizza("before", secs=1))
    client.collect_until_quiet()

    with workers.frozen():
        begun = workers.invocations()
        client.send(pizza("under-way", secs=1))
        eventually("it is taken up", lambda: workers.invocations() > begun)
        set_capacity(oven, 2)
    client.collect_until_quiet()

    assert client.baked_ids == ["before", "under-way"]
    assert workers.deaths() == 0
