"""A sound oven, as its senders see it."""

import json
import random
from collections.abc import Callable
from typing import get_args

import pytest

from tests.patience import eventually
from tests.stack.bad_messages import BAD_MESSAGES
from tests.stack.clients import Client, Fields, ids, pizza
from tests.stack.logs import Function, cut_off, decisions
from tests.stack.ovens import TestOven


def test_a_rush_is_baked_once_each_and_never_overfills_the_oven(client: Client) -> None:
    pizzas = [pizza(f"rush-{n}", secs=1) for n in range(60)]

    for n in range(client.capacity):
        client.hold(f"rush-hold-{n}", size=1)
    client.send(*pizzas)
    client.wait_until_waiting(60)
    for n in range(client.capacity):
        client.let_go(f"rush-hold-{n}")
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)
    assert client.fullest() == client.capacity
    assert client.row().waiting == 0


def test_who_waits_is_loaded_first_come_first_served(client: Client) -> None:
    client.hold("line-hold")
    in_order = [f"line-{n}" for n in range(8)]
    for n, item_id in enumerate(in_order):
        client.send(pizza(item_id, size=8))
        client.wait_until_waiting(n + 1)

    client.let_go("line-hold")
    client.collect_until_quiet()

    assert client.loading_order() == ["line-hold", *in_order]
    assert client.baked_ids == in_order


def test_a_big_item_at_the_head_of_the_line_is_not_overtaken_by_one_that_fits(client: Client) -> None:
    client.hold("big-hold", size=10)
    client.send(pizza("big", size=14))
    client.wait_until_waiting(1)
    client.send(pizza("big-small", size=1))
    client.wait_until_waiting(2)

    client.let_go("big-hold")
    client.collect_until_quiet()

    assert client.loading_order() == ["big-hold", "big", "big-small"]


def test_items_take_as_many_slots_as_their_size(client: Client) -> None:
    chooser = random.Random(7)
    pizzas = [pizza(f"sized-{n}", secs=1, size=chooser.choice([1, 1, 2, 3, 5, 8, 14])) for n in range(25)]

    client.send(*pizzas)
    client.collect_until_quiet()

    assert client.baked_ids == ids(pizzas)
    assert client.fullest() <= client.capacity


def test_what_the_sender_added_comes_out_unchanged(client: Client) -> None:
    fancy = pizza(
        "fancy",
        size=2,
        type="trigger",
        toppings=["\U0001f344", "caf\u00e9", {"quantity": 0.1, "deep": [[], {}, [None, True, False]]}],
        order=12345678901234567890123,
        price=1.0,
        small=-1.5e-7,
        control="\x00\x1f\ufffe",
        quoted='"\\/',
        empty="",
        nothing=None,
    )

    client.send(fancy)
    client.collect_until_quiet()

    assert [json.dumps(item) for item in client.baked] == [json.dumps(fancy)]


def _in_one_batch(client: Client, item: Fields) -> None:
    client.send(item, item, item)


def _in_line(client: Client, item: Fields) -> None:
    client.hold("again-hold")
    client.send(item)
    client.wait_until_waiting(1)
    client.send(item)
    client.wait_until_waiting(2)
    client.let_go("again-hold")


def _in_the_oven(client: Client, item: Fields) -> None:
    client.send(item)
    client.wait_until_baking(item["id"])
    client.send(item)
    client.send(item)


def _after_baking(client: Client, item: Fields) -> None:
    client.send(item)
    client.collect_until_quiet()
    client.send(item)
    client.send(item)


@pytest.mark.parametrize(
    "send_again",
    [
        pytest.param(_in_one_batch, id="in-one-batch"),
        pytest.param(_in_line, id="in-line"),
        pytest.param(_in_the_oven, id="in-the-oven"),
        pytest.param(_after_baking, id="after-baking"),
    ],
)
def test_an_item_that_is_sent_again_bakes_once(
    client: Client, send_again: Callable[[Client, Fields], None]
) -> None:
    item = pizza(f"again{send_again.__name__}", secs=2, size=3)

    send_again(client, item)
    client.collect_until_quiet()

    assert client.baked == [item]
    assert client.dead == []


def test_every_kind_of_bad_message_is_a_dead_letter_with_a_reason(client: Client, oven: TestOven) -> None:
    client.send_bodies(BAD_MESSAGES)

    def all_are_dead() -> bool:
        client.collect()
        return len(client.dead) >= len(BAD_MESSAGES)

    eventually("bad messages are dead letters", all_are_dead)
    client.collect_until_quiet()

    reasons = {letter.body: letter.reason for letter in client.dead}
    assert reasons.keys() == BAD_MESSAGES.keys()
    unclear = {body[:80]: reasons[body] for body, words in BAD_MESSAGES.items() if words not in reasons[body]}
    assert not unclear
    # One delivery was enough.
    assert len(client.dead) == len(BAD_MESSAGES) or cut_off(oven)
    assert client.baked == []


def test_bad_messages_and_duplicates_harm_no_good_item(client: Client) -> None:
    chooser = random.Random(19)
    good = [pizza(f"good-{n}", secs=chooser.randint(0, 2), size=chooser.randint(1, 3)) for n in range(30)]
    bad = chooser.sample(sorted(BAD_MESSAGES, key=len)[:-2], 19)
    again = chooser.choices(good, k=15)
    mixed = [*bad, *(json.dumps(item) for item in good + again)]
    chooser.shuffle(mixed)

    client.send_bodies(mixed)
    client.collect_until_quiet()

    assert client.baked_ids == ids(good)
    assert {letter.body for letter in client.dead} == set(bad)
    assert all(letter.reason for letter in client.dead)
    client.let_the_line_be_recounted()


def test_each_decision_is_a_line_in_the_log_with_the_item(client: Client, oven: TestOven) -> None:
    client.hold("logged-hold")
    client.send(pizza("logged", size=2))
    client.wait_until_waiting(1)
    client.send_bodies(['{"id": "logged-badly"}'])
    client.let_go("logged-hold")
    client.collect_until_quiet()
    client.send(pizza("logged", size=2))
    client.collect_until_quiet()

    bake_items, item_removed = (
        {(line["message"], line.get("item_id")) for line in decisions(oven, function)}
        for function in get_args(Function)
    )
    assert bake_items >= {
        ("loaded", "logged-hold"),
        ("joined", "logged"),
        ("loaded", "logged"),
        ("duplicate", "logged"),
        ("rejected", "logged-hold"),
        ("evicted", "logged-hold"),
    }
    assert item_removed >= {("baked", "logged")}
    rejected = [line for line in decisions(oven, "BakeItems") if line["message"] == "rejected"]
    assert "bakingTimeSecs is missing" in {line["reason"] for line in rejected}
