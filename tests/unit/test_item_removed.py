"""Item Removed with the services in memory: the item comes out, slots are freed, and waiting items are
loaded."""

from dataclasses import replace

import pytest

from pizza_oven.context import Context
from pizza_oven.errors import HandedOutError, RedrivenError, ServiceError, ThrottledError
from pizza_oven.item import Item, Trigger
from pizza_oven.item_removed import THROTTLED_SECS, ItemRemoved, Memory
from pizza_oven.messages import WaitingMessage
from pizza_oven.row import Lease, Refused, Row, Unloaded
from serverless_pizza_oven.simulator.executions import Executions
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import Loop
from serverless_pizza_oven.simulator.memory_queues import (
    MemoryBakedItems,
    MemoryDeadLetters,
    MemoryLeavingItems,
    MemoryNewItems,
    MemoryWaitingItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.memory_tokens import MemoryTaskTokens
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

ITEM = Item("a", 60, 2, '{"id":"a","bakingTimeSecs":60,"size":2,"note":"mine"}')
LEASES = {"a": Lease(2, 1000.0), "b": Lease(1, 1000.0)}

NOW = 1000.0


class Kitchen:
    def __init__(self, row: Row, baked_items: type[MemoryBakedItems] = MemoryBakedItems) -> None:
        loop = Loop()
        self.table = MemoryBakingTable(row)
        self.new, self.baked = StandardQueue(loop, "new"), StandardQueue(loop, "baked")
        self.notes: list[tuple[str, str | None]] = []
        self.facts: dict[str, object] = {}
        self.leaving = StandardQueue(loop, "leaving")
        self.line = FifoQueue(loop)
        self.executions = Executions(loop)
        context = Context(
            capacity=3,
            table=self.table,
            waiting_items=MemoryWaitingItems(self.line),
            new_items=MemoryNewItems(self.new),
            leaving_items=MemoryLeavingItems(self.leaving),
            dead_letters=MemoryDeadLetters(StandardQueue(loop, "dead")),
            item_states=self.executions,
            task_tokens=MemoryTaskTokens(),
            log=self,
            now=lambda: NOW,
            time_left=lambda: 10,
        )
        self.item_removed = ItemRemoved(context, self.table, baked_items(self.baked), Memory())

    def at(self, now: float, item_removed: ItemRemoved | None = None) -> ItemRemoved:
        """The function with another clock."""
        item_removed = item_removed or self.item_removed
        return replace(item_removed, context=replace(item_removed.context, now=lambda: now))

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        self.notes.append((decision, item_id))
        self.facts = facts

    def out(self) -> list[str]:
        return [letter.body for letter in self.baked.messages()]

    def leaving_items(self) -> list[str]:
        return [letter.body for letter in self.leaving.messages()]

    def triggers(self) -> list[str]:
        return [letter.body for letter in self.new.messages()]


def test_the_slots_are_freed_and_the_item_comes_out_as_it_went_in() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))

    kitchen.item_removed(ITEM)

    assert kitchen.table.row == Row(occupied=1, leases={"b": LEASES["b"]}, wake_up_requested_at=NOW)
    assert kitchen.out() == [ITEM.body]
    assert kitchen.notes == [("baked", "a")]


def test_how_full_the_oven_is_then_is_told() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=4, leases=LEASES))

    kitchen.item_removed(ITEM)

    assert kitchen.facts == {"occupied": 1, "waiting": 4}


def test_nobody_is_woken_for_an_empty_line() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))

    kitchen.item_removed(ITEM)

    assert kitchen.triggers() == []


def test_who_waits_is_woken() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))

    kitchen.item_removed(ITEM)

    assert kitchen.triggers() == [Trigger().body]


def test_who_waits_is_woken_once_until_somebody_looked() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES, wake_up_requested_at=NOW - 3))

    kitchen.item_removed(ITEM)

    assert kitchen.triggers() == []


