"""Functions that are killed while they work: no item is lost or bakes twice, and no slot stays taken."""

import random
import time
from itertools import chain

from pizza_oven.item import ItemRelease
from tests.patience import eventually
from tests.stack.clients import Client, Fields, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.deadly_network import killed_after
from tests.stack.logs import decisions
from tests.stack.workers import Workers


def test_items_survive_the_death_of_bake_items_at_work(new_oven: NewOven) -> None:
    oven = new_oven(4)
    client = Client(oven)
    workers = Workers(oven, "BakeItems")
    waves: list[list[Fields]] = []

    def placed() -> set[str | None]:
        return {line.get("item_id") for line in decisions(oven, "BakeItems")}

    def enough_died() -> bool:
        first = 10 * len(waves)
        waves.append([pizza(f"bake-{n}", secs=1, size=1 + n % 3) for n in range(first, first + 10)])
        for item in waves[-1][:5]:
            client.send(item)
        # What it has done it writes at the end: whoever placed these waits for the next.
        eventually("the first half is placed", lambda: set(ids(waves[-1][:5])) <= placed())
        with workers.killed_at_work():
            for item in waves[-1][5:]:
                client.send(item)
            eventually("all messages are in somebody's hands", lambda: not client.messages_to_take())
        return len(waves) >= 3 and workers.deaths() >= 2

    eventually("functions die at work", enough_died)
    client.collect_after_crashes(*waves)

    assert client.baked_ids == ids(chain.from_iterable(waves))
    assert client.dead == []
    assert client.fullest() <= client.capacity


def test_items_survive_the_death_of_item_removed_at_work(new_oven: NewOven) -> None:
    oven = new_oven(4)
    client = Client(oven)
    workers = Workers(oven, "ItemRemoved")
    waves: list[list[Fields]] = []

    def enough_died() -> bool:
        first = 12 * len(waves)
        waves.append([pizza(f"removed-{n}", secs=1) for n in range(first, first + 12)])
        client.send(*waves[-1][:4])
        client.collect_until_quiet()
        workers.wait_for(1)
        before = workers.invocations()
        # Idle workers get work first, so the frozen ones get all of it.
        with workers.killed_at_work():
            client.send(*waves[-1][4:])
            eventually("a frozen function has an item", lambda: workers.invocations() > before)
            time.sleep(random.uniform(0, 0.5))
        client.collect_after_crashes(*waves)
        return workers.deaths() >= 2

    eventually("functions die at work", enough_died)

    assert set(client.baked_ids) == set(ids(chain.from_iterable(waves)))
    assert client.bakings().keys() == set(client.baked_ids)
    assert client.dead == []
    assert client.fullest() <= client.capacity


def test_slots_of_a_released_item_come_back_if_bake_items_dies_after_it_stopped_the_execution(
    new_oven: NewOven,
) -> None:
    oven = new_oven(4)
    client = Client(oven)
    client.send(pizza("released", secs=3600, size=4, hold=True))
    client.wait_until_baking("released")
    client.send(pizza("next", secs=3600))
    client.wait_until_waiting(1)
    # The release is not delivered again while the test runs: the event of the stopped execution must do it.
    oven.aws.sqs.set_queue_attributes(
        QueueUrl=oven.stack.new_items, Attributes={"VisibilityTimeout": str(3600)}
    )

    with killed_after(oven, "BakeItems", "StopExecution") as stops:
        client.send_bodies([ItemRelease("released").body])
        client.wait_until_baking("next")

    assert stops == [200]
    assert Workers(oven, "BakeItems").deaths() == 1
    assert client.row().leases.keys() == {"next"}
    client.collect()
    assert (client.baked, client.dead) == ([], [])
