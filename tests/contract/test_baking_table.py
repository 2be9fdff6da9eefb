"""The row: each write does all of what it says, or nothing."""

from collections.abc import Callable, Mapping

import pytest

from pizza_oven.ports import BakingTable
from pizza_oven.row import EPOCH_SECS, EPOCHS, Counts, Lease, Refused, Row, Unloaded
from pizza_oven.settlement import NONE_SERVED, Served, Settlement
from tests.contract.services import Services

A = {"a": Lease(3, 1000.5)}
B = {"b": Lease(2, 2000.25)}


@pytest.fixture
def table(services: Services) -> BakingTable:
    return services.table


def load(
    table: BakingTable,
    leases: Mapping[str, Lease],
    capacity: int = 9,
    joining: int = 0,
    now: float = 100.0,
) -> Counts | Refused:
    """As for new items."""
    settlement = Settlement(loads=leases, joining=joining, overtakes=bool(leases))
    return table.settle(settlement, capacity, now)


def join(table: BakingTable, count: int = 1, now: float = 100.0) -> Counts | Refused:
    return load(table, {}, joining=count, now=now)


def serve(
    table: BakingTable,
    leases: Mapping[str, Lease],
    served: Served = NONE_SERVED,
    capacity: int = 9,
    next_size: int | None = None,
) -> Counts | Refused:
    """As for items of the line."""
    settlement = Settlement(loads=leases, served=served, clear_wake_up_unless_fits=next_size)
    return table.settle(settlement, capacity, now=500.0)


def is_refused(outcome: object) -> bool:
    return isinstance(outcome, Refused)


def test_a_row_that_does_not_exist_is_empty(table: BakingTable) -> None:
    assert table.read() == Row()


def test_a_load_takes_leases_and_makes_the_row(table: BakingTable) -> None:
    assert load(table, {**A, **B}, capacity=5) == Counts(occupied=5, waiting=0)

    assert table.read() == Row(occupied=5, leases={**A, **B})


def test_a_settlement_returns_the_counts_after_it(table: BakingTable) -> None:
    load(table, A)

    assert load(table, B, joining=1) == Counts(occupied=5, waiting=1)
    assert serve(table, {"c": Lease(1, 9.0)}, Served([1], 1)) == Counts(occupied=6, waiting=0)
    assert serve(table, {}, next_size=1) == Counts(occupied=6, waiting=0)


def test_others_join_in_the_same_write_as_a_load(table: BakingTable) -> None:
    load(table, A, capacity=5, joining=2, now=100.123)

    assert table.read() == Row(occupied=3, waiting=2, joined_at=100.123, leases=A, waiting_by_epoch={0: 2})


def test_a_load_that_does_not_fit_changes_nothing_and_shows_the_row(table: BakingTable) -> None:
    load(table, A, capacity=5)

    refused = load(table, {"b": Lease(3, 2000.0)}, capacity=5, joining=1)

    assert refused == Refused(table.read()) == Refused(Row(occupied=3, leases=A))


def test_nothing_that_is_larger_than_the_capacity_is_loaded_into_an_empty_oven(table: BakingTable) -> None:
    assert is_refused(load(table, A, capacity=2))
    assert is_refused(serve(table, A, capacity=2))
    assert table.read() == Row()


def test_new_items_do_not_overtake_those_that_wait(table: BakingTable) -> None:
    join(table)

    assert is_refused(load(table, A))
    assert table.read() == Row(waiting=1, joined_at=100.0, waiting_by_epoch={0: 1})


def test_new_items_are_loaded_behind_all_that_wait(table: BakingTable) -> None:
    join(table, 2)
    loads = Settlement(loads={**A, **B}, served=Served([7], 1), overtakes=True)
    assert is_refused(table.settle(loads, 9, 200.0))

    loads = Settlement(loads={**A, **B}, served=Served([7, 8], 2), overtakes=True)
    assert table.settle(loads, 9, 200.0) == Counts(occupied=5, waiting=0)