def test_a_wake_up_that_is_pending_for_more_than_4_seconds_is_requested_anew() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES, wake_up_requested_at=NOW - 5))

    kitchen.item_removed(ITEM)

    assert kitchen.triggers() == [Trigger().body]


def test_one_of_those_that_find_a_lost_wake_up_replaces_it() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=2, leases=LEASES, wake_up_requested_at=NOW - 21))

    kitchen.item_removed(ITEM)
    kitchen.at(NOW + 1)(Item("b", 60, 1, '{"id":"b","bakingTimeSecs":60}'))

    assert kitchen.triggers() == [Trigger().body]
    assert kitchen.table.row.wake_up_requested_at == NOW


def test_a_redriven_execution_neither_hands_its_item_out_nor_frees_slots() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))

    with pytest.raises(RedrivenError, match="a was redriven and has no slots"):
        kitchen.item_removed(ITEM, redrives=1)
    with pytest.raises(RedrivenError):
        kitchen.item_removed.free("a", redrives=1)

    assert kitchen.out() == []
    assert kitchen.table.row == Row(occupied=3, leases=LEASES)


def test_a_second_try_hands_out_and_wakes_since_the_first_may_not_have() -> None:
    kitchen = Kitchen(Row())

    kitchen.item_removed(ITEM)

    assert kitchen.table.row == Row()
    assert kitchen.out() == [ITEM.body]
    assert kitchen.triggers() == [Trigger().body]


class RefusingTable(MemoryBakingTable):
    """Refuses to free slots."""

    def unload(self, item_id: str, now: float) -> Unloaded | Refused:
        raise ServiceError(f"{item_id} at {now}: throttled")


class ThrottledTable(MemoryBakingTable):
    """Throttles all writes."""

    def unload(self, item_id: str, now: float) -> Unloaded | Refused:
        raise ThrottledError(f"{item_id} at {now}: throttled")


def test_an_item_whose_slots_cannot_be_freed_is_left_to_bake_items() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))
    refused = replace(kitchen.item_removed, table=RefusingTable())

    refused(ITEM)

    assert kitchen.out() == [ITEM.body]
    assert kitchen.leaving_items() == ['{"id": "a", "size": 2}']
    assert "a" in kitchen.table.row.leases
    assert kitchen.triggers() == [Trigger("leaving-items").body]


def test_after_a_throttled_write_the_row_is_left_alone_for_a_while() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))
    throttled = replace(kitchen.item_removed, table=ThrottledTable())
    throttled(ITEM)
    memory = throttled.memory

    remembering = replace(kitchen.item_removed, memory=memory)
    kitchen.at(NOW + THROTTLED_SECS - 1, remembering)(ITEM)
    assert "a" in kitchen.table.row.leases

    kitchen.at(NOW + THROTTLED_SECS, remembering)(ITEM)
    assert "a" not in kitchen.table.row.leases


def test_one_trigger_a_second_is_enough_for_the_items_that_leave() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))
    throttled = replace(kitchen.item_removed, table=ThrottledTable())

    for secs in (0, 0.5, 1):
        kitchen.at(NOW + secs, throttled)(ITEM)

    assert len(kitchen.leaving_items()) == 3
    assert len(kitchen.triggers()) == 2


def test_an_item_whose_slots_nobody_takes_is_handed_out_once_however_often_that_is_tried() -> None:
    class RefusingQueue(MemoryLeavingItems):
        def push(self, item_id: str, size: int) -> None:
            raise ServiceError(f"{item_id} of {size}: no answer")

    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))
    context = replace(kitchen.item_removed.context, leaving_items=RefusingQueue(kitchen.leaving))
    refused = replace(kitchen.item_removed, context=context, table=RefusingTable())

    with pytest.raises(HandedOutError):
        refused(ITEM)
    with pytest.raises(ServiceError):
        refused.free("a")
    kitchen.item_removed.free("a")

    assert kitchen.out() == [ITEM.body]
    assert "a" not in kitchen.table.row.leases


