"""Items that are held: until they are released, or until their leases end."""

import json
from typing import Any

import pytest

from pizza_oven.item import Item, ItemRelease, LeaseExtension, parse
from pizza_oven.row import Lease
from pizza_oven.settlement import Settlement
from tests.unit.memory_oven import CrashError, Oven, item


def held(item_id: str, secs: int = 10, **others: Any) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": secs, "hold": True, **others})


def release(item_id: str) -> str:
    return ItemRelease(item_id).body


def extension(item_id: str, secs: int) -> str:
    return LeaseExtension(item_id, secs).body


@pytest.fixture
def oven() -> Oven:
    return Oven(capacity=1)


def test_a_held_item_that_is_neither_extended_nor_released_is_a_dead_letter(oven: Oven) -> None:
    oven.send(held("a"))
    oven.settle(30)

    assert oven.table.row.leases == {}
    assert oven.out() == []
    assert oven.letters() == [(held("a"), "held for 10 s and neither extended nor released")]


def test_an_item_whose_lease_ends_has_not_baked(oven: Oven) -> None:
    oven.send(held("a"))
    oven.settle(30)

    decisions = [decision for decision, item_id in oven.records.taken if item_id == "a"]
    assert "expired" in decisions
    assert "baked" not in decisions


def test_an_extended_item_keeps_its_slots_for_as_long_as_its_last_extension_says(oven: Oven) -> None:
    oven.send(held("a"))
    oven.settle(8)
    oven.send(extension("a", 20))
    oven.settle(18)
    assert "a" in oven.table.row.leases

    oven.settle(4)

    assert oven.table.row.leases == {}
    assert oven.letters() == [(held("a"), "held for 10 s, extended once, and neither extended nor released")]


def test_an_item_that_release_1_1_0_took_for_a_plain_one_bakes_on_after_the_update(oven: Oven) -> None:
    taken = parse(held("a"), None)
    assert isinstance(taken, Item)
    lease = Lease(1, oven.loop.seconds() + 10)
    oven.table.settle(Settlement(loads={"a": lease}, overtakes=True), oven.capacity, 0)
    oven.executions.start([taken])

    oven.send(extension("a", 600))
    oven.settle(30)

    assert ("ignored", "a") in oven.records.taken
    assert oven.out() == ["a"]
    assert (oven.letters(), oven.table.row.leases, oven.table.row.occupied) == ([], {}, 0)


def test_an_extension_makes_no_lease_shorter(oven: Oven) -> None:
    oven.send(held("a", secs=60))
    oven.settle(5)
    oven.send(extension("a", 1))
    oven.settle(30)

    assert "a" in oven.table.row.leases


def test_a_lease_that_is_never_extended_takes_no_more_transitions_than_an_item_that_bakes(oven: Oven) -> None:
    oven.send(held("a"))
    oven.settle(30)
    used = oven.executions.transitions
    oven.send(item("b", secs=10))
    oven.settle(30)

    assert oven.executions.transitions == 2 * used


def test_extensions_take_no_transitions_until_the_lease_as_it_was_is_over(oven: Oven) -> None:
    oven.send(held("a", secs=60))
    oven.settle(5)
    for _ in range(8):
        oven.send(extension("a", 60))
        oven.settle(5)
    oven.send(release("a"))
    oven.settle(200)

    assert oven.executions.transitions == 1


def test_a_released_item_comes_out_nowhere_and_the_next_in_line_gets_its_slots(oven: Oven) -> None:
    oven.send(held("a", secs=60), item("b", secs=60))
    oven.settle(5)
    oven.send(release("a"))
    oven.settle(5)

    assert oven.table.row.leases.keys() == {"b"}
    assert oven.out() == []
    assert oven.letters() == []


def test_a_release_that_comes_twice_does_no_harm(oven: Oven) -> None:
    oven.send(held("a", secs=60))
    oven.settle(5)
    oven.send(release("a"), release("a"))
    oven.settle(100)

    assert oven.table.row.occupied == 0
    assert oven.letters() == []


