"""Receiving from Baked Items, by the command and by the client, and what is received again."""

import json

import pytest

from pizza_oven.errors import MalformedItemError
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.operations.client import Oven
from serverless_pizza_oven.operations.collecting import as_line, collect
from tests.unit.mortal_sqs import Sqs

STACK = Stack(
    "spo", {"NewItemsQueueUrl": "new", "BakedItemsQueueUrl": "baked", "BakingTableCapacityCount": "14"}
)


def body(item_id: str) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": 0})


@pytest.fixture
def sqs() -> Sqs:
    sqs = Sqs("new", "baked")
    sqs.put("baked", *(body(f"i{n}") for n in range(25)))
    return sqs


@pytest.fixture
def oven(sqs: Sqs) -> Oven:
    return Oven(sqs.account, STACK, clock=lambda: sqs.loop.now / 1e6)


# oven collect


def test_no_more_are_taken_than_wanted(sqs: Sqs) -> None:
    hands = list(collect(sqs.queue("baked"), most=13, wait_secs=1))
    assert [len(hand) for hand in hands] == [10, 3]
    assert len(sqs.visible("baked")) == 12


def test_nothing_is_deleted_before_the_next_hand_is_asked_for(sqs: Sqs) -> None:
    hands = collect(sqs.queue("baked"), most=None, wait_secs=1)
    next(hands)
    assert len(sqs.bodies("baked")) == 25
    next(hands)
    assert len(sqs.bodies("baked")) == 15


def test_a_hand_that_could_not_be_made_safe_is_given_back_at_once(sqs: Sqs) -> None:
    hands = collect(sqs.queue("baked"), most=None, wait_secs=1)
    next(hands)
    next(hands)
    hands.close()
    assert len(sqs.visible("baked")) == 15


@pytest.mark.parametrize("secs", [1, 20, 45])
def test_an_empty_queue_is_watched_for_as_long_as_is_wanted(secs: int) -> None:
    sqs = Sqs("baked")
    began = sqs.loop.now
    assert list(collect(sqs.queue("baked"), most=None, wait_secs=secs)) == []
    assert (sqs.loop.now - began) / 1e6 == secs


def test_who_waits_for_ever_gets_what_comes_late() -> None:
    sqs = Sqs("baked")
    sqs.loop.call_later(100_000_000, sqs.put, "baked", body("late"))
    (message,) = next(collect(sqs.queue("baked"), most=None, wait_secs=None))
    assert message.item_id == "late"


def test_an_item_that_was_written_on_several_lines_is_printed_on_one() -> None:
    sqs = Sqs("baked")
    sqs.put("baked", '{\r\n  "id": "a",\n  "note": "two\\nlines"\n}')
    ((message,),) = collect(sqs.queue("baked"), most=None, wait_secs=1)
    assert "\n" not in as_line(message)
    assert json.loads(as_line(message)) == {"id": "a", "note": "two\nlines"}


# The client's results


def test_a_result_is_deleted_when_the_loop_goes_on(sqs: Sqs, oven: Oven) -> None:
    for number, item in enumerate(oven.results(most=12)):
        assert item == {"id": f"i{number}", "bakingTimeSecs": 0}
        assert len(sqs.bodies("baked")) == 25 - number
    assert len(sqs.visible("baked")) == 13


def test_results_end_when_none_comes_for_a_while(oven: Oven) -> None:
    assert len(list(oven.results(wait_secs=5))) == 25


def test_a_result_that_the_loop_was_left_at_comes_again_at_once_with_those_behind_it(
    sqs: Sqs, oven: Oven
) -> None:
    for item in oven.results():
        if item["id"] == "i3":
            break
    assert {json.loads(text)["id"] for text in sqs.visible("baked")} == {f"i{n}" for n in range(3, 25)}


def test_what_cannot_be_handled_in_time_is_given_back_before_it_is_handed_out(sqs: Sqs, oven: Oven) -> None:
    handled = []
    for item in oven.results(wait_secs=1, handling_secs=60):
        # Received messages are hidden from others.
        assert body(item["id"]) not in sqs.visible("baked")
        sqs.pass_time(25)
        assert body(item["id"]) not in sqs.visible("baked")
        handled.append(item["id"])
    assert sorted(handled) == sorted(f"i{n}" for n in range(25))


def test_a_message_that_is_no_item_is_told_and_stays(oven: Oven, sqs: Sqs) -> None:
    list(oven.results(wait_secs=1))
    sqs.put("baked", "no json")
    with pytest.raises(ToolError, match="of Baked Items came from no oven: the message is not JSON"):
        list(oven.results(wait_secs=1))
    assert sqs.visible("baked") == ["no json"]


@pytest.mark.parametrize(
    ("secs", "words"),
    [
        ({"handling_secs": 0}, "handling_secs must be 1 or more, and at most 21600, not 0"),
        ({"handling_secs": 21_601}, "handling_secs must be 1 or more, and at most 21600, not 21601"),
        ({"wait_secs": 0}, "wait_secs must be 1 or more, not 0"),
    ],
)
def test_seconds_in_which_nothing_could_be_handled_are_refused(
    secs: dict[str, int], words: str, oven: Oven
) -> None:
    with pytest.raises(UsageError, match=words):
        next(oven.results(**secs))


# The client's sending


def test_items_are_sent_as_they_are_written(sqs: Sqs, oven: Oven) -> None:
    oven.send({"id": "a", "bakingTimeSecs": 1, "note": "è \uffff", "list": [1, {"x": None}]})
    assert [json.loads(text) for text in sqs.bodies("new")] == [
        {"id": "a", "bakingTimeSecs": 1, "note": "è \uffff", "list": [1, {"x": None}]}
    ]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"id": "b"}, "bakingTimeSecs is missing"),
        ({"id": "b", "bakingTimeSecs": 1, "size": 15}, "size must be"),
        ({"id": "b", "bakingTimeSecs": float("nan")}, "NaN is no JSON number"),
        ({"id": "b", "bakingTimeSecs": 1, "at": {1}}, "one is not: Object of type set"),
        ({"id": "a", "bakingTimeSecs": 2}, "2 items have the id a, which bakes once"),
        ({"type": "trigger"}, "a trigger is no item"),
    ],
)
def test_of_many_items_none_is_sent_if_one_is_malformed(
    last: dict[str, object], words: str, sqs: Sqs, oven: Oven
) -> None:
    with pytest.raises(MalformedItemError, match=words):
        oven.send_many([{"id": "a", "bakingTimeSecs": 1}, last])
    assert sqs.bodies("new") == []
