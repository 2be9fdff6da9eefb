"""The row: each write does all of what it says, or nothing."""

import pytest

from pizza_oven.ports import ERA_SECS, ERAS, BakingTable, Lease, Leaving, Row
from tests.contract.services import Services

A = {"a": Lease(3, 1000.5)}
B = {"b": Lease(2, 2000.25)}


@pytest.fixture
def table(services: Services) -> BakingTable:
    return services.table


def test_a_row_that_does_not_exist_is_empty(table: BakingTable) -> None:
    assert table.look() == Row()


def test_a_direct_load_leases_and_makes_the_row(table: BakingTable) -> None:
    answer = table.load_directly({**A, **B}, capacity=5, joining=0, now=100.0)

    assert answer.ok
    assert table.look() == Row(occupied=5, leases={**A, **B})


def test_a_direct_load_tells_how_many_slots_are_taken_then(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=0, now=100.0)

    assert table.load_directly(B, capacity=5, joining=1, now=200.0).row.occupied == 5


def test_a_direct_load_has_others_join_in_the_same_write(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=2, now=100.123)

    assert table.look() == Row(occupied=3, waiting=2, joined_at=100.123, leases=A, joined={0: 2})


def test_a_direct_load_that_does_not_fit_changes_nothing_and_shows_the_row(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=0, now=100.0)

    answer = table.load_directly({"b": Lease(3, 2000.0)}, capacity=5, joining=1, now=200.0)

    assert not answer.ok
    assert answer.row == table.look() == Row(occupied=3, leases=A)


def test_nothing_that_is_larger_than_the_capacity_is_loaded_into_an_empty_oven(table: BakingTable) -> None:
    assert not table.load_directly(A, capacity=2, joining=0, now=100.0).ok
    assert not table.load_from_line(A, capacity=2, leaving=Leaving(), next_size=None).ok
    assert table.look() == Row()


def test_a_direct_load_does_not_pass_those_who_wait(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=1, now=100.0)

    assert not table.load_directly(A, capacity=5, joining=0, now=200.0).ok
    assert table.look() == Row(waiting=1, joined_at=100.0, joined={0: 1})


def test_joining_alone_always_succeeds(table: BakingTable) -> None:
    table.load_directly(A, capacity=3, joining=1, now=100.0)

    assert table.load_directly({}, capacity=3, joining=2, now=200.0).ok
    assert table.look() == Row(occupied=3, waiting=3, joined_at=200.0, leases=A, joined={0: 3})


@pytest.mark.parametrize("how", ["directly", "from the line"])
def test_what_is_leased_is_not_leased_again(table: BakingTable, how: str) -> None:
    table.load_directly(A, capacity=9, joining=0, now=100.0)

    if how == "directly":
        answer = table.load_directly({**A, **B}, capacity=9, joining=0, now=200.0)
    else:
        answer = table.load_from_line({**A, **B}, capacity=9, leaving=Leaving(), next_size=None)

    assert not answer.ok
    assert answer.row == table.look() == Row(occupied=3, leases=A)


def test_a_load_from_the_line_counts_those_who_leave_it(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=3, now=100.0)

    answer = table.load_from_line({**A, **B}, capacity=5, leaving=Leaving([1, 2], 2), next_size=None)

    assert answer.ok
    assert table.look() == Row(5, 1, 100.0, {**A, **B}, left=2, joined={0: 3})


def test_no_more_leave_the_line_than_wait(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=1, now=100.0)

    assert not table.load_from_line(A, capacity=5, leaving=Leaving([1, 2], 2), next_size=None).ok
    assert not table.load_from_line({}, capacity=5, leaving=Leaving([1, 2], 2), next_size=None).ok
    assert table.look() == Row(waiting=1, joined_at=100.0, joined={0: 1})


def test_a_load_from_the_line_must_fit(table: BakingTable) -> None:
    table.load_directly(A, capacity=4, joining=1, now=100.0)

    assert not table.load_from_line(B, capacity=4, leaving=Leaving([1], 1), next_size=None).ok
    assert table.look() == Row(3, 1, 100.0, A, joined={0: 1})


def test_unloading_frees_what_the_lease_says(table: BakingTable) -> None:
    table.load_directly({**A, **B}, capacity=5, joining=1, now=100.0)

    answer = table.unload("a", 5.5)

    assert answer.ok
    assert (answer.row.occupied, answer.row.waiting) == (2, 1)
    assert table.look() == Row(2, 1, 100.0, B, called_at=5.5, joined={0: 1})


def test_what_is_not_leased_is_neither_unloaded_nor_undone_nor_renewed_nor_evicted(
    table: BakingTable,
) -> None:
    table.load_directly(B, capacity=5, joining=0, now=100.0)

    answers = [table.unload("a", 5.5), table.undo("a"), table.renew("a", 5.0), table.evict("a", 1000.5)]

    assert [answer.ok for answer in answers] == [False] * 4
    assert [answer.row for answer in answers] == [Row(occupied=2, leases=B)] * 4
    assert table.look() == Row(occupied=2, leases=B)


