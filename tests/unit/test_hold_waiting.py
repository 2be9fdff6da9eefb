"""Waiting for slots to hold: when it ends, whose slots they are, and how often it looks."""

import json
import threading

import pytest
from botocore.exceptions import ClientError

from pizza_oven.item import Item, ItemRelease, cancelling, parse
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.hold_errors import HoldError, HoldRefusedError, NotHeldInTimeError
from serverless_pizza_oven.operations.hold_waiting import (
    LOOK_EVERY_SECS,
    NO_WAIT_SECS,
    OUTAGE_SECS,
    SlotWaiter,
)
from serverless_pizza_oven.sdk_errors import aws_errors
from tests.unit.held_oven import HeldOven


def held_item(item_id: str = "mine", size: int = 1, claim: str = "c1") -> Item:
    fields = {"id": item_id, "bakingTimeSecs": 60, "size": size, "hold": True, "claim": claim}
    parsed = parse(json.dumps(fields), None)
    assert isinstance(parsed, Item)
    return parsed


def waiter(oven: HeldOven, item: Item, give_up: threading.Event | None = None) -> SlotWaiter:
    return SlotWaiter(oven, item, oven.capacity, give_up or threading.Event(), oven.timing)


@pytest.fixture
def oven() -> HeldOven:
    return HeldOven(capacity=3)


def fill(oven: HeldOven, item_id: str = "first", secs: int = 3600) -> None:
    oven.bake(json.dumps({"id": item_id, "bakingTimeSecs": secs, "size": oven.capacity}))


def denied() -> AwsError:
    answer = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    with pytest.raises(AwsError) as refused, aws_errors("asking"):
        raise ClientError(answer, "SendMessage")  # type: ignore[arg-type]
    return refused.value


def test_free_slots_are_held_within_a_second(oven: HeldOven) -> None:
    term = waiter(oven, held_item(size=2)).wait(None)

    assert oven.table.row.leases["mine"].size == 2
    assert term.until == oven.table.row.leases["mine"].until
    assert len(oven.looked_at) == 1


def test_a_term_ends_early_enough_for_every_clock_of_aws(oven: HeldOven) -> None:
    term = waiter(oven, held_item()).wait(None)

    really_left = term.until - oven.loop.seconds()
    assert really_left - 3 <= term.ends_at - oven.now() <= really_left - 1


def test_it_waits_its_turn_and_looks_at_most_once_a_second(oven: HeldOven) -> None:
    fill(oven, secs=100)

    waiter(oven, held_item()).wait(None)

    assert oven.running() == ["mine"]
    gaps = [later - earlier for earlier, later in zip(oven.looked_at, oven.looked_at[1:], strict=False)]
    assert min(gaps) >= LOOK_EVERY_SECS
    assert max(gaps) < 1.5


def test_it_gives_up_in_time(oven: HeldOven) -> None:
    fill(oven)
    began = oven.now()

    with pytest.raises(NotHeldInTimeError, match="mine has no slots after 30 s"):
        waiter(oven, held_item()).wait(30)

    assert oven.now() - began == pytest.approx(30)


def test_without_waiting_nothing_is_sent_to_an_oven_that_is_full(oven: HeldOven) -> None:
    fill(oven)

    with pytest.raises(NotHeldInTimeError, match="needs 1 of 3 slots, and 0 are free"):
        waiter(oven, held_item()).wait(0)

    assert oven.sent == []


def test_without_waiting_nobody_in_line_is_overtaken(oven: HeldOven) -> None:
    oven.bake(json.dumps({"id": "a", "bakingTimeSecs": 99, "size": 2}))
    oven.bake(json.dumps({"id": "b", "bakingTimeSecs": 99, "size": 2}))

    with pytest.raises(NotHeldInTimeError, match=r"1 are free \(items in line: 1\)"):
        waiter(oven, held_item()).wait(0)


def test_without_waiting_it_gives_up_when_others_were_faster(oven: HeldOven) -> None:
    mine = waiter(oven, held_item())
    oven.new.send(json.dumps({"id": "faster", "bakingTimeSecs": 99, "size": 3}))

    began = oven.now()
    with pytest.raises(NotHeldInTimeError):
        mine.wait(0)

    assert oven.now() - began == pytest.approx(NO_WAIT_SECS)


def test_an_id_that_was_used_before_is_refused(oven: HeldOven) -> None:
    oven.bake(json.dumps({"id": "mine", "bakingTimeSecs": 0}))
    oven.run(5)

    with pytest.raises(HoldRefusedError, match="its id was used before"):
        waiter(oven, held_item()).wait(None)

    assert oven.now() - oven.looked_at[0] < 5


def test_slots_of_another_holder_with_the_same_id_are_not_taken_for_its_own(oven: HeldOven) -> None:
    waiter(oven, held_item(claim="theirs")).wait(None)

    with pytest.raises(HoldRefusedError, match="its id was used before"):
        waiter(oven, held_item(claim="mine")).wait(None)


def test_an_item_that_is_released_while_it_waits_is_refused(oven: HeldOven) -> None:
    fill(oven)
    oven.loop.call_later(5_000_000, oven.new.send, ItemRelease("mine").body)

    with pytest.raises(HoldRefusedError, match="released before it had slots"):
        waiter(oven, held_item()).wait(None)

    assert oven.now() < oven.looked_at[0] + 30


def test_an_item_that_is_removed_while_it_waits_is_refused_with_the_reason(oven: HeldOven) -> None:
    fill(oven)
    oven.executions.start([cancelling("mine", "it was removed by an operator")])

    with pytest.raises(HoldRefusedError, match="mine is not held: it was removed by an operator"):
        waiter(oven, held_item()).wait(None)


def test_a_network_that_is_away_for_a_while_does_not_end_the_wait(oven: HeldOven) -> None:
    oven.away_until = oven.now() + OUTAGE_SECS / 2

    waiter(oven, held_item()).wait(None)

    assert oven.running() == ["mine"]


def test_a_network_that_stays_away_does(oven: HeldOven) -> None:
    oven.is_away = True

    with pytest.raises(AwsError, match="amazonaws"):
        waiter(oven, held_item()).wait(None)

    assert OUTAGE_SECS < oven.now() - 1_234 < OUTAGE_SECS + 5


def test_what_aws_refuses_ends_the_wait_at_once(oven: HeldOven) -> None:
    oven.refusal = denied()
    began = oven.now()

    with pytest.raises(AwsError, match="AccessDenied"):
        waiter(oven, held_item()).wait(None)

    assert oven.now() == began


def test_a_wait_that_is_given_up_ends(oven: HeldOven) -> None:
    fill(oven)
    give_up = threading.Event()
    oven.loop.call_later(5_000_000, give_up.set)

    with pytest.raises(HoldError, match="not waited for any more"):
        waiter(oven, held_item(), give_up).wait(None)
