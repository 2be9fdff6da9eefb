"""Bake Items with the services in memory: which items get slots, which wait, and what is delivered again."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pizza_oven.errors import ServiceError
from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.messages import NewMessage
from pizza_oven.reconciling import OVERDUE_AFTER_SECS, QUIET_SECS
from pizza_oven.row import EPOCH_SECS, EPOCHS, Lease, Refused, Row, epoch_of
from serverless_pizza_oven.simulator.executions import Baking, Done, Executions
from serverless_pizza_oven.simulator.memory_queues import (
    MemoryLeavingItems,
    MemoryWaitingItems,
)
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from tests.unit.memory_oven import PILOT_LIGHT, Oven, item, trigger


@pytest.fixture
def oven() -> Oven:
    return Oven(capacity=3)


# Loading


def test_items_that_fit_are_leased_and_bake(oven: Oven) -> None:
    assert oven.bake(item("a"), item("b", size=2)) == []

    until = oven.loop.seconds() + 60
    assert oven.table.row == Row(occupied=3, leases={"a": Lease(1, until), "b": Lease(2, until)})
    assert oven.running() == ["a", "b"]
    assert oven.records.taken == [("looked", None), ("loaded", "a"), ("loaded", "b")]


def test_items_that_fit_take_one_write_and_one_start(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))

    assert oven.faults.calls == ["settle", "start"]


def test_the_longest_prefix_that_fits_is_loaded_and_the_others_join_in_order(oven: Oven) -> None:
    assert oven.bake(item("a"), item("b"), item("c", size=2), item("d")) == []

    assert oven.running() == ["a", "b"]
    assert oven.in_line() == ["c", "d"]
    assert oven.table.row.waiting == 2


def test_a_new_item_does_not_jump_the_line_although_it_fits(oven: Oven) -> None:
    oven.bake(item("a", size=2), item("large", size=3))

    oven.bake(item("small"))

    assert oven.running() == ["a"]
    assert oven.in_line() == ["large", "small"]


def test_a_function_looks_at_the_row_after_it_has_enqueued_its_items(oven: Oven) -> None:
    oven.bake(item("a", size=3))
    oven.faults.calls.clear()

    oven.bake(item("b"))

    assert oven.faults.calls[-2:] == ["push", "settle"]


def test_freed_slots_go_to_the_line_in_order(oven: Oven) -> None:
    oven.bake(item("a", size=3, secs=1))
    oven.bake(item("b", size=2), item("c", size=2), item("d"))
    oven.pass_time(1)

    oven.deliver()

    assert oven.running() == ["b"]
    assert oven.in_line() == ["c", "d"]
    assert oven.table.row.waiting == 2


def test_everything_bakes_in_the_end_and_nothing_is_left(oven: Oven) -> None:
    oven.send(*(item(f"i{n}", size=1 + n % 3, secs=n % 5) for n in range(40)))

    oven.settle()

    assert len(oven.out()) == 40
    assert (oven.table.row.occupied, oven.table.row.waiting, oven.table.row.leases) == (0, 0, {})
    assert oven.fifo.count() == 0


# What comes more than once


def test_an_item_that_comes_twice_in_a_batch_bakes_once(oven: Oven) -> None:
    assert oven.bake(item("a"), item("a")) == []

    assert oven.running() == ["a"]
    assert oven.table.row.occupied == 1


def test_an_item_that_comes_again_while_it_bakes_changes_nothing(oven: Oven) -> None:
    oven.bake(item("a"))
    before = oven.table.row
    oven.pass_time(30)

    assert oven.bake(item("a"), item("b")) == []

    assert oven.table.row.leases["a"] == before.leases["a"]
    assert oven.table.row.occupied == 2
    oven.settle()
    assert oven.out() == ["a", "b"]


def test_an_item_that_comes_again_after_it_baked_is_dropped(oven: Oven) -> None:
    oven.bake(item("a", secs=1))
    oven.pass_time(5)

    assert oven.bake(item("a", secs=1)) == []

    assert oven.out() == ["a"]
    assert oven.table.row == Row()
    assert ("duplicate", "a") in oven.records.taken


def test_a_copy_that_comes_as_its_execution_ends_holds_slots_for_seconds_only(oven: Oven) -> None:
    def remove(baking: Baking, done: Done) -> None:
        oven.item_removed(baking.item)
        oven.bake(item("a", secs=2))
        done("")

    oven.executions.remove = remove
    oven.bake(item("a", secs=2))
    oven.pass_time(2)
    assert oven.table.row.occupied == 1

    oven.settle(secs=10)

    assert oven.table.row.occupied == 0
    assert oven.out() == ["a"]


def test_a_forged_copy_that_comes_as_its_execution_ends_holds_slots_for_seconds_only(oven: Oven) -> None:
    def remove(baking: Baking, done: Done) -> None:
        oven.item_removed(baking.item)
        oven.bake(item("a", size=3, secs=3600))
        done("")

    oven.executions.remove = remove
    oven.bake(item("a", secs=0))
    oven.pass_time(0.5)
    assert oven.table.row.occupied == 3

    oven.settle(secs=10)

    assert oven.table.row.occupied == 0
    assert oven.out() == ["a"]


def test_an_item_that_waits_twice_bakes_once(oven: Oven) -> None:
    oven.bake(item("big", size=3, secs=10))
    oven.bake(item("a"))
    oven.bake(item("a"))
    assert oven.in_line() == ["a", "a"]

    oven.settle()

    assert oven.out() == ["a", "big"]
    assert oven.table.row.waiting == 0
    assert oven.fifo.count() == 0


# What is wrong with messages


def test_a_malformed_message_is_a_dead_letter_at_once_and_harms_no_other(oven: Oven) -> None:
    assert oven.bake("[]", item("a"), item("huge", size=4)) == []

    assert oven.running() == ["a"]
    assert [body for body, _ in oven.letters()] == ["[]", item("huge", size=4)]
    assert [reason for _, reason in oven.letters()] == [
        "the message must be a JSON object, not []",
        "size must be a whole number of slots from 1 to 3, not 4",
    ]


def test_a_malformed_message_comes_again_when_the_dead_letter_queue_refused_it(oven: Oven) -> None:
    oven.faults.refused = {"push"}

    assert oven.bake("{", item("a")) == ["{"]
    assert oven.running() == ["a"]


def test_the_head_of_the_line_that_can_never_fit_is_a_dead_letter(oven: Oven) -> None:
    oven.bake(item("a", size=2, secs=1), item("large", size=3), item("b"))
    oven.capacity = 2

    oven.settle()

    assert oven.out() == ["a", "b"]
    assert oven.letters() == [
        (item("large", size=3), "size must be a whole number of slots from 1 to 2, not 3")
    ]
    assert oven.table.row.waiting == 0


def test_a_lowered_capacity_drains(oven: Oven) -> None:
    oven.bake(item("a"), item("b"), item("c"))
    oven.capacity = 1

    oven.bake(item("d"))

    assert oven.in_line() == ["d"]
    assert oven.table.row.occupied == 3


# What AWS refuses


def test_a_refused_write_is_not_read_as_a_full_oven(oven: Oven) -> None:
    oven.faults.refused = {"settle"}

    assert oven.bake(item("a"), item("b")) == [item("a"), item("b")]

    assert oven.in_line() == []
    assert oven.table.row == Row()


def test_only_what_could_not_be_started_comes_again(oven: Oven) -> None:
    class Choosy(Executions):
        def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
            refused = ServiceError("throttled")
            return [refused if item.id == "b" else super(Choosy, self).start([item])[0] for item in items]

    oven.executions = Choosy(oven.loop)

    assert oven.bake(item("a"), item("b"), item("c")) == [item("b")]
    assert oven.running() == ["a", "c"]
    assert list(oven.table.row.leases) == ["a", "b", "c"]


def test_what_could_not_be_pushed_into_the_line_comes_again(oven: Oven) -> None:
    oven.bake(item("a", size=3))
    oven.faults.refused = {"push"}

    assert oven.bake(item("b")) == [item("b")]


def test_a_trigger_that_met_a_refusal_is_replaced_by_another(oven: Oven) -> None:
    oven.bake(item("a", size=3), item("b"))
    oven.faults.refused = {"settle"}

    assert oven.bake(trigger()) == []

    assert [letter.body for letter in oven.new.messages()] == [trigger()]


def test_a_trigger_that_cannot_be_replaced_comes_again(oven: Oven) -> None:
    oven.faults.refused = {"settle", "trigger"}

    assert oven.bake(trigger()) == [trigger()]


def test_a_named_trigger_that_met_a_refusal_comes_again(oven: Oven) -> None:
    oven.faults.refused = {"settle"}

    assert oven.bake(trigger(), trigger("a")) == [trigger("a")]


def test_items_of_the_line_that_could_not_be_started_keep_their_slots_and_are_started_later(
    oven: Oven,
) -> None:
    oven.bake(item("a", size=3, secs=1))
    oven.bake(item("b"))
    executions = oven.executions
    oven.executions = Refusing(oven.loop)
    oven.pass_time(1)
    assert list(oven.table.row.leases) == ["b"]
    assert oven.in_line() == ["b"]

    oven.executions = executions
    oven.settle()

    assert oven.out() == ["a", "b"]


class Refusing(Executions):
    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        return [ServiceError(f"{item.id}: throttled") for item in items]


# Leaving Items

LEAVING_ITEMS = '{"type":"trigger","item":"leaving-items"}'


def leave(oven: Oven, item_id: str, size: int = 1) -> None:
    """As Item Removed does while the row is throttled."""
    MemoryLeavingItems(oven.leaving).push(item_id, size)


@pytest.mark.parametrize("message", [LEAVING_ITEMS, PILOT_LIGHT])
def test_slots_of_items_that_left_are_freed_for_those_that_wait(oven: Oven, message: str) -> None:
    oven.bake(item("a", size=2), item("b"))
    oven.bake(item("c", size=2))
    leave(oven, "a", size=2)

    assert oven.bake(message) == []

    assert oven.table.row.leases.keys() == {"b", "c"}
    assert (oven.table.row.waiting, oven.leaving.count()) == (0, 0)


def test_one_write_frees_slots_and_loads_new_items(oven: Oven) -> None:
    oven.bake(item("a", size=3))
    leave(oven, "a", size=3)
    oven.faults.calls.clear()

    oven.bake(item("b", size=3), LEAVING_ITEMS)

    assert oven.faults.calls.count("settle") == 2  # The second clears the wake-up of the trigger.
    assert oven.table.row.leases.keys() == {"b"}


def test_an_oven_that_is_crowded_looks_at_leaving_items_by_itself(oven: Oven) -> None:
    oven.crowded_slots = oven.look_first_slots = 3
    oven.bake(item("a", size=3))
    leave(oven, "a", size=3)

    oven.bake(item("b"))

    assert oven.table.row.leases.keys() == {"b"}


def test_a_trigger_of_leaving_items_receives_nothing_from_the_line_while_nothing_waits(oven: Oven) -> None:
    oven.bake(item("a"))
    leave(oven, "a")
    oven.faults.calls.clear()

    oven.bake(LEAVING_ITEMS)

    assert oven.faults.calls.count("receive") == 1, "that of Leaving Items"
    assert oven.table.row.occupied == 0


def crowd(oven: Oven, count: int) -> list[str]:
    """Send so many items to an oven that receives more of them after each full batch. Returns their ids."""
    oven.capacity, oven.receive_more_slots = count, 1
    ids = [f"i{number}" for number in range(count)]
    oven.send(*map(item, ids))
    return ids


def test_after_a_full_batch_a_large_oven_receives_more_for_the_same_write(oven: Oven) -> None:
    ids = crowd(oven, 35)

    oven.deliver()

    assert oven.faults.calls.count("settle") == 1
    assert [*oven.table.row.leases] == ids[:30]
    assert oven.new.count() == 5


def test_after_a_batch_that_is_not_full_nothing_more_is_received(oven: Oven) -> None:
    crowd(oven, 35)

    oven.bake(*(item(f"b{number}") for number in range(9)))

    assert oven.new.count() == 35


def test_messages_that_were_received_beside_a_batch_come_again_if_they_fail(oven: Oven) -> None:
    ids = crowd(oven, 30)
    oven.faults.refused = {"settle"}
    oven.deliver()
    assert oven.new.count() == 30
    oven.faults.refused = set()

    oven.pass_time(60)
    oven.deliver()

    assert sorted(oven.running()) == sorted(ids)
    assert oven.new.count() == 0


def test_a_batch_is_handled_although_no_more_can_be_received(oven: Oven) -> None:
    ids = crowd(oven, 30)
    oven.faults.refused = {"receive"}

    oven.deliver()

    assert oven.running() == ids[:10]


def test_the_size_of_an_item_that_left_is_that_of_its_lease(oven: Oven) -> None:
    oven.bake(item("a", size=3))
    leave(oven, "a", size=1)

    oven.bake(LEAVING_ITEMS)

    assert oven.table.row.occupied == 0


def test_an_item_that_left_twice_frees_nothing_the_second_time(oven: Oven) -> None:
    oven.bake(item("a"), item("b"))
    for _ in range(2):
        leave(oven, "a")
        oven.bake(LEAVING_ITEMS)

    assert oven.table.row.leases.keys() == {"b"}
    assert oven.leaving.count() == 0


def test_items_that_left_stay_in_their_queue_until_their_slots_are_free(oven: Oven) -> None:
    oven.bake(item("a", size=3))
    leave(oven, "a", size=3)
    oven.faults.refused = {"settle"}

    assert oven.bake(LEAVING_ITEMS) == [LEAVING_ITEMS]

    assert oven.leaving.count() == 1


# Time


def test_with_little_time_left_a_trigger_is_left_behind(oven: Oven) -> None:
    oven.bake(item("a", size=3, secs=0))
    oven.table.row = Row(waiting=1, joined_at=oven.loop.seconds())

    oven.bake(trigger(), time_left=3)

    assert trigger() in [letter.body for letter in oven.new.messages()]


# Failures


def fail(oven: Oven, item_id: str) -> None:
    oven.executions.end(oven.executions.bakings[item_id], "FAILED", "the oven door was open")


def test_a_named_trigger_makes_a_failed_item_a_dead_letter_and_frees_its_slots(oven: Oven) -> None:
    oven.bake(item("a", size=3), item("b"))
    fail(oven, "a")

    assert oven.bake(trigger("a")) == []

    assert oven.letters() == [(item("a", size=3), "its baking ended as FAILED: the oven door was open")]
    assert oven.running() == ["b"]
    assert oven.table.row.waiting == 0


@pytest.mark.parametrize("named", ["a", "stranger"])
def test_a_forged_trigger_is_harmless(oven: Oven, named: str) -> None:
    oven.bake(item("a"))
    before = oven.table.row

    oven.bake(trigger(named))

    assert oven.table.row == before
    assert oven.letters() == []


def test_a_named_trigger_comes_once_more_if_step_functions_does_not_know_of_the_failure_yet(
    oven: Oven,
) -> None:
    oven.bake(item("a"))

    assert oven.bake(trigger("a")) == [trigger("a")]

    assert oven.bake_items([NewMessage("m", trigger("a"), receive_count=2)]) == []


def test_a_failed_item_is_found_without_a_named_trigger_when_it_is_overdue(oven: Oven) -> None:
    oven.bake(item("a", secs=10))
    fail(oven, "a")
    oven.pass_time(10 + OVERDUE_AFTER_SECS)
    oven.bake(PILOT_LIGHT)
    assert list(oven.table.row.leases) == ["a"]

    oven.pass_time(1)
    oven.bake(PILOT_LIGHT)

    assert oven.table.row.leases == {}
    assert len(oven.letters()) == 1


def test_an_overdue_item_that_never_started_loses_its_slots(oven: Oven) -> None:
    oven.table.row = Row(occupied=3, leases={"ghost": Lease(3, oven.loop.seconds())})
    oven.bake(item("a"))
    oven.pass_time(OVERDUE_AFTER_SECS + 1)

    oven.bake(PILOT_LIGHT)

    assert oven.running() == ["a"]
    assert oven.letters() == []


def test_an_overdue_item_that_still_bakes_keeps_its_slots(oven: Oven) -> None:
    oven.bake(item("a", secs=1000))
    oven.table.row = Row(occupied=1, leases={"a": Lease(1, oven.loop.seconds())})
    oven.pass_time(OVERDUE_AFTER_SECS + 1)

    oven.bake(PILOT_LIGHT)

    assert list(oven.table.row.leases) == ["a"]


def test_a_failed_item_that_comes_again_is_a_dead_letter_again_and_frees_its_slots(oven: Oven) -> None:
    oven.bake(item("a"))
    fail(oven, "a")

    assert oven.bake(item("a")) == []

    assert oven.table.row == Row()
    assert len(oven.letters()) == 1


# The count of the line


def test_a_count_that_a_crash_left_too_high_is_corrected(oven: Oven) -> None:
    oven.table.row = Row(waiting=2, joined_at=oven.loop.seconds())
    oven.pass_time(QUIET_SECS + 1)

    oven.bake(PILOT_LIGHT)

    assert oven.table.row.waiting == 0


def test_the_count_is_not_reset_while_an_item_may_be_on_its_way_into_the_line(oven: Oven) -> None:
    oven.table.row = Row(waiting=2, joined_at=oven.loop.seconds())
    oven.pass_time(QUIET_SECS - 5)

    oven.bake(PILOT_LIGHT)

    assert oven.table.row.waiting == 2


def end_of_epoch(moment: float) -> float:
    return (moment // EPOCH_SECS + 1) * EPOCH_SECS


def bake_on(oven: Oven, secs: int, every: int = 5) -> None:
    """Let items arrive without a pause, with the pilot light."""
    for sec in range(every, secs + 1, every):
        oven.send(item(f"at-{oven.loop.now}", secs=1))
        if sec % 60 == 0:
            oven.send(PILOT_LIGHT)
        while oven.deliver():
            pass
        oven.pass_time(every - 1)


def test_a_count_that_a_crash_left_too_high_is_corrected_while_items_join_all_the_time(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.table.row = Row(waiting=2, joined_at=now, waiting_by_epoch={epoch_of(now): 2})
    bake_on(oven, secs=120)
    assert oven.table.row.waiting == 2

    bake_on(oven, secs=EPOCH_SECS + QUIET_SECS)

    assert oven.table.row.waiting == 0
    assert oven.records.facts_of("recounted") == {"waiting": 2}
    assert oven.in_line() == []


def test_items_that_wait_for_several_epochs_stay_counted(oven: Oven) -> None:
    oven.send(*(item(f"slow-{n}", size=3, secs=30) for n in range(12)))
    for _ in range(300):
        while oven.deliver():
            pass
        assert oven.table.row.waiting == len(oven.in_line())
        oven.send(item(f"at-{oven.loop.now}", size=3, secs=6))
        oven.pass_time(7)
    assert oven.in_line()
    oven.settle()

    assert len(oven.out()) == 312
    assert oven.table.row.waiting == 0
    assert len(oven.table.row.waiting_by_epoch) < 3
    assert ("recounted", None) not in oven.records.taken


def test_an_epoch_is_open_while_an_item_may_be_on_its_way_into_the_line(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.table.row = Row(waiting=2, joined_at=now, waiting_by_epoch={epoch_of(now): 2})
    oven.pass_time(end_of_epoch(now) + QUIET_SECS - now)
    oven.bake(item("a"), PILOT_LIGHT)
    assert oven.table.row.waiting == 2

    oven.pass_time(1)
    oven.bake(item("b"), PILOT_LIGHT)
    assert (oven.table.row.waiting, [*oven.table.row.waiting_by_epoch]) == (0, [epoch_of(now + EPOCH_SECS)])


def test_of_two_epochs_with_one_number_the_later_must_be_closed(oven: Oven) -> None:
    first = oven.loop.seconds()
    # Well after the first epoch of that number, and well before the second.
    oven.pass_time(2 * EPOCH_SECS)
    old, new = epoch_of(first + 2 * EPOCH_SECS), epoch_of(first)
    oven.fifo.send(item("old"), "old", old)
    oven.pass_time((EPOCHS - 2) * EPOCH_SECS)
    oven.fifo.send(item("new", size=3), "new", new)
    oven.table.row = Row(waiting=2, joined_at=oven.loop.seconds(), waiting_by_epoch={old: 1, new: 1})

    oven.bake(trigger())

    assert oven.running() == ["old"]
    assert (oven.table.row.waiting, oven.table.row.waiting_by_epoch[new]) == (1, 1)


def test_the_number_of_an_epoch_that_begins_soon_is_open(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.pass_time(end_of_epoch(now) - QUIET_SECS - now)
    next_epoch = epoch_of(now + EPOCH_SECS)
    oven.table.row = Row(waiting=1, joined_at=oven.loop.seconds(), waiting_by_epoch={next_epoch: 1})

    oven.bake(item("a"))

    assert oven.table.row.waiting_by_epoch[next_epoch] == 1


def test_items_that_release_1_0_0_took_out_of_the_line_are_not_subtracted_again(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.table.row = Row(joined_at=now, waiting_by_epoch={epoch_of(now): 5})
    oven.pass_time(end_of_epoch(now) + QUIET_SECS + 1 - now)
    oven.bake(item("a", size=3))
    oven.bake(item("b", size=3))
    oven.bake(item("c", size=3))

    oven.pass_time(60)
    oven.deliver()

    assert (oven.table.row.waiting, oven.in_line()) == (1, ["c"])
    assert ("recounted", None) not in oven.records.taken


def test_a_message_without_an_epoch_closes_none(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.pass_time(end_of_epoch(now) + QUIET_SECS + 1 - now)
    oven.fifo.send(item("a", size=3), "a")
    oven.fifo.send(item("b", size=3), "b")
    oven.table.row = Row(waiting=2, joined_at=now, waiting_by_epoch={epoch_of(now): 5})

    oven.bake(trigger())

    assert oven.running() == ["a"]
    assert oven.table.row.waiting == 1


def test_orphans_that_could_not_be_subtracted_are_subtracted_later(oven: Oven) -> None:
    now = oven.loop.seconds()
    oven.table.row = Row(waiting=2, joined_at=now, waiting_by_epoch={epoch_of(now): 2})
    oven.pass_time(end_of_epoch(now) + QUIET_SECS + 1 - now)
    oven.faults.refused = {"subtract_orphans"}

    assert oven.bake(item("a"), PILOT_LIGHT) == [PILOT_LIGHT]
    assert (oven.running(), oven.table.row.waiting) == (["a"], 2)

    oven.faults.refused = set()
    oven.bake(item("b"), PILOT_LIGHT)
    assert oven.table.row.waiting == 0


def test_an_item_that_joined_without_an_epoch_is_subtracted_when_it_leaves(oven: Oven) -> None:
    oven.table.row = Row(waiting=1, joined_at=oven.loop.seconds())
    oven.fifo.send(item("a"), "a")

    oven.bake(trigger())

    assert oven.running() == ["a"]
    assert (oven.table.row.waiting, oven.table.row.waiting_by_epoch) == (0, {})


def test_one_retry_is_scheduled_for_a_locked_line_however_many_functions_find_it(oven: Oven) -> None:
    oven.table.row = Row(waiting=1, joined_at=oven.loop.seconds())

    for n in range(5):
        oven.bake(trigger(), item(f"late-{n}"))
        oven.pass_time(0.15)

    assert [letter.body for letter in oven.new.messages()] == [trigger()]


def test_a_retry_is_scheduled_though_the_answer_to_that_was_lost(oven: Oven) -> None:
    class Forgetful(MemoryBakingTable):
        def schedule_retry(self, now: float, at: float) -> Refused | None:
            super().schedule_retry(now, at)
            return super().schedule_retry(now, at)

    oven.table = Forgetful(Row(waiting=1, joined_at=oven.loop.seconds()))

    oven.bake(trigger())

    assert [letter.body for letter in oven.new.messages()] == [trigger()]


# What others do meanwhile


class Meanwhile(Executions):
    """Runs something during the first start or the first description."""

    what: Callable[[], object] | None = None

    def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
        self._happen()
        return super().start(items)

    def describe(self, item_id: str, lag: int = 0) -> Execution | None:
        self._happen()
        return super().describe(item_id, lag)

    def _happen(self) -> None:
        what, self.what = self.what, None
        if what is not None:
            what()


def test_an_item_whose_start_takes_long_is_no_copy(oven: Oven) -> None:
    class Slow(Executions):
        def start(self, items: Sequence[Item]) -> list[Execution | ServiceError]:
            answers = super().start(items)
            oven.pass_time(3)
            return answers

    oven.executions = Slow(oven.loop, oven.executions.remove)

    oven.bake(item("a"))

    assert oven.records.taken[-1] == ("loaded", "a")


def test_slots_that_a_late_copy_gives_back_go_to_an_item_that_joined_meanwhile(oven: Oven) -> None:
    oven.executions = executions = Meanwhile(oven.loop, oven.executions.remove)
    oven.bake(item("a", size=3, secs=1))
    oven.pass_time(1)
    executions.what = lambda: oven.bake(item("b"))

    oven.bake(item("a", size=3, secs=1))

    assert oven.running() == ["b"]


def test_slots_that_an_eviction_frees_go_to_an_item_that_joined_meanwhile(oven: Oven) -> None:
    oven.executions = executions = Meanwhile(oven.loop, oven.executions.remove)
    oven.table.row = Row(occupied=3, leases={"ghost": Lease(3, oven.loop.seconds())})
    oven.pass_time(OVERDUE_AFTER_SECS + 1)
    executions.what = lambda: oven.bake(item("b"))

    oven.bake(PILOT_LIGHT)

    assert oven.running() == ["b"]


def test_slots_that_a_copy_in_the_line_gives_back_go_to_the_next(oven: Oven) -> None:
    oven.bake(item("x", size=3, secs=1))
    oven.bake(item("a", size=3, secs=1))
    oven.bake(item("a", size=3, secs=1))
    oven.bake(item("b"))
    oven.pass_time(1)
    oven.deliver()
    assert oven.running() == ["a"]
    oven.pass_time(1)

    oven.deliver()

    assert oven.running() == ["b"]


def test_a_locked_line_is_retried_though_its_count_is_out_of_date(oven: Oven) -> None:
    class Old(MemoryWaitingItems):
        def count(self) -> int:
            return 0

    oven.bake(item("a", size=3, secs=1), item("b"))
    oven.fifo.receive(1)
    oven.pass_time(1)
    oven.waiting_items = Old
    oven.new.receive(10)

    oven.bake(trigger())
    oven.settle(20)

    assert oven.running() == ["b"]


# Crashes


CRASHES = [(when, number) for number in range(16) for when in ("crash_before", "crash_after")]


@pytest.mark.parametrize(("when", "number"), CRASHES)
def test_a_crash_at_any_request_of_a_batch_loses_nothing(oven: Oven, when: str, number: int) -> None:
    oven.bake(item("first", size=2, secs=100), item("second", size=2, secs=1))
    oven.send(trigger(), item("a"), item("b", size=3, secs=1), "{", item("first", size=2, secs=100))
    oven.faults.calls.clear()
    setattr(oven.faults, when, number)

    oven.settle()

    assert sorted(set(oven.out())) == ["a", "b", "first", "second"]
    assert len(oven.out()) == 4
    assert (oven.table.row.occupied, oven.table.row.leases) == (0, {})
    assert {body for body, _ in oven.letters()} == {"{"}
    assert oven.fifo.count() == 0


@pytest.mark.parametrize(("when", "number"), CRASHES)
def test_a_crash_at_any_request_of_a_drain_loses_nothing(oven: Oven, when: str, number: int) -> None:
    oven.bake(item("first", size=3, secs=1))
    oven.bake(item("a", size=2), item("b"), item("b"), item("c", size=2), item("a", size=2))
    oven.bake(item("c", size=2))
    oven.pass_time(1)
    oven.faults.calls.clear()
    setattr(oven.faults, when, number)

    oven.settle()

    assert oven.out() == ["a", "b", "c", "first"]
    assert (oven.table.row.occupied, oven.table.row.leases) == (0, {})
    assert oven.fifo.count() == 0


# What is told


def test_a_loaded_item_is_recorded_with_its_wait_in_new_items_or_in_line(oven: Oven) -> None:
    oven.send(item("direct", size=3, secs=60))
    oven.pass_time(2)
    oven.deliver()
    oven.send(item("waited"))
    oven.settle(100)

    assert oven.records.facts_of("loaded", "direct")["waited_secs"] == 2
    assert 60 <= oven.records.facts_of("loaded", "waited")["waited_secs"] <= 65


def test_the_age_of_the_head_of_the_line_is_told_while_it_does_not_fit(oven: Oven) -> None:
    oven.bake(item("a", size=2, secs=3600), item("large", size=3))
    oven.pass_time(90)

    oven.bake(PILOT_LIGHT)

    assert {"oldest_waiting_secs": 90} in oven.records.facts


def test_a_load_and_a_look_tell_how_full_the_oven_is(oven: Oven) -> None:
    oven.bake(item("a", size=2))
    assert oven.records.facts_of("looked") == {"occupied": 2}

    oven.bake(item("b", size=2))
    assert oven.records.facts_of("looked") == {"occupied": 2, "waiting": 1}


def test_a_look_tells_how_many_items_are_overdue(oven: Oven) -> None:
    oven.bake(item("a"), item("b", secs=3600))
    late = oven.loop.seconds() - OVERDUE_AFTER_SECS - 1
    oven.table.row = replace(oven.table.row, leases={**oven.table.row.leases, "a": Lease(1, late)})

    oven.bake(PILOT_LIGHT)

    assert oven.records.facts_of("looked") == {"occupied": 2, "waiting": 0, "overdue": 1}