def test_joining_alone_always_succeeds(table: BakingTable) -> None:
    load(table, A, capacity=3, joining=1)

    assert load(table, {}, capacity=3, joining=2, now=200.0) == Counts(occupied=3, waiting=3)
    assert table.read() == Row(occupied=3, waiting=3, joined_at=200.0, leases=A, waiting_by_epoch={0: 3})


@pytest.mark.parametrize("way", [load, serve])
def test_what_is_leased_is_not_leased_again(table: BakingTable, way: Callable[..., Counts | Refused]) -> None:
    load(table, A)

    refused = way(table, {**A, **B})

    assert refused == Refused(table.read()) == Refused(Row(occupied=3, leases=A))


def test_what_leaves_the_line_is_subtracted(table: BakingTable) -> None:
    join(table, 3)

    serve(table, {**A, **B}, Served([1, 2], 2), capacity=5)

    assert table.read() == Row(5, 1, joined_at=100.0, leases={**A, **B}, last_left=2, waiting_by_epoch={0: 3})


def test_no_more_leave_the_line_than_wait(table: BakingTable) -> None:
    join(table)

    assert is_refused(serve(table, A, Served([1, 2], 2)))
    assert is_refused(serve(table, {}, Served([1, 2], 2)))
    assert table.read() == Row(waiting=1, joined_at=100.0, waiting_by_epoch={0: 1})


def test_a_load_from_the_line_must_fit(table: BakingTable) -> None:
    load(table, A, joining=1)

    assert is_refused(serve(table, B, Served([1], 1), capacity=4))
    assert table.read() == Row(3, 1, joined_at=100.0, leases=A, waiting_by_epoch={0: 1})


def test_some_leave_and_others_join_the_line_in_one_write(table: BakingTable) -> None:
    join(table, 3)
    both = Settlement(joining=2, served=Served([4], 1, by_epoch={0: 1}))

    assert table.settle(both, 9, 200.0) == Counts(occupied=0, waiting=4)
    assert table.read() == Row(0, 4, joined_at=200.0, last_left=4, waiting_by_epoch={0: 4})


def test_the_row_tells_when_the_last_that_left_had_been_enqueued(table: BakingTable) -> None:
    join(table, 3)

    serve(table, {}, Served([1, 2], 2, sent_at=123.456))
    serve(table, {}, Served([3], 1))

    assert table.read().last_left_sent_at == 123.456


def test_unloading_frees_what_the_lease_says(table: BakingTable) -> None:
    load(table, {**A, **B}, capacity=5, joining=1)

    assert table.unload("a", 5.5) == Unloaded(occupied=2, waiting=1, wake_up_requested_at=5.5)
    assert table.read() == Row(
        2, 1, joined_at=100.0, leases=B, wake_up_requested_at=5.5, waiting_by_epoch={0: 1}
    )


def test_what_is_not_leased_is_neither_freed_nor_renewed(table: BakingTable) -> None:
    load(table, B)

    outcomes = [
        table.unload("a", 5.5),
        table.roll_back("a"),
        table.renew("a", 5.0),
        table.evict("a", 1000.5),
    ]

    assert outcomes == [Refused(Row(occupied=2, leases=B))] * 4
    assert table.read() == Row(occupied=2, leases=B)


def test_nothing_is_unloaded_from_a_row_that_does_not_exist(table: BakingTable) -> None:
    assert table.unload("a", 5.5) == Refused(Row())


def test_a_load_that_is_rolled_back_frees_its_slots_and_requests_no_wake_up(table: BakingTable) -> None:
    load(table, {**A, **B})

    assert table.roll_back("a") is None

    assert table.read() == Row(2, leases=B)


def test_a_renewed_lease_keeps_its_size(table: BakingTable) -> None:
    load(table, A)

    assert table.renew("a", 3000.75) is None
    assert table.read().leases == {"a": Lease(3, 3000.75)}


