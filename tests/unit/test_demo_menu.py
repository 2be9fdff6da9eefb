"""The pizzas of the demo."""

import json
from random import Random

from pizza_oven.item import Item, parse
from serverless_pizza_oven.demo.menu import MENU, BakingTimes, new_token, order

TIMES = BakingTimes(2, 5)


def test_the_same_seed_orders_the_same_pizzas_and_times_under_other_ids() -> None:
    one, other = (order(50, TIMES, token, Random(7)) for token in ("one", "other"))

    assert [(p.name, p.baking_time_secs) for p in one] == [(p.name, p.baking_time_secs) for p in other]
    assert not {p.id for p in one} & {p.id for p in other}


def test_another_seed_orders_something_else() -> None:
    one, other = (order(50, TIMES, "token", Random(seed)) for seed in (7, 8))

    assert one != other


def test_every_pizza_is_on_the_menu_and_every_baking_time_is_used() -> None:
    pizzas = order(1000, TIMES, "token", Random(7))

    assert {p.name for p in pizzas} == set(MENU)
    assert {p.baking_time_secs for p in pizzas} == {2, 3, 4, 5}


def test_every_pizza_is_an_item_that_an_oven_takes_with_a_name_and_its_sending_time() -> None:
    pizzas = order(1000, TIMES, new_token(Random(7)), Random(7))

    items = [parse(pizza.as_item(1234.5678), capacity=1) for pizza in pizzas]
    assert len({item.id for item in items if isinstance(item, Item)}) == 1000
    first = items[0]
    assert isinstance(first, Item)
    fields = json.loads(first.body)
    assert (fields["name"], fields["sentAt"]) == (pizzas[0].name, 1234.568)


def test_no_two_runs_have_the_same_token() -> None:
    randomness = Random(7)

    assert len({new_token(randomness) for _ in range(1000)}) == 1000
