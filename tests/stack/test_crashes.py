"""Functions that die at work: nothing is lost, nothing bakes twice, no slot stays taken."""

import random
import time

from tests.stack.clients import Client, eventually, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.workers import Workers


def test_items_survive_the_death_of_bake_items_at_work(new_oven: NewOven) -> None:
    oven = new_oven(4)
    client = Client(oven)
    workers = Workers(oven, "BakeItems")
    pizzas = [pizza(f"bake-{n}", secs=1, size=1 + n % 3) for n in range(30)]
    for start in (0, 10, 20):
        wave = pizzas[start : start + 10]
        for item in wave[:5]:
            client.send(item)
        workers.wait_for(1)
        with workers.killed_at_work():
            for item in wave[5:]:
                client.send(item)
            eventually("all messages are in somebody's hands", lambda: not client.messages_to_take())

    client.collect_until_quiet(within_secs=120)

    assert workers.deaths() >= 2
    assert client.baked_ids == ids(pizzas)
    assert client.dead == []
    assert client.fullest() <= client.capacity
    client.let_the_line_be_recounted()


def test_items_survive_the_death_of_item_removed_at_work(new_oven: NewOven) -> None:
    oven = new_oven(4)
    client = Client(oven)
    workers = Workers(oven, "ItemRemoved")
    client.send(*(pizza(f"warm-{n}") for n in range(4)))
    workers.wait_for(2)
    client.collect_until_quiet()
    pizzas = [pizza(f"removed-{n}", secs=1) for n in range(12)]
    with workers.killed_at_work():
        client.send(*pizzas)
        eventually("frozen functions hold items", lambda: client.removals_under_way() >= len(workers.pids()))

    client.collect_until_quiet(within_secs=120)

    assert workers.deaths() >= 2
    assert set(client.baked_ids) == {*ids(pizzas), "warm-0", "warm-1", "warm-2", "warm-3"}
    assert client.dead == []
    assert client.fullest() <= client.capacity
    client.let_the_line_be_recounted()


def test_sixty_items_survive_the_deaths_of_25_functions(new_oven: NewOven) -> None:
    oven = new_oven(14)
    client = Client(oven)
    functions = [Workers(oven, "BakeItems"), Workers(oven, "ItemRemoved")]
    pizzas = [pizza(f"chaos-{n}", secs=1 + n % 3) for n in range(60)]

    client.send(*pizzas[:10])
    for n in range(10, 60, 2):
        client.send(*pizzas[n : n + 2])
        time.sleep(random.uniform(0, 0.1))
        eventually("a function is killed", lambda: random.choice(functions).kill_one())
        client.collect()
    client.collect_until_quiet(within_secs=120)

    assert set(client.baked_ids) == set(ids(pizzas))
    assert client.bakings().keys() == set(ids(pizzas))
    assert client.dead == []
    assert client.fullest() <= client.capacity
    client.let_the_line_be_recounted()
