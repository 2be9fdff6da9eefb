"""Function after function dies, whatever it is doing; once more with the functions' roles enforced."""

import random
import time
from collections.abc import Iterator

import pytest

from tests.stack.clients import Client, eventually, ids, pizza
from tests.stack.ovens import TestOven, running_test_oven
from tests.stack.workers import Workers


@pytest.fixture(params=[False, True], ids=["open", "iam"])
def chaotic_oven(request: pytest.FixtureRequest) -> Iterator[TestOven]:
    with running_test_oven(14, enforce_iam=request.param) as running:
        yield running


def test_sixty_items_survive_the_deaths_of_25_functions(chaotic_oven: TestOven) -> None:
    client = Client(chaotic_oven)
    functions = [Workers(chaotic_oven, "BakeItems"), Workers(chaotic_oven, "ItemRemoved")]
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