def test_a_lease_is_evicted_only_as_it_was_seen(table: BakingTable) -> None:
    load(table, A)

    assert is_refused(table.evict("a", 1000.501))
    assert table.evict("a", 1000.5) is None
    assert table.read() == Row()


def test_a_reset_empties_the_line_that_was_seen(table: BakingTable) -> None:
    load(table, A, joining=2, now=100.125)

    assert table.reset_waiting(table.read()) is None
    assert table.read() == Row(3, 0, joined_at=100.125, leases=A)


def test_a_reset_is_refused_when_an_item_joined_or_left_since(table: BakingTable) -> None:
    join(table, 2)
    seen = table.read()
    serve(table, {}, Served([1], 1))
    assert is_refused(table.reset_waiting(seen))

    seen = table.read()
    join(table, now=200.0)
    serve(table, {}, Served([2], 1))
    assert is_refused(table.reset_waiting(seen))
    assert table.read().waiting == 1


def test_items_that_join_are_counted_in_their_epoch(table: BakingTable) -> None:
    join(table, 2)
    join(table, 1, now=EPOCH_SECS - 0.001)
    join(table, 3, now=EPOCH_SECS)

    assert table.read() == Row(waiting=6, joined_at=EPOCH_SECS, waiting_by_epoch={0: 3, 1: 3})


def test_items_that_leave_are_subtracted_from_their_epoch(table: BakingTable) -> None:
    join(table, 2)
    join(table, 3, now=EPOCH_SECS)

    serve(table, A, Served([1, 2, 3], 3, by_epoch={0: 2, 1: 1}))
    serve(table, {}, Served([4], 1, by_epoch={0: 1}))

    assert table.read() == Row(
        3, 1, joined_at=EPOCH_SECS, leases=A, last_left=4, waiting_by_epoch={0: -1, 1: 2}
    )


def test_of_closed_epochs_the_items_that_are_still_counted_are_subtracted(table: BakingTable) -> None:
    load(table, A, joining=2)
    join(table, 4, now=EPOCH_SECS)
    join(table, 1, now=2 * EPOCH_SECS)
    serve(table, {}, Served([1, 2, 3, 4, 5], 5, by_epoch={0: 2, 1: 3}))

    assert table.subtract_orphans(table.read(), [0, 1]) is None
    assert table.read() == Row(3, 1, joined_at=2 * EPOCH_SECS, leases=A, last_left=5, waiting_by_epoch={2: 1})


def test_items_that_release_1_0_0_took_out_of_the_line_are_not_subtracted_again(table: BakingTable) -> None:
    join(table, 3)
    serve(table, {}, Served([1, 2], 2))
    join(table, 2, now=EPOCH_SECS)

    assert table.subtract_orphans(table.read(), [0]) is None
    assert table.read() == Row(waiting=2, joined_at=EPOCH_SECS, last_left=2, waiting_by_epoch={1: 2})


def test_after_an_hour_the_numbers_of_epochs_repeat(table: BakingTable) -> None:
    join(table, 1)
    join(table, 2, now=100.0 + EPOCHS * EPOCH_SECS)

    assert table.read().waiting_by_epoch == {0: 3}


def test_an_epoch_is_closed_only_as_it_was_seen(table: BakingTable) -> None:
    join(table, 2)
    seen = table.read()
    join(table, 1, now=200.0)

    refused = table.subtract_orphans(seen, [0])

    assert refused == Refused(Row(waiting=3, joined_at=200.0, waiting_by_epoch={0: 3}))
    assert table.subtract_orphans(table.read(), [0]) is None
    assert is_refused(table.subtract_orphans(seen, [0]))
    assert table.read() == Row(joined_at=200.0)


def test_a_row_that_was_read_does_not_change(table: BakingTable) -> None:
    load(table, A, joining=1)
    seen = table.read()

    table.renew("a", 9.0)
    serve(table, B, Served([1], 1))

    assert seen == Row(3, 1, joined_at=100.0, leases=A, waiting_by_epoch={0: 1})


