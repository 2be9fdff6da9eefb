"""Who holds the items of a status."""

import json
from typing import Any

import pytest

from pizza_oven.execution import Execution
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.holder_lookup import MOST_CHARS, MOST_LOOKED_UP, with_holders
from tests.unit.held_oven import HeldOven


class WatchedHolders:
    """Tells of one status of an oven after another, and for which items it asked."""

    def __init__(self, oven: HeldOven) -> None:
        self._oven = oven
        self._items: tuple[BakingItem, ...] = ()
        self.asked: list[str] = []

    def look(self, most: int = MOST_LOOKED_UP) -> dict[str, str | None]:
        """The holder of each item in the oven. `asked` are those that were looked up for it."""
        self.asked = []
        items = [BakingItem.of(item_id, lease) for item_id, lease in self._oven.table.row.leases.items()]
        self._items = with_holders(items, self._items, self._describe, most)
        return {item.id: item.holder for item in self._items}

    def _describe(self, item_id: str) -> Execution | None:
        self.asked.append(item_id)
        return self._oven.describe(item_id)


@pytest.fixture
def oven() -> HeldOven:
    return HeldOven(40)


@pytest.fixture
def watched(oven: HeldOven) -> WatchedHolders:
    return WatchedHolders(oven)


def held(item_id: str, **fields: Any) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": 600, "hold": True, **fields})


def test_a_held_item_is_told_with_its_holder_and_one_that_bakes_is_not_asked_for(
    oven: HeldOven, watched: WatchedHolders
) -> None:
    bakes = json.dumps({"id": "bakes", "bakingTimeSecs": 600, "holder": "nobody"})
    oven.send(held("hers", holder="anna@ci"), held("open"), held("odd", holder=["anna"]), bakes)
    oven.run(1)

    assert watched.look() == {"hers": "anna@ci", "open": "", "odd": "", "bakes": None}
    assert watched.asked == ["hers", "open", "odd"]


def test_what_is_known_is_not_asked_again_and_so_many_are_asked_for_at_once(
    oven: HeldOven, watched: WatchedHolders
) -> None:
    oven.send(*(held(f"item-{n}", holder=f"holder-{n}") for n in range(MOST_LOOKED_UP + 3)))
    oven.run(1)

    first = watched.look()
    assert watched.asked == list(first)[:MOST_LOOKED_UP]
    assert list(first.values())[MOST_LOOKED_UP:] == [None] * 3
    assert watched.look(most=0) == first
    assert watched.asked == []
    assert watched.look() == {f"item-{n}": f"holder-{n}" for n in range(MOST_LOOKED_UP + 3)}
    assert len(watched.asked) == 3


def test_after_a_refused_request_the_others_are_not_asked_for_until_the_next_status(
    oven: HeldOven, watched: WatchedHolders
) -> None:
    oven.send(held("a", holder="anna"), held("b", holder="ben"))
    oven.run(1)
    oven.refusal = AwsError("asking Step Functions for a: AccessDenied")

    assert watched.look() == {"a": None, "b": None}
    assert watched.asked == ["a"]
    oven.refusal = None
    assert watched.look() == {"a": "anna", "b": "ben"}


def test_an_item_whose_execution_is_not_known_yet_is_asked_for_again(
    oven: HeldOven, watched: WatchedHolders
) -> None:
    oven.send(held("a", holder="anna"))
    oven.run(1)
    started = oven.executions.bakings.pop("a")

    assert watched.look() == {"a": None}
    oven.executions.bakings["a"] = started
    assert watched.look() == {"a": "anna"}


def test_a_holder_is_told_on_one_short_line(oven: HeldOven, watched: WatchedHolders) -> None:
    oven.send(held("a", holder="anna\n\x1b[2J"), held("b", holder="b" * 10_000))
    oven.run(1)

    assert watched.look() == {"a": "anna ?[2J", "b": "b" * MOST_CHARS}
