"""The queues: nothing is lost, and the line keeps its order."""

import json

import pytest

from pizza_oven.item import Item
from pizza_oven.messages import DeadLetter, JoiningMessage, pack
from pizza_oven.ports import WaitingItems
from tests.contract.services import LINE_VISIBILITY_SECS, Sent, Services


def item(item_id: str) -> Item:
    return Item(item_id, 1, 1, json.dumps({"id": item_id, "bakingTimeSecs": 1}))


@pytest.fixture
def line(services: Services) -> WaitingItems:
    return services.line


def push(line: WaitingItems, *item_ids: str) -> None:
    line.push([JoiningMessage(f"ticket-{item_id}", item(item_id).body) for item_id in item_ids], epoch=0)


def bodies(*item_ids: str) -> list[str]:
    return [item(item_id).body for item_id in item_ids]


def test_the_line_is_first_in_first_out(line: WaitingItems) -> None:
    push(line, "a", "b")
    push(line, "c")

    assert [waiting.body for waiting in line.receive(2, 0)] == bodies("a", "b")


def test_who_waits_has_waited_since_the_push_however_often_received(
    line: WaitingItems, services: Services
) -> None:
    before = services.now()
    push(line, "a")
    after = services.now()
    line.put_back(line.receive(1, 0), 1)
    services.pass_time(1.2)

    (again,) = line.receive(1, 0)

    # SQS returns whole milliseconds.
    assert before - 0.001 <= again.sent_at <= after


def test_an_empty_line_gives_nothing(line: WaitingItems) -> None:
    assert line.receive(10, 0) == []
    assert line.receive(10, 1) == []


def test_while_items_are_in_hand_the_line_is_shut(line: WaitingItems) -> None:
    push(line, "a", "b")
    hand = line.receive(1, 0)
    assert line.receive(10, 0) == []

    line.delete(hand)
    assert [waiting.body for waiting in line.receive(10, 0)] == bodies("b")


def test_what_is_put_back_comes_again_in_its_old_order(line: WaitingItems) -> None:
    push(line, "a", "b", "c", "d")
    hand = line.receive(3, 0)
    line.delete(hand[:1])
    line.put_back(hand[1:], 0)

    again = line.receive(10, 0)

    assert [waiting.body for waiting in again] == bodies("b", "c", "d")
    assert [waiting.sequence for waiting in again[:2]] == [waiting.sequence for waiting in hand[1:]]
    assert again[1].sequence < again[2].sequence


def test_what_is_put_back_with_a_delay_keeps_the_line_shut_meanwhile(
    line: WaitingItems, services: Services
) -> None:
    push(line, "a", "b", "c")
    hand = line.receive(2, 0)
    line.put_back(hand[:1], 2)
    line.put_back(hand[1:], 0)
    assert line.receive(10, 0) == []

    services.pass_time(2.2)
    assert [waiting.body for waiting in line.receive(10, 0)] == bodies("a", "b", "c")


def test_a_hand_that_dies_lets_go_after_the_visibility_timeout(
    line: WaitingItems, services: Services
) -> None:
    push(line, "a", "b")
    lost = line.receive(1, 0)
    services.pass_time(LINE_VISIBILITY_SECS + 0.2)

    again = line.receive(10, 0)
    assert [waiting.body for waiting in again] == bodies("a", "b")
    assert again[0].sequence == lost[0].sequence
    line.delete(lost)
    assert line.count() == 2


def test_a_long_poll_waits_for_the_line_to_open(line: WaitingItems) -> None:
    push(line, "a")
    line.put_back(line.receive(1, 0), 1)

    assert [waiting.body for waiting in line.receive(1, 5)] == bodies("a")


def test_a_ticket_is_good_for_one_push(line: WaitingItems) -> None:
    push(line, "a")
    push(line, "a", "b")
    line.delete(line.receive(10, 0))
    push(line, "a")
    assert line.receive(10, 0) == []

    line.push([JoiningMessage("another-ticket", item("a").body)], epoch=0)
    assert [waiting.body for waiting in line.receive(10, 0)] == bodies("a")