def test_the_first_unloading_requests_a_wake_up_and_the_next_ones_keep_it(table: BakingTable) -> None:
    load(table, {**A, **B}, joining=1)

    assert table.unload("a", 200.25) == Unloaded(2, 1, wake_up_requested_at=200.25)
    assert table.unload("b", 300.0) == Unloaded(0, 1, wake_up_requested_at=200.25)
    assert table.read().wake_up_requested_at == 200.25


def test_one_of_those_that_saw_a_lost_wake_up_replaces_it(table: BakingTable) -> None:
    load(table, A)
    table.unload("a", 200.25)

    assert table.replace_wake_up(200.25, 300.5) is None
    assert is_refused(table.replace_wake_up(200.25, 300.75))
    assert table.read().wake_up_requested_at == 300.5


def test_joining_clears_a_pending_wake_up(table: BakingTable) -> None:
    load(table, {**A, **B})
    table.unload("a", 200.0)

    join(table, now=299.0)

    assert table.read() == Row(2, 1, joined_at=299.0, leases=B, waiting_by_epoch={0: 1})


@pytest.mark.parametrize(("next_size", "is_idle"), [(3, False), (4, True)])
def test_a_wake_up_stays_pending_while_the_head_of_the_line_fits(
    table: BakingTable, next_size: int, is_idle: bool
) -> None:
    load(table, {**A, **B}, joining=1)
    table.unload("a", 200.0)

    outcome = serve(table, {}, capacity=5, next_size=next_size)

    seen = Row(
        2,
        1,
        joined_at=100.0,
        leases=B,
        wake_up_requested_at=0 if is_idle else 200.0,
        waiting_by_epoch={0: 1},
    )
    assert outcome == (Counts(2, 1) if is_idle else Refused(seen))
    assert table.read() == seen


def test_a_wake_up_is_cleared_when_nobody_waits(table: BakingTable) -> None:
    load(table, A)
    table.unload("a", 200.0)

    assert serve(table, {}, capacity=5, next_size=1) == Counts(0, 0)
    assert table.read() == Row()


@pytest.mark.parametrize(("counted", "next_size", "is_last"), [(1, 1, False), (1, 3, True), (2, 1, True)])
def test_a_load_clears_the_wake_up_only_if_no_further_item_fits(
    table: BakingTable, counted: int, next_size: int, is_last: bool
) -> None:
    load(table, A, capacity=7, joining=2)
    table.schedule_retry(200.0, 200.0)

    outcome = serve(table, B, Served([8, 9], counted), capacity=7, next_size=next_size)

    before = Row(3, 2, 100.0, A, wake_up_requested_at=200.0, retry_at=200.0, waiting_by_epoch={0: 2})
    after = Row(5, 2 - counted, 100.0, {**A, **B}, retry_at=200.0, last_left=9, waiting_by_epoch={0: 2})
    assert outcome == (Counts(5, 2 - counted, retry_at=200.0) if is_last else Refused(before))
    assert table.read() == (after if is_last else before)


def test_a_load_that_is_not_the_last_keeps_the_wake_up_pending(table: BakingTable) -> None:
    load(table, A, joining=2)
    table.schedule_retry(200.0, 200.0)

    serve(table, B, Served([1], 1))

    assert table.read().wake_up_requested_at == 200.0


def test_one_retry_is_scheduled_at_a_time(table: BakingTable) -> None:
    assert table.schedule_retry(200.25, 203.25) is None
    assert is_refused(table.schedule_retry(203.0, 206.0))
    assert table.read() == Row(wake_up_requested_at=200.25, retry_at=203.25)

    assert table.schedule_retry(203.25, 206.25) is None
    assert table.read() == Row(wake_up_requested_at=203.25, retry_at=206.25)