def test_an_item_that_is_released_while_it_waits_never_gets_slots(oven: Oven) -> None:
    oven.send(item("a", secs=20), held("b", secs=60))
    oven.settle(5)
    oven.send(release("b"))
    oven.settle(60)

    assert oven.out() == ["a"]
    assert oven.table.row.occupied == 0
    assert oven.in_line() == []
    assert oven.letters() == []


def test_a_release_before_its_item_cancels_it(oven: Oven) -> None:
    oven.send(release("a"))
    oven.settle(5)
    oven.send(held("a"))
    oven.settle(5)

    assert oven.table.row.leases == {}
    assert ("cancelled", "a") in oven.records.taken


def test_an_extension_of_an_item_that_is_not_in_the_oven_is_ignored(oven: Oven) -> None:
    oven.send(extension("a", 60))
    oven.settle(5)

    assert oven.records.taken == [("ignored", "a")]


@pytest.mark.parametrize("request_number", range(3))
@pytest.mark.parametrize("when", ["crash_before", "crash_after"])
def test_a_crash_at_any_request_of_a_release_leaves_nothing_taken(
    oven: Oven, request_number: int, when: str
) -> None:
    oven.send(held("a", secs=3600), item("b", secs=1))
    oven.settle(5)
    oven.faults.calls.clear()
    setattr(oven.faults, when, request_number)

    oven.send(release("a"))
    oven.settle(200)

    assert oven.out() == ["b"]
    assert oven.table.row.occupied == 0
    assert oven.letters() == []


def test_an_item_that_waited_for_too_long_is_a_dead_letter_that_says_how_long(oven: Oven) -> None:
    late = json.dumps({"id": "b", "bakingTimeSecs": 5, "waitAtMostSecs": 30})
    oven.send(item("a", secs=60), late)
    oven.settle(120)

    ((body, reason),) = oven.letters()
    assert body == late
    assert reason == "it waited 59 s for slots, longer than waitAtMostSecs, 30 s"
    assert oven.out() == ["a"]


def test_an_item_that_gets_slots_in_time_bakes(oven: Oven) -> None:
    oven.send(item("a", secs=20), json.dumps({"id": "b", "bakingTimeSecs": 5, "waitAtMostSecs": 30}))
    oven.settle(120)

    assert oven.out() == ["a", "b"]
    assert oven.letters() == []


def test_a_copy_of_an_item_that_baked_in_time_is_no_dead_letter_however_late(oven: Oven) -> None:
    body = json.dumps({"id": "a", "bakingTimeSecs": 5, "waitAtMostSecs": 0})
    oven.send(body)
    oven.settle(20)
    oven.fifo.send(body, "copy", 0, asked_at=oven.loop.seconds() - 100)
    oven.send('{"type": "trigger"}')
    oven.settle(20)

    assert oven.letters() == []
    assert oven.out() == ["a"]


def test_the_owner_of_a_held_item_is_told_once_when_it_has_its_slots(oven: Oven) -> None:
    oven.send(item("a", secs=20), held("b", secs=60, taskToken="secret"))
    oven.settle(10)
    assert oven.task_tokens.gone == set()

    oven.settle(20)

    assert oven.task_tokens.gone == {"secret"}
    assert oven.table.row.leases.keys() == {"b"}


def test_an_item_whose_owner_gave_up_frees_its_slots_at_once(oven: Oven) -> None:
    oven.task_tokens.gone.add("secret")
    oven.send(held("a", secs=3600, taskToken="secret"))
    oven.settle(5)

    assert oven.table.row.occupied == 0
    assert oven.letters() == []


def test_a_function_that_dies_after_it_told_the_owner_leaves_the_slots_to_it(oven: Oven) -> None:
    oven.faults.crash_after = 2
    with pytest.raises(CrashError):
        oven.bake(held("a", secs=3600, taskToken="secret"))
    assert oven.task_tokens.gone == {"secret"}
    oven.faults.crash_after = None
    oven.pass_time(1)

    oven.bake(held("a", secs=3600, taskToken="secret"))

    assert oven.table.row.leases.keys() == {"a"}


def test_a_token_is_not_logged(oven: Oven) -> None:
    oven.send(held("a", secs=3600, taskToken="secret"))
    oven.settle(5)

    assert "secret" not in repr(oven.records.facts) + repr(oven.records.taken)
