"""Functions are killed one after another, whatever they are doing."""

import random
import time

from tests.patience import eventually
from tests.stack.clients import Client, ids, pizza
from tests.stack.conftest import NewOven
from tests.stack.workers import Workers


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
    client.collect_after_crashes(pizzas)

    assert set(client.baked_ids) == set(ids(pizzas))
    assert client.bakings().keys() == set(ids(pizzas))
    assert client.dead == []
    assert client.fullest() <= client.capacity