@pytest.mark.parametrize("way", ["unload", "roll_back", "evict"])
def test_whatever_frees_slots_leaves_all_else_as_it_is(table: BakingTable, way: str) -> None:
    load(table, {**A, **B}, joining=2)
    serve(table, {}, Served([7], 1, by_epoch={0: 1}, sent_at=101.5))
    table.schedule_retry(200.0, 203.0)

    match way:
        case "unload":
            table.unload("b", 201.0)
        case "roll_back":
            table.roll_back("b")
        case _:
            table.evict("b", B["b"].until)

    assert table.read() == Row(3, 1, 100.0, A, 200.0, 7, 101.5, {0: 1}, retry_at=203.0)


def test_one_write_frees_slots_and_gives_them_to_others(table: BakingTable) -> None:
    load(table, {**A, **B}, capacity=5, joining=2)
    exchange = Settlement(
        loads={"c": Lease(4, 3000.5)},
        frees={"a": 3, "b": 2},
        served=Served([7], 1),
        clear_wake_up_unless_fits=2,
    )

    assert table.settle(exchange, 5, 200.0) == Counts(occupied=4, waiting=1)

    leases = {"c": Lease(4, 3000.5)}
    assert table.read() == Row(4, 1, 100.0, leases, last_left=7, waiting_by_epoch={0: 2})


def test_slots_are_freed_although_the_oven_is_fuller_than_its_capacity(table: BakingTable) -> None:
    load(table, {**A, **B}, capacity=5)

    assert table.settle(Settlement(frees={"b": 2}), 1, 200.0) == Counts(occupied=3, waiting=0)


@pytest.mark.parametrize("frees", [{"a": 3, "c": 1}, {"a": 2}, {"a": 1}, {"one": 2}])
def test_nothing_is_freed_unless_all_is_leased_with_that_size(
    table: BakingTable, frees: dict[str, int]
) -> None:
    leases = {**A, "one": Lease(1, 1000.0)}
    load(table, leases)

    refused = table.settle(Settlement(loads=B, frees=frees), 9, 200.0)

    assert refused == Refused(Row(4, leases=leases))
    assert table.read() == Row(4, leases=leases)


def test_forty_leases_are_freed_and_forty_taken_by_one_write(table: BakingTable) -> None:
    load(table, {f"{n:080}": Lease(2, 1000.0) for n in range(40)}, capacity=80)
    loads = {f"{n:080}": Lease(2, 2000.0) for n in range(40, 80)}
    exchange = Settlement(loads=loads, frees={f"{n:080}": 2 for n in range(40)}, joining=1)

    assert table.settle(exchange, 80, 200.0) == Counts(occupied=80, waiting=1)
    assert table.read().leases == loads


def test_the_row_tells_when_an_item_first_joined(table: BakingTable) -> None:
    load(table, A)
    assert table.read().packs_since == 0

    join(table, 1)
    table.settle(Settlement(joining=1), 10, 900.0)
    table.unload("a", 901.0)

    assert table.read().packs_since == table.look([]).packs_since == 100


def test_a_look_shows_the_numbers_and_the_leases_that_were_asked_for(table: BakingTable) -> None:
    assert table.look(["a"]) == Row()
    load(table, {**A, **B}, joining=2)
    serve(table, {}, Served([7], 1, by_epoch={0: 1}, sent_at=101.5))
    table.schedule_retry(200.0, 203.0)

    assert table.look(["b", "c"]) == Row(5, 1, 100.0, B, 200.0, 7, 101.5, retry_at=203.0)
    assert table.look([]) == Row(5, 1, 100.0, {}, 200.0, 7, 101.5, retry_at=203.0)


def test_a_message_leaves_the_line_once(table: BakingTable) -> None:
    join(table, 3)
    last = 18_873_498_473_498_473_498
    serve(table, A, Served([last - 5, last], 2))

    again = serve(table, B, Served([last, last + 1], 1))

    assert again == Refused(table.read())
    assert table.read() == Row(3, 1, 100.0, A, last_left=last, waiting_by_epoch={0: 3})
    assert serve(table, B, Served([last + 1], 1)) == Counts(5, 0)