def test_nothing_is_unloaded_from_a_row_that_does_not_exist(table: BakingTable) -> None:
    answer = table.unload("a", 5.5)

    assert not answer.ok
    assert answer.row == Row()


def test_an_undone_load_frees_its_slots_and_calls_nobody(table: BakingTable) -> None:
    table.load_directly({**A, **B}, capacity=5, joining=0, now=100.0)

    table.undo("a")

    assert table.look() == Row(2, leases=B)


def test_a_renewed_lease_keeps_its_size(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=0, now=100.0)

    assert table.renew("a", 3000.75).ok
    assert table.look().leases == {"a": Lease(3, 3000.75)}


def test_a_lease_is_evicted_only_as_it_was_seen(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=0, now=100.0)

    assert not table.evict("a", 1000.501).ok
    assert table.evict("a", 1000.5).ok
    assert table.look() == Row()


def test_a_recount_empties_the_line_that_was_seen(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=2, now=100.125)

    assert table.recount(table.look()).ok
    assert table.look() == Row(3, 0, 100.125, A)


def test_a_recount_fails_when_somebody_joined_or_left_since(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=2, now=100.0)
    seen = table.look()
    table.load_from_line({}, capacity=5, leaving=Leaving([1], 1), next_size=None)
    assert not table.recount(seen).ok

    seen = table.look()
    table.load_directly({}, capacity=5, joining=1, now=200.0)
    table.load_from_line({}, capacity=5, leaving=Leaving([2], 1), next_size=None)
    assert not table.recount(seen).ok
    assert table.look().waiting == 1


def test_who_joins_is_counted_in_its_era(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=2, now=100.0)
    table.load_directly({}, capacity=5, joining=1, now=ERA_SECS - 0.001)
    table.load_directly({}, capacity=5, joining=3, now=ERA_SECS)

    assert table.look() == Row(waiting=6, joined_at=ERA_SECS, joined={0: 3, 1: 3})


def test_who_leaves_the_line_is_counted_out_of_its_era(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=2, now=100.0)
    table.load_directly({}, capacity=5, joining=3, now=ERA_SECS)

    table.load_from_line(A, 5, Leaving([1, 2, 3], counted=3, joined={0: 2, 1: 1}), next_size=None)
    table.load_from_line({}, 5, Leaving([4], counted=1, joined={0: 1}), next_size=None)

    assert table.look() == Row(3, 1, ERA_SECS, A, left=4, joined={0: -1, 1: 2})


def test_of_an_era_that_is_over_nobody_counts(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=2, now=100.0)
    table.load_directly({}, capacity=5, joining=4, now=ERA_SECS)
    table.load_directly({}, capacity=5, joining=1, now=2 * ERA_SECS)
    table.load_from_line({}, 5, Leaving([1, 2, 3, 4, 5], counted=5, joined={0: 2, 1: 3}), next_size=None)

    answer = table.forget(table.look(), [0, 1])

    assert answer.ok
    assert answer.row == table.look() == Row(3, 1, 2 * ERA_SECS, A, left=5, joined={2: 1})


def test_whom_a_release_without_eras_let_out_is_not_counted_out_again(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=3, now=100.0)
    table.load_from_line({}, capacity=5, leaving=Leaving([1, 2], counted=2), next_size=None)
    table.load_directly({}, capacity=5, joining=2, now=ERA_SECS)

    answer = table.forget(table.look(), [0])

    assert answer.row == table.look() == Row(waiting=2, joined_at=ERA_SECS, left=2, joined={1: 2})


def test_after_an_hour_the_eras_begin_anew(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=1, now=100.0)
    table.load_directly({}, capacity=5, joining=2, now=100.0 + ERAS * ERA_SECS)

    assert table.look().joined == {0: 3}


def test_an_era_is_over_only_as_it_was_seen(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=2, now=100.0)
    seen = table.look()
    table.load_directly({}, capacity=5, joining=1, now=200.0)

    answer = table.forget(seen, [0])

    assert not answer.ok
    assert answer.row == table.look() == Row(waiting=3, joined_at=200.0, joined={0: 3})
    assert table.forget(table.look(), [0]).ok
    assert not table.forget(seen, [0]).ok
    assert table.look() == Row(joined_at=200.0)


def test_what_was_seen_does_not_change(table: BakingTable) -> None:
    table.load_directly(A, capacity=5, joining=1, now=100.0)
    seen = table.look()

    table.renew("a", 9.0)
    table.load_from_line(B, capacity=5, leaving=Leaving([1], 1), next_size=None)

    assert seen == Row(3, 1, 100.0, A, joined={0: 1})


