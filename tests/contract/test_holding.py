"""The row and the executions of held items."""

import pytest

from pizza_oven.item import Item, cancelling
from pizza_oven.ports import BakingTable, ItemStates
from pizza_oven.row import Lease, Refused, Row, Unloaded
from pizza_oven.settlement import Settlement
from tests.contract.services import Services

HELD = Lease(2, 1000.5, extensions=0)


@pytest.fixture
def table(services: Services) -> BakingTable:
    """A table with a held item and one that is not held."""
    services.table.settle(Settlement(loads={"a": HELD, "b": Lease(1, 1000.5)}), 9, now=900.0)
    return services.table


@pytest.fixture
def item_states(services: Services) -> ItemStates:
    return services.item_states


def lease(table: BakingTable) -> Lease:
    """That of the held item, which a look shows as the whole row does."""
    seen = table.look(["a"]).leases["a"]
    assert seen == table.read().leases["a"]
    return seen


def test_a_lease_tells_that_its_item_is_held(table: BakingTable) -> None:
    assert lease(table) == HELD


def test_an_extension_moves_the_end_and_is_counted(table: BakingTable) -> None:
    assert table.extend("a", 1500.25, now=1000.0) is None

    assert lease(table) == Lease(2, 1500.25, extensions=1)


def test_a_lease_is_not_extended_once_its_time_is_over(table: BakingTable) -> None:
    outcome = table.extend("a", 1500.0, now=1000.5)

    assert isinstance(outcome, Refused)
    assert outcome.row.leases["a"] == lease(table) == HELD


def test_an_extension_never_makes_a_lease_shorter(table: BakingTable) -> None:
    assert isinstance(table.extend("a", 1000.0, now=900.0), Refused)

    assert lease(table) == HELD


@pytest.mark.parametrize("item_id", ["b", "c"])
def test_what_is_not_held_is_not_extended(table: BakingTable, item_id: str) -> None:
    assert isinstance(table.extend(item_id, 1500.0, now=900.0), Refused)
    assert isinstance(table.expire(item_id, now=2000.0), Refused)


def test_a_lease_whose_time_is_over_is_ended_once_and_not_extended_again(table: BakingTable) -> None:
    table.extend("a", 1500.0, now=1000.0)

    assert table.expire("a", now=1500.0) == 1

    assert lease(table) == Lease(2, 1500.0, extensions=1, ended=True)
    assert isinstance(table.extend("a", 2000.0, now=0.0), Refused)
    assert isinstance(table.expire("a", now=2000.0), Refused)


def test_a_lease_is_not_ended_before_its_time(table: BakingTable) -> None:
    assert isinstance(table.expire("a", now=1000.0), Refused)

    assert lease(table) == HELD


def test_nothing_of_a_held_item_is_left_when_its_slots_are_free(table: BakingTable) -> None:
    assert table.unload("a", now=1100.0) == Unloaded(occupied=1, waiting=0, wake_up_requested_at=1100.0)
    table.settle(Settlement(loads={"a": Lease(2, 3000.0)}, frees={"b": 1}), 9, now=1200.0)

    assert table.read().leases == {"a": Lease(2, 3000.0)}


def test_one_write_frees_held_items(table: BakingTable) -> None:
    table.settle(Settlement(frees={"a": 2}), 9, now=1200.0)

    assert table.read() == Row(occupied=1, leases={"b": Lease(1, 1000.5)})


def test_an_execution_that_is_stopped_was_released_and_did_not_fail(item_states: ItemStates) -> None:
    item_states.start([Item("a", 3600, 1, '{"id":"a","bakingTimeSecs":3600}')])

    assert item_states.stop("a")

    execution = item_states.describe("a")
    assert execution is not None
    assert (execution.status, execution.running, execution.failed) == ("ABORTED", False, False)


def test_an_execution_that_has_ended_stays_as_it_is(item_states: ItemStates, services: Services) -> None:
    item_states.start([Item("a", 3600, 1, '{"id":"a","bakingTimeSecs":3600}')])
    services.abort("a", "by hand")

    assert item_states.stop("a")

    execution = item_states.describe("a")
    assert execution is not None
    assert execution.failed


def test_what_was_never_started_cannot_be_stopped(item_states: ItemStates) -> None:
    assert not item_states.stop("a")


@pytest.mark.parametrize("reason", ["", "it waited for too long"])
def test_a_cancelled_item_is_not_started(item_states: ItemStates, reason: str) -> None:
    item_states.start([cancelling("a", reason)])

    (execution,) = item_states.start([Item("a", 3600, 1, '{"id":"a","bakingTimeSecs":3600}')])

    assert not isinstance(execution, Exception)
    assert execution.cancelled == reason
