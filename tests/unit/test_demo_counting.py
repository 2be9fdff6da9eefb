"""How the demo counts: the tally, the bars, messages of others that it holds, and the patience."""

import pytest

from pizza_oven.row import Lease
from serverless_pizza_oven.demo.bars import Bars, bars
from serverless_pizza_oven.demo.demo_oven import Observation
from serverless_pizza_oven.demo.menu import Pizza
from serverless_pizza_oven.demo.run import Patience
from serverless_pizza_oven.demo.shared_queue import MUST_GO_SECS, ForeignMessages
from serverless_pizza_oven.demo.tally import Arrival, Tally
from serverless_pizza_oven.queue_client import ReceivedMessage

LEASE = Lease(size=1, until=0)


def tally(count: int, *, sent: int) -> Tally:
    pizzas = [Pizza(f"p{n}", "Margherita", 1) for n in range(count)]
    return Tally(pizzas, sent={pizza.id: 0.0 for pizza in pizzas[:sent]})


def foreign_message(number: int, receive_count: int = 1) -> ReceivedMessage:
    return ReceivedMessage(f"m{number}", f"r{number}", None, "", 0.0, receive_count, reason="")


# The tally


def test_a_run_is_complete_when_every_pizza_is_baked_or_dead() -> None:
    run = tally(3, sent=2)
    run.came_out("p0", Arrival("m0", 1.0))
    run.dead_lettered("p1", "burnt")
    assert not run.is_complete

    run.sent["p2"] = 0.0
    assert run.missing == ["p2"]
    assert not run.is_complete

    run.came_out("p2", Arrival("m2", 2.0))
    assert run.is_complete


def test_a_second_message_of_a_pizza_is_a_double_but_the_same_message_again_is_not() -> None:
    run = tally(2, sent=2)
    for message_id in ("m0", "m0", "again"):
        run.came_out("p0", Arrival(message_id, 1.0))
    run.came_out("p1", Arrival("m1", 1.0))
    run.came_out("p1", Arrival("m1", 1.0))

    assert run.doubles == {"p0"}
    assert run.out == 2


def test_only_pizzas_of_the_run_are_known() -> None:
    run = tally(2, sent=0)

    assert run.knows("p1")
    assert not run.knows("p2")
    assert not run.knows(None)


# The bars


def test_with_a_table_the_bars_show_our_leases_and_no_others() -> None:
    run = tally(10, sent=10)
    seen = Observation(new=2, waiting=5, dead=0, leases={"p0": LEASE, "p1": LEASE, "foreign": LEASE})

    assert bars(seen, 0, run) == Bars(new=2, waiting=5, baking=2, out=0)


def test_without_a_table_what_is_nowhere_else_bakes() -> None:
    run = tally(10, sent=9)
    run.came_out("p0", Arrival("m0", 1.0))

    assert bars(Observation(2, 3, 0, None), 0, run) == Bars(new=2, waiting=3, baking=3, out=1)


def test_what_was_in_new_items_before_is_not_ours() -> None:
    assert bars(Observation(7, 0, 0, {}), 5, tally(10, sent=10)).new == 2


def test_a_longer_line_of_others_never_shows_more_than_ours() -> None:
    run = tally(10, sent=10)
    run.came_out("p0", Arrival("m0", 1.0))

    assert bars(Observation(0, 100, 0, {"p1": LEASE}), 0, run) == Bars(new=0, waiting=8, baking=1, out=1)


def test_stale_counts_never_show_more_pizzas_than_there_are() -> None:
    run = tally(2, sent=2)
    run.came_out("p0", Arrival("m0", 1.0))
    run.came_out("p1", Arrival("m1", 1.0))

    assert bars(Observation(2, 2, 0, {"p0": LEASE}), 0, run) == Bars(new=0, waiting=0, baking=0, out=2)


# Messages of others


def test_a_message_of_others_is_held_for_a_second_and_then_given_back_once() -> None:
    foreign = ForeignMessages()
    foreign.hold(foreign_message(1), now=10.0)

    assert foreign.due(10.9, seen_all=True) == []
    assert foreign.due(11.0, seen_all=True) == [foreign_message(1)]
    assert foreign.due(99.0, seen_all=True) == []


@pytest.mark.parametrize(("receive_count", "secs"), [(2, 2), (3, 4), (5, 16), (6, 16), (2000, 16)])
def test_the_more_often_it_came_the_longer_it_is_held_up_to_a_limit(receive_count: int, secs: int) -> None:
    foreign = ForeignMessages()
    foreign.hold(foreign_message(1, receive_count), now=0.0)

    assert not foreign.due(secs - 0.1, seen_all=True)
    assert foreign.due(secs, seen_all=True)


def test_while_there_may_be_more_behind_them_only_the_oldest_go_back() -> None:
    foreign = ForeignMessages()
    foreign.hold(foreign_message(1), now=0.0)
    foreign.hold(foreign_message(2), now=5.0)

    assert foreign.due(50.0, seen_all=False) == []
    assert foreign.due(MUST_GO_SECS + 1, seen_all=False) == [foreign_message(1)]
    assert foreign.due(MUST_GO_SECS + 1, seen_all=True) == [foreign_message(2)]


def test_in_the_end_all_go_back() -> None:
    foreign = ForeignMessages()
    foreign.hold(foreign_message(1), now=0.0)
    foreign.hold(foreign_message(2, 9), now=0.0)

    assert {message.id for message in foreign.all()} == {"m1", "m2"}
    assert foreign.all() == []


# Patience


def test_patience_ends_when_nothing_has_moved_for_longer_than_the_limit() -> None:
    patience = Patience(limit_secs=180)

    assert not patience.is_over("a", 1000.0)
    assert not patience.is_over("a", 1180.0)
    assert patience.is_over("a", 1180.1)


def test_any_move_renews_the_patience() -> None:
    patience = Patience(limit_secs=180)
    patience.is_over("a", 1000.0)

    assert not patience.is_over("b", 1200.0)
    assert not patience.is_over("b", 1380.0)
    assert patience.is_over("b", 1381.0)