def test_the_first_unloading_calls_and_the_next_ones_leave_it_at_that(table: BakingTable) -> None:
    table.load_directly({**A, **B}, capacity=5, joining=1, now=100.0)

    assert table.unload("a", 200.25).row.called_at == 200.25
    assert table.unload("b", 300.0).row.called_at == 200.25
    assert table.look().called_at == 200.25


def test_who_joins_looks_itself_so_an_old_call_is_dropped(table: BakingTable) -> None:
    table.load_directly({**A, **B}, capacity=5, joining=0, now=100.0)
    table.unload("a", 200.0)

    table.load_directly({}, capacity=5, joining=1, now=299.0)

    assert table.look() == Row(2, 1, 299.0, B, joined={0: 1})


@pytest.mark.parametrize(("head_size", "is_answered"), [(3, False), (4, True)])
def test_a_call_stands_while_the_head_of_the_line_fits(
    table: BakingTable, head_size: int, is_answered: bool
) -> None:
    table.load_directly({**A, **B}, capacity=5, joining=1, now=100.0)
    table.unload("a", 200.0)

    answer = table.answer_call(5, head_size)

    assert answer.ok == is_answered
    assert (
        answer.row
        == table.look()
        == Row(2, 1, 100.0, B, called_at=0 if is_answered else 200.0, joined={0: 1})
    )


def test_a_call_is_answered_when_nobody_waits(table: BakingTable) -> None:
    assert table.answer_call(5, 1).ok
    assert table.look() == Row()


@pytest.mark.parametrize(("leaving", "next_size", "is_last"), [(1, 1, False), (1, 3, True), (2, 1, True)])
def test_a_load_from_the_line_answers_the_call_only_if_it_is_the_last(
    table: BakingTable, leaving: int, next_size: int, is_last: bool
) -> None:
    table.load_directly(A, capacity=7, joining=2, now=100.0)
    table.come_again(200.0, 200.0)

    answer = table.load_from_line(B, capacity=7, leaving=Leaving([8, 9], leaving), next_size=next_size)

    assert answer.ok == is_last
    expected = (
        Row(5, 2 - leaving, 100.0, {**A, **B}, left=9, come_at=200.0, joined={0: 2})
        if is_last
        else Row(3, 2, 100.0, A, called_at=200.0, come_at=200.0, joined={0: 2})
    )
    assert answer.row == table.look() == expected


def test_a_load_from_the_line_that_is_not_the_last_lets_the_call_stand(table: BakingTable) -> None:
    table.load_directly(A, capacity=9, joining=2, now=100.0)
    table.come_again(200.0, 200.0)

    answer = table.load_from_line(B, capacity=9, leaving=Leaving([1], 1), next_size=None)

    assert (
        answer.row
        == table.look()
        == Row(5, 1, 100.0, {**A, **B}, left=1, called_at=200.0, come_at=200.0, joined={0: 2})
    )


def test_somebody_comes_again_but_only_one_at_a_time(table: BakingTable) -> None:
    assert table.come_again(200.25, 203.25).ok
    assert not table.come_again(203.0, 206.0).ok
    assert table.look() == Row(called_at=200.25, come_at=203.25)

    assert table.come_again(203.25, 206.25).ok
    assert table.look() == Row(called_at=203.25, come_at=206.25)


@pytest.mark.parametrize("way", ["unload", "undo", "evict"])
def test_who_takes_a_lease_out_leaves_all_else_as_it_is(table: BakingTable, way: str) -> None:
    table.load_directly({**A, **B}, capacity=9, joining=2, now=100.0)
    table.load_from_line({}, capacity=9, leaving=Leaving([7], 1, joined={0: 1}), next_size=None)
    table.come_again(200.0, 203.0)

    taken_out = {
        "unload": lambda: table.unload("b", 201.0),
        "undo": lambda: table.undo("b"),
        "evict": lambda: table.evict("b", B["b"].until),
    }[way]()

    assert taken_out.ok
    assert table.look() == Row(3, 1, 100.0, A, left=7, called_at=200.0, come_at=203.0, joined={0: 1})


def test_a_call_can_be_dropped(table: BakingTable) -> None:
    table.come_again(200.0, 203.0)
    table.drop_call()

    assert table.look() == Row(come_at=203.0)


def test_a_message_leaves_the_line_once(table: BakingTable) -> None:
    table.load_directly({}, capacity=5, joining=3, now=100.0)
    last = 18_873_498_473_498_473_498
    table.load_from_line(A, capacity=5, leaving=Leaving([last - 5, last], 2), next_size=None)

    again = table.load_from_line(B, capacity=5, leaving=Leaving([last, last + 1], 1), next_size=None)

    assert not again.ok
    assert again.row == table.look() == Row(3, 1, 100.0, A, left=last, joined={0: 3})
    assert table.load_from_line(B, capacity=5, leaving=Leaving([last + 1], 1), next_size=None).ok