def test_the_freed_slots_are_filled_from_the_line() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=2, leases=LEASES))
    for item_id in ("c", "d"):
        kitchen.line.send(f'{{"id":"{item_id}","bakingTimeSecs":60}}', item_id)

    kitchen.item_removed(ITEM)

    assert kitchen.table.row.leases.keys() == {"b", "c", "d"}
    assert list(kitchen.executions.bakings) == ["c", "d"]
    assert (kitchen.table.row.waiting, kitchen.line.count(), kitchen.triggers()) == (0, 0, [])


def test_a_paused_oven_gives_freed_slots_to_nobody() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))
    kitchen.line.send('{"id":"c","bakingTimeSecs":60}', "c")

    replace(kitchen.item_removed, is_paused=True)(ITEM)

    assert kitchen.table.row.leases.keys() == {"b"}
    assert kitchen.triggers() == [Trigger().body]


def test_a_copy_of_the_item_that_is_out_gets_no_slots() -> None:
    kitchen = Kitchen(Row(occupied=3, waiting=2, leases=LEASES))
    kitchen.line.send(ITEM.body, "copy")
    kitchen.line.send('{"id":"c","bakingTimeSecs":60}', "c")

    kitchen.item_removed(ITEM)

    assert kitchen.table.row.leases.keys() == {"b", "c"}
    assert (kitchen.table.row.waiting, kitchen.line.count()) == (0, 0)


def test_item_removed_waits_for_a_locked_line_before_it_looks_at_the_row_again() -> None:
    waits: list[int] = []

    class Watched(MemoryWaitingItems):
        def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
            waits.append(wait_secs)
            return super().receive(count, wait_secs)

    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))
    kitchen.line.send('{"id":"c","bakingTimeSecs":60}', "c")
    context = replace(kitchen.item_removed.context, waiting_items=Watched(kitchen.line))

    replace(kitchen.item_removed, context=context)(ITEM)

    assert waits == [1]
    assert kitchen.table.row.leases.keys() == {"b", "c"}


def test_bake_items_is_woken_when_the_line_cannot_be_served() -> None:
    class Unreachable(MemoryWaitingItems):
        def receive(self, count: int, wait_secs: int) -> list[WaitingMessage]:
            raise ServiceError(f"{count} within {wait_secs} s: no answer")

    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES))
    context = replace(kitchen.item_removed.context, waiting_items=Unreachable(kitchen.line))

    replace(kitchen.item_removed, context=context)(ITEM)

    assert kitchen.out() == [ITEM.body]
    assert kitchen.triggers() == [Trigger().body]


def test_a_retried_task_does_not_hand_out_again_what_an_earlier_try_has_finished() -> None:
    kitchen = Kitchen(Row(occupied=1, leases={"b": LEASES["b"]}))

    kitchen.item_removed(ITEM, retries=1)

    assert kitchen.out() == []
    assert kitchen.triggers() == [Trigger().body]


def test_a_retried_task_hands_out_an_item_that_has_its_slots() -> None:
    kitchen = Kitchen(Row(occupied=3, leases=LEASES))

    kitchen.item_removed(ITEM, retries=1)

    assert kitchen.out() == [ITEM.body]
    assert "a" not in kitchen.table.row.leases


def test_a_refusal_is_raised_for_step_functions_to_try_again() -> None:
    class Refusing(MemoryBakedItems):
        def push(self, item: Item) -> None:
            raise ServiceError(f"{item.id}: throttled")

    kitchen = Kitchen(Row(occupied=3, waiting=1, leases=LEASES), Refusing)

    with pytest.raises(ServiceError):
        kitchen.item_removed(ITEM)
    assert kitchen.triggers() == []
    # If the execution ended now, reconciling would find the item by its lease.
    assert "a" in kitchen.table.row.leases
