"""Several items in one message of the line: they join together, and take their slots together."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pizza_oven.aws.settlement_update import settlement_update
from pizza_oven.context import PACKED_ITEMS
from pizza_oven.errors import ServiceError
from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.messages import BATCH, pack, unpack
from pizza_oven.row import Lease
from pizza_oven.settlement import Served, Settlement
from pizza_oven.settling import DEPARTURES_AT_ONCE
from serverless_pizza_oven.simulator.executions import Executions
from tests.unit.memory_oven import Oven, item, trigger


@pytest.fixture
def oven() -> Oven:
    """One that packs, with items in all of its slots."""
    oven = Oven(capacity=4)
    oven.slots_per_packed_item = 1
    oven.bake(*(item(f"baking{n}") for n in range(4)))
    return oven


def messages(oven: Oven) -> list[list[str]]:
    """The ids in each message of the line."""
    return [[json.loads(body)["id"] for body in unpack(message.body)] for message in oven.fifo.messages()]


def end(oven: Oven, *item_ids: str) -> None:
    for item_id in item_ids:
        oven.table.unload(item_id, oven.loop.seconds())


def test_items_that_join_together_share_messages_in_their_order(oven: Oven) -> None:
    oven.bake(*(item(f"i{n}") for n in range(6)))

    assert messages(oven) == [["i0", "i1", "i2", "i3"], ["i4", "i5"]]
    assert oven.table.row.waiting == 6


@pytest.mark.parametrize(
    "alone",
    [
        item("a", size=2),
        json.dumps({"id": "a", "bakingTimeSecs": 1, "waitAtMostSecs": 60}),
        json.dumps({"id": "a", "bakingTimeSecs": 1, "note": "x" * 10_000}),
    ],
    ids=["of more slots", "that waits for so long at most", "that is large"],
)
def test_an_item_has_a_message_of_its_own(oven: Oven, alone: str) -> None:
    oven.send(item("before"), alone, item("after"))
    oven.deliver()

    assert messages(oven) == [["before"], ["a"], ["after"]]


@pytest.mark.parametrize(("capacity", "most"), [(99, 1), (100, 2), (150, 3), (200, 4), (4000, 4)])
def test_a_message_takes_at_most_a_fiftieth_of_the_slots(capacity: int, most: int) -> None:
    oven = Oven(capacity)
    oven.bake(item("all", size=capacity))

    oven.bake(*(item(f"i{n}") for n in range(5)))

    assert max(map(len, messages(oven))) == most


def test_after_an_update_no_function_packs_until_the_older_ones_have_timed_out(oven: Oven) -> None:
    oven.table.row = replace(oven.table.row, packs_since=0)
    for moment in ("0", "19"):
        oven.bake(item(f"a{moment}"), item(f"b{moment}"))
        oven.pass_time(19)
    assert messages(oven) == [["a0"], ["b0"], ["a19"], ["b19"]]

    oven.bake(item("c"), item("d"))
    assert messages(oven)[4:] == [["c", "d"]]


def test_items_of_one_message_are_loaded_together_or_wait(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))
    end(oven, "baking0")
    oven.bake(trigger())
    assert (messages(oven), oven.table.row.occupied) == ([["a", "b"]], 3)
    assert not oven.table.row.wake_up_requested_at, "nothing that waits fits"

    end(oven, "baking1")
    oven.bake(trigger())
    assert (messages(oven), oven.table.row.waiting) == ([], 0)
    assert oven.running()[-2:] == ["a", "b"]


def test_what_follows_a_message_of_several_does_not_overtake_it(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))
    oven.bake(item("c"))
    end(oven, "baking0")

    oven.bake(trigger())

    assert messages(oven) == [["a", "b"], ["c"]]


def test_a_message_stays_until_all_of_its_items_are_started(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))
    end(oven, "baking0", "baking1")
    oven.executions = executions = Reluctant(oven.loop)

    oven.bake(trigger())
    assert (oven.running(), messages(oven)) == (["a"], [["a", "b"]])

    executions.is_reluctant = False
    oven.pass_time(5)
    oven.bake(trigger())
    assert (oven.running(), messages(oven)) == (["a", "b"], [])
    assert (oven.table.row.occupied, oven.table.row.waiting) == (4, 0)


class Reluctant(Executions):
    """Starts only the first of the items, as long as it is reluctant."""

    is_reluctant = True

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        if not self.is_reluctant:
            return super().start(items)
        return super().start(items[:1]) + [ServiceError(f"{item.id}: refused") for item in items[1:]]


def test_items_of_one_message_are_dead_letters_if_the_oven_has_fewer_slots_by_now(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))
    end(oven, *(f"baking{n}" for n in range(4)))
    oven.capacity = 1

    oven.bake(trigger())

    reason = "it shares a message with more items than the oven has slots"
    assert oven.letters() == [(item("a"), reason), (item("b"), reason)]
    assert (messages(oven), oven.table.row.waiting) == ([], 0)


def test_what_is_packed_comes_out_as_it_was() -> None:
    bodies = ['{ "id":"a","bakingTimeSecs":1,\n"note":"\\"ü\\u00fc[" }', '{"id":"b","bakingTimeSecs":1}']

    assert unpack(pack(bodies)) == bodies
    assert unpack(pack(bodies[:1])) == bodies[:1]


@pytest.mark.parametrize("size", [1, 2])
def test_the_largest_write_is_no_longer_than_dynamodb_allows(size: int) -> None:
    loads = {f"load{n}": Lease(size, 2e9, 0) for n in range(BATCH * PACKED_ITEMS)}
    frees = {f"free{n}": size for n in range(DEPARTURES_AT_ONCE)}
    served = Served(range(BATCH), BATCH * PACKED_ITEMS, {0: 20, 1: 20}, 2e9)
    write = Settlement(loads, frees, 0, served, overtakes=True, clear_wake_up_unless_fits=1)

    request = settlement_update(write, 10_000, 2e9).request()

    for expression in (request["UpdateExpression"], request["ConditionExpression"]):
        assert len(expression) <= 4096
        assert sum(map(expression.count, ("(", " = ", " < ", " <= ", " > ", " >= ", " AND ", " OR "))) <= 300