def test_who_waits_is_known_by_the_era_in_which_it_joined(line: WaitingItems) -> None:
    line.push([JoiningMessage("1", item("a").body), JoiningMessage("2", item("b").body)], epoch=6)
    line.push([JoiningMessage("3", item("c").body)], epoch=7)

    assert [waiting.epoch for waiting in line.receive(10, 0)] == [6, 6, 7]


def test_several_items_in_one_message_come_out_as_they_are(line: WaitingItems) -> None:
    several = ['{"id":"a","note":"\\"ü["}', '{ "id":"b" }']
    line.push(
        [JoiningMessage("1", pack(several)), JoiningMessage("2", item("c").body, asked_at=12.5)], epoch=0
    )

    received = line.receive(10, 0)

    assert [waiting.bodies for waiting in received] == [several, bodies("c")]
    assert [waiting.asked_at for waiting in received] == [None, 12.5]


def test_deleting_twice_is_no_error(line: WaitingItems) -> None:
    push(line, "a")
    hand = line.receive(1, 0)

    line.delete(hand)
    line.delete(hand)

    assert line.count() == 0


def test_the_line_counts_what_is_in_hand(line: WaitingItems) -> None:
    push(line, "a", "b", "c")
    line.receive(1, 0)

    assert line.count() == 3


def test_a_trigger_arrives(services: Services) -> None:
    services.new_items.trigger()

    assert [json.loads(sent.body) for sent in services.arrived_in_new_items()] == [{"type": "trigger"}]


def test_a_trigger_may_name_an_item(services: Services) -> None:
    services.new_items.trigger(item_id="a")

    assert [json.loads(sent.body) for sent in services.arrived_in_new_items()] == [
        {"type": "trigger", "item": "a"}
    ]


def test_a_delayed_trigger_arrives_later(services: Services) -> None:
    services.new_items.trigger(2)
    assert services.arrived_in_new_items() == []

    services.pass_time(2.2)
    assert [json.loads(sent.body) for sent in services.arrived_in_new_items()] == [{"type": "trigger"}]


def test_a_message_of_new_items_is_received_with_its_count_and_time(services: Services) -> None:
    services.new_items.trigger()

    (received,) = services.new_items.receive(10)

    assert (json.loads(received.body), received.receive_count) == ({"type": "trigger"}, 1)
    assert received.sent_at == pytest.approx(services.now(), abs=5)


def test_a_message_of_new_items_that_was_deleted_is_gone(services: Services) -> None:
    services.new_items.trigger()
    services.new_items.trigger(item_id="a")

    services.new_items.delete(services.new_items.receive(1) + services.new_items.receive(1))

    assert services.new_items.receive(10) == []


def test_a_baked_item_comes_out_as_it_is(services: Services) -> None:
    services.baked_items.push(item("a"))

    assert services.arrived_in_baked_items() == [Sent(item("a").body, None)]


def test_dead_letters_bear_their_reasons(services: Services) -> None:
    letters = [DeadLetter(f"body {n}", f"reason {n}", "noted") for n in range(10)]

    services.dead_letters.push(letters)

    arrived = services.arrived_in_dead_letters()
    assert sorted((sent.body, sent.reason) for sent in arrived) == [
        (letter.body, letter.reason) for letter in letters
    ]


def test_an_item_that_leaves_is_received_until_it_is_deleted(services: Services) -> None:
    leaving = services.leaving_items
    leaving.push("a", 3)
    leaving.push("b", 1)

    received = leaving.receive(10)
    assert sorted((departure.item_id, departure.size) for departure in received) == [("a", 3), ("b", 1)]
    assert leaving.receive(10) == []
    leaving.delete([departure for departure in received if departure.item_id == "a"])

    services.pass_time(LINE_VISIBILITY_SECS + 0.2)
    again = leaving.receive(10)
    assert [departure.item_id for departure in again] == ["b"]
    leaving.delete(again)
    leaving.delete(again)
    assert leaving.receive(10) == []
