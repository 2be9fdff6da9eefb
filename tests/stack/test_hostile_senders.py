"""Hostile senders: they harm no other items, and the logs quote nothing of any item."""

import json
import random
from collections import Counter
from typing import get_args

import pytest

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse
from serverless_pizza_oven.queue_client import count_messages
from tests.garbage import KINDS, forged_trigger, oversize
from tests.patience import eventually
from tests.stack.clients import Client, Fields, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.logs import Function, decisions, log_lines
from tests.stack.roles import Permission, Role

RARE = (oversize, forged_trigger)
WEIGHTS = [0.2 if kind in RARE else 1 for kind in KINDS]
"""Oversize bodies are 64 KB each, and each trigger is a look at the line: that takes the emulator long."""

MARK = "the-customer-s-card-number"


def flood_of(count: int, chooser: random.Random) -> list[str]:
    return [kind(chooser) for kind in chooser.choices(KINDS, WEIGHTS, k=count)]


def squatted(item: Fields) -> str:
    """Another item with the id of an item."""
    return json.dumps({**item, "size": 14, "bakingTimeSecs": 0, "topping": "gravel"})


@pytest.mark.timeout(1800)
def test_a_flood_of_garbage_leaves_good_items_unharmed(
    new_oven: NewOven, pytestconfig: pytest.Config
) -> None:
    count = pytestconfig.getoption("--garbage")
    client = Client(new_oven(14))
    garbage = flood_of(count, random.Random(10_000))
    good = [pizza(f"good-{n}", secs=1 + n % 3, size=1 + n % 2, topping="basil") for n in range(30)]

    client.send(*good[:10])
    eventually(
        "the first have been placed", lambda: not count_messages(client.oven.aws, client.stack.new_items)
    )
    client.send_bodies([*map(squatted, good[:10]), *garbage[: count // 2]])
    client.send(*good[10:20])
    client.send_bodies(garbage[count // 2 :])
    client.send(*good[20:])
    bad = Counter(filter(is_bad, garbage))
    expected = {item["id"] for item in good} | {found.id for body in garbage if (found := item_of(body))}

    def are_dead(enough: int) -> bool:
        client.collect()
        return len(client.dead) >= enough

    def is_all_dealt_with() -> bool:
        return are_dead(bad.total()) and set(client.baked_ids) >= expected

    # Step by step, since all of it takes long.
    for share in range(1, 11):
        eventually(f"{share} tenths are dead letters", lambda: are_dead(bad.total() * share // 10))  # noqa: B023
    eventually("each message is dealt with", is_all_dealt_with)
    client.let_the_line_be_recounted()
    client.collect_until_quiet()

    # On a machine so busy that a function times out, items and letters may come twice.
    assert [item for item in good if item not in client.baked] == []
    assert [item for item in client.baked if item["id"] in ids(good) and item not in good] == []
    dead = Counter(letter.body for letter in client.dead)
    assert dead >= bad
    assert dead.keys() == bad.keys()
    assert all(letter.reason for letter in client.dead)
    assert set(client.baked_ids) == expected


def test_a_thousand_forged_triggers_take_no_item_out_and_let_the_line_go_on(new_oven: NewOven) -> None:
    # One slot: two that are loaded together may begin to bake in any order.
    client = Client(new_oven(1))
    chooser = random.Random(1000)
    good = [pizza(f"good-{n}", secs=1) for n in range(10)]

    client.hold("hold")
    for n, item in enumerate(good):
        client.send(item)
        client.wait_until_waiting(n + 1)
    named = [json.dumps({"type": "trigger", "item": chooser.choice(good)["id"]}) for _ in range(500)]
    client.send_bodies([*named, *(forged_trigger(chooser) for _ in range(500))])
    client.let_go("hold")
    client.collect_until_quiet()

    assert client.baked_ids == ids(good)
    assert client.loading_order() == ["hold", *(item["id"] for item in good)]
    assert client.fullest() == 1


def test_whatever_goes_wrong_no_word_of_an_item_is_in_the_logs(new_oven: NewOven) -> None:
    oven = new_oven(1)
    client = Client(oven)
    bake_items, item_removed = Role(oven, "BakeItems"), Role(oven, "ItemRemoved")

    client.send_bodies(
        [
            f"no JSON: {MARK}",
            f'["{MARK}"]',
            f'{{"{MARK}": 1, "{MARK}": 2}}',
            json.dumps({"id": {"of": MARK}}),
            json.dumps(pizza("no-time", topping=MARK, bakingTimeSecs=MARK)),
            json.dumps(pizza("no-size", topping=MARK, size=MARK)),  # type: ignore[arg-type]
            json.dumps({"type": "trigger", "item": MARK + "!"}),
        ]
    )
    client.send(pizza("aborted", secs=3600, topping=MARK))
    client.wait_until_baking("aborted")
    client.send(pizza("baked", secs=1, topping=MARK))
    client.send(pizza("waits", topping=MARK), pizza("waits", topping=MARK))
    eventually("they wait", lambda: client.row().waiting >= 2)
    client.stop_baking("aborted", error="Oven.Smoke", cause="it smells")
    client.collect_until_quiet()
    bake_items.take_away(Permission("BakeItems", "StartExecutions", "states:StartExecution"))
    item_removed.take_away(Permission("ItemRemoved", "SendBakedItems", "sqs:SendMessage"))
    client.send(pizza("refused", topping=MARK))
    eventually("its start is refused", lambda: "StartExecution" in "".join(log_lines(oven, "BakeItems")))
    bake_items.give_back()
    eventually("it cannot come out", lambda: "SendMessage" in "".join(log_lines(oven, "ItemRemoved")))
    item_removed.give_back()
    client.collect_until_quiet()

    assert client.baked_ids == ["baked", "refused", "waits"]
    assert len(set(client.dead)) == 8
    assert {line["message"] for line in decisions(oven, "BakeItems")} >= {"rejected", "failed", "joined"}
    assert not [line for name in get_args(Function) for line in log_lines(oven, name) if MARK in line]


def is_bad(body: str) -> bool:
    try:
        parse(body, 14)
    except MalformedItemError:
        return True
    return False


def item_of(body: str) -> Item | None:
    content = None if is_bad(body) else parse(body, 14)
    return content if isinstance(content, Item) else None
