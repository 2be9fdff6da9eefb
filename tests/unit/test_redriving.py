"""Dead letters that are sent back."""

import json
from typing import Any

import pytest

from pizza_oven.item import Item, parse
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.dead_letters import (
    DeadLetterEntry,
    NoSuchDeadLetterError,
    discard,
    list_dead_letters,
)
from serverless_pizza_oven.operations.held_messages import HeldMessages
from serverless_pizza_oven.operations.redriving import (
    MAX_ID_CHARS,
    Redriver,
    RedriveRequest,
    RedriveResult,
    StillMalformedError,
    next_id,
)
from serverless_pizza_oven.simulator.executions import Executions
from tests.unit.mortal_sqs import Sqs

CAPACITY = 14
BURNT = "its baking ended as ABORTED: Oven.Removed"


def body(item_id: str, **fields: Any) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": 3600, **fields})


class RedriveBench:
    """New Items, dead letters and executions of an oven."""

    def __init__(self) -> None:
        self.sqs = Sqs("new", "dead")
        self.executions = Executions(self.sqs.loop)

    def dead_letter(self, text: str, reason: str | None = "too large") -> None:
        self.sqs.put("dead", text, reason=reason)

    def begin(self, text: str, *, then: str = "RUNNING") -> None:
        """Let an item bake and end with this status."""
        item = parse(text, None)
        assert isinstance(item, Item)
        self.executions.start_one(item)
        if then != "RUNNING":
            self.executions.end(self.executions.bakings[item.id], then)

    def redrive(self, *ids: str, new_id: str = "", **fields: Any) -> dict[str, RedriveResult]:
        queue = self.sqs.queue
        redriver = Redriver(
            queue("dead"), queue("new"), self.executions, CAPACITY, max_receives=30, clock=self.sqs.clock
        )
        request = RedriveRequest(set(ids) or None, fields, new_id)
        return {result.letter.id: result for result in redriver.redrive(request)}

    def letters(self) -> list[DeadLetterEntry]:
        return list_dead_letters(self.sqs.queue("dead"), CAPACITY, 30, self.sqs.clock)

    def sent(self) -> list[Any]:
        return [json.loads(text) for text in self.sqs.bodies("new")]


@pytest.fixture
def oven() -> RedriveBench:
    return RedriveBench()


# Looking


def test_dead_letters_are_told_the_oldest_first_and_none_is_taken(oven: RedriveBench) -> None:
    for number in range(23):
        oven.dead_letter(body(f"i{number}"))
        oven.sqs.pass_time(1)

    letters = oven.letters()

    assert [letter.id for letter in letters] == [f"i{number}" for number in range(23)]
    assert letters[0].age_secs(oven.sqs.loop.now / 1e6) == 24
    assert len(oven.sqs.visible("dead")) == 23


def test_letters_stay_hidden_however_long_the_work_takes_and_can_be_deleted(oven: RedriveBench) -> None:
    for number in range(25):
        oven.dead_letter(body(f"i{number}"))
    queue = oven.sqs.queue("dead")

    with HeldMessages(queue, oven.sqs.clock) as held:
        received = []
        for some in held.receive_all():
            received.extend(some)
            for _ in range(20):
                oven.sqs.pass_time(10)
                held.extend()
                assert len(oven.sqs.visible("dead")) == 25 - len(received)
        held.delete(received)

    assert [message.item_id for message in received] == [f"i{number}" for number in range(25)]
    assert oven.sqs.bodies("dead") == []
    assert oven.sqs.requests.count("hide") < 40


def test_what_a_killed_process_held_is_visible_again_within_twice_the_time_that_it_ran(
    oven: RedriveBench,
) -> None:
    oven.dead_letter(body("held"))
    held = HeldMessages(oven.sqs.queue("dead"), oven.sqs.clock)
    list(held.receive_all())
    began = oven.sqs.clock()
    while oven.sqs.clock() < began + 400:
        oven.sqs.pass_time(7)
        held.extend()
    killed_after = oven.sqs.clock() - began

    oven.sqs.pass_time(2 * killed_after + 1)

    assert oven.sqs.visible("dead") == [body("held")]


def test_a_reader_that_is_too_slow_to_keep_its_letters_hidden_comes_to_an_end_and_can_delete_them(
    oven: RedriveBench,
) -> None:
    for number in range(25):
        oven.dead_letter(body(f"i{number}"))
    held = HeldMessages(oven.sqs.queue("dead"), oven.sqs.clock)
    received = []
    for some in held.receive_all():
        received.extend(some)
        oven.sqs.pass_time(5000)

    assert {message.item_id for message in received} == {f"i{number}" for number in range(25)}
    held.delete(received)
    assert oven.sqs.bodies("dead") == []


def test_a_message_that_sqs_delivers_twice_ends_no_list(oven: RedriveBench) -> None:
    for number in range(25):
        oven.dead_letter(body(f"i{number}"))
    held = HeldMessages(oven.sqs.queue("dead"), oven.sqs.clock)
    received = []
    for some in held.receive_all():
        received.extend(some)
        if len(received) == 10:
            twice = next(letter for letter in oven.sqs.queues["dead"].messages() if letter.id == some[0].id)
            oven.sqs.queues["dead"].redeliver(twice)

    assert len(received) == 25


@pytest.mark.parametrize(
    ("text", "reason", "told", "remedy"),
    [
        (body("x"), BURNT, BURNT, "new id"),
        (body("x", size=15), "size must be less", "size must be less", "with --set"),
        (body("x"), "size must be less", "size must be less", "as it is"),
        (body("x"), None, "SQS gave up after 30 tries", "as it is"),
        ('{"type": "trigger"}', None, "SQS gave up after 30 tries", "no item"),
        ("{}", None, "id is missing", "with --set"),
        ("[]", None, "the message must be a JSON object, not []", "no"),
        (body("x"), "red\x1b[31m\nin two lines", "red?[31m in two lines", "as it is"),
    ],
)
def test_a_dead_letter_tells_its_reason_and_what_can_be_done(
    text: str, reason: str | None, told: str, remedy: str, oven: RedriveBench
) -> None:
    oven.dead_letter(text, reason)
    (letter,) = oven.letters()
    assert (letter.reason, letter.remedy) == (told, remedy)


@pytest.mark.parametrize("text", ["no json", "{}", '{"id": "\\u001b[31m", "bakingTimeSecs": 1}'])
def test_a_dead_letter_without_a_sound_id_goes_by_that_of_its_message(text: str, oven: RedriveBench) -> None:
    oven.dead_letter(text)
    (letter,) = oven.letters()
    assert letter.id == letter.message.id


# Sending back


def test_a_rejected_item_keeps_its_id_and_its_body(oven: RedriveBench) -> None:
    written = '{"id":  "rejected", "bakingTimeSecs": 1, "price": 1.50}'
    oven.dead_letter(written)

    results = oven.redrive()

    assert results["rejected"].sent_as == "rejected"
    assert oven.sqs.bodies("new") == [written]
    assert oven.sqs.bodies("dead") == []


def test_an_item_whose_baking_failed_gets_a_new_id_and_keeps_the_rest(oven: RedriveBench) -> None:
    oven.dead_letter(body("burnt", crust="thin"), BURNT)
    oven.begin(body("burnt", crust="thin"), then="ABORTED")

    results = oven.redrive()

    assert results["burnt"].sent_as == "burnt.redrive-1"
    assert oven.sent() == [{"id": "burnt.redrive-1", "bakingTimeSecs": 3600, "crust": "thin"}]


def test_an_item_that_failed_again_gets_the_next_id(oven: RedriveBench) -> None:
    oven.begin(body("burnt"), then="FAILED")
    oven.begin(body("burnt.redrive-1"), then="TIMED_OUT")
    oven.dead_letter(body("burnt.redrive-1"), BURNT)
    oven.dead_letter(body("burnt"), BURNT)

    oven.redrive()

    assert [item["id"] for item in oven.sent()] == ["burnt.redrive-2"]
    assert oven.sqs.bodies("dead") == []


def test_a_letter_of_a_failed_baking_goes_back_though_step_functions_does_not_know_of_the_failure_yet(
    oven: RedriveBench,
) -> None:
    oven.begin(body("burnt"))
    oven.dead_letter(body("burnt"), BURNT)

    assert oven.redrive()["burnt"].sent_as == "burnt.redrive-1"
    assert len(oven.sent()) == 1


@pytest.mark.parametrize(("state", "told"), [("RUNNING", "x is in the oven"), ("SUCCEEDED", "x has baked")])
def test_an_item_that_bakes_or_has_baked_already_is_not_sent(
    state: str, told: str, oven: RedriveBench
) -> None:
    oven.begin(body("x"), then=state)
    oven.dead_letter(body("x"), None)

    results = oven.redrive()

    assert results["x"].done == told
    assert oven.sent() == []
    assert oven.sqs.bodies("dead") == []


@pytest.mark.parametrize("state", ["RUNNING", "SUCCEEDED"])
def test_an_item_whose_id_belongs_to_another_stays_until_it_gets_its_own(
    state: str, oven: RedriveBench
) -> None:
    oven.begin(body("x"), then=state)
    oven.dead_letter(body("x", note="another"))

    assert "another item with the id x" in oven.redrive()["x"].stays
    assert oven.sent() == []
    assert len(oven.sqs.visible("dead")) == 1

    oven.redrive("x", new_id="y")
    assert [item["id"] for item in oven.sent()] == ["y"]


def test_of_two_letters_with_one_id_and_other_contents_one_stays(oven: RedriveBench) -> None:
    oven.dead_letter(body("x", note="first"))
    oven.dead_letter(body("x", note="second"))

    oven.redrive()

    assert [item["note"] for item in oven.sent()] == ["first"]
    assert [json.loads(text)["note"] for text in oven.sqs.visible("dead")] == ["second"]


@pytest.mark.parametrize("text", ["no json", "{}", body("x", size=15), '{"type": "trigger"}'])
def test_what_cannot_be_baked_stays_for_all_to_see_and_says_why(text: str, oven: RedriveBench) -> None:
    oven.dead_letter(text)
    (result,) = oven.redrive().values()
    assert result.stays
    assert oven.sqs.visible("dead") == [text]
    assert oven.sent() == []


def test_only_the_named_ones_are_sent_and_the_others_are_given_back(oven: RedriveBench) -> None:
    for number in range(12):
        oven.dead_letter(body(f"i{number}"))
    (seventh,) = [letter for letter in oven.letters() if letter.id == "i7"]

    oven.redrive("i3", seventh.message.id)

    assert {item["id"] for item in oven.sent()} == {"i3", "i7"}
    assert len(oven.sqs.visible("dead")) == 10


def test_a_mended_item_is_sent_with_its_new_fields(oven: RedriveBench) -> None:
    oven.dead_letter('{"bakingTimeSecs": "soon", "crust": "thin"}')
    (letter,) = oven.letters()

    oven.redrive(letter.id, new_id="named", bakingTimeSecs=5)

    assert oven.sent() == [{"bakingTimeSecs": 5, "crust": "thin", "id": "named"}]


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"ids": ["nobody"]}, NoSuchDeadLetterError, "no visible dead letter has the id nobody"),
        ({"ids": ["large"], "size": 15}, StillMalformedError, "large is still malformed: size must be"),
        ({"ids": ["sound", "large"], "size": 99}, StillMalformedError, "is still malformed"),
        ({"ids": ["sound", "large"], "new_id": "x"}, UsageError, "--new-id is for one dead letter, but 2"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_before_anything_is_sent(
    wanted: dict[str, Any], error: type[Exception], words: str, oven: RedriveBench
) -> None:
    oven.dead_letter(body("sound"))
    oven.dead_letter(body("large", size=20))
    with pytest.raises(error, match=words):
        oven.redrive(*wanted.pop("ids"), **wanted)
    assert oven.sent() == []
    assert len(oven.sqs.visible("dead")) == 2


def test_what_has_no_fields_cannot_be_mended_and_the_way_on_is_told(oven: RedriveBench) -> None:
    oven.dead_letter("no json")
    (letter,) = oven.letters()

    with pytest.raises(
        StillMalformedError, match="--set cannot mend it: send such an item anew with oven send --item"
    ):
        oven.redrive(letter.id, size=1)

    assert oven.sqs.visible("dead") == ["no json"]


def test_letters_without_an_id_are_not_taken_for_one_because_they_say_the_same(oven: RedriveBench) -> None:
    oven.dead_letter('{"bakingTimeSecs": 1}')
    oven.dead_letter('{"bakingTimeSecs": 1}')
    with pytest.raises(UsageError, match="--new-id is for one dead letter, but 2 are chosen"):
        oven.redrive(new_id="x")
    assert len(oven.sqs.visible("dead")) == 2


def test_two_letters_of_one_item_get_a_new_id_together(oven: RedriveBench) -> None:
    oven.dead_letter(body("twice"))
    oven.dead_letter(body("twice"))
    oven.redrive("twice", new_id="x")
    assert [item["id"] for item in oven.sent()] == ["x"]
    assert oven.sqs.bodies("dead") == []


def test_among_all_letters_those_that_are_not_mended_are_left_out(oven: RedriveBench) -> None:
    oven.dead_letter(body("large", size=20))
    oven.dead_letter("no json")

    oven.redrive(size=2)

    assert [(item["id"], item["size"]) for item in oven.sent()] == [("large", 2)]
    assert oven.sqs.visible("dead") == ["no json"]


def test_a_new_id_that_is_used_up_is_refused(oven: RedriveBench) -> None:
    oven.dead_letter(body("x"))
    oven.begin(body("taken"), then="FAILED")
    assert oven.redrive("x", new_id="taken")["x"].stays == "the id taken is used up: its baking failed"
    assert len(oven.sqs.visible("dead")) == 1


def test_an_item_that_another_id_makes_too_large_stays_with_its_reason(oven: RedriveBench) -> None:
    full = '{"id":"full","bakingTimeSecs":1,"note":""}'
    full = full[:-2] + "x" * (65_536 - len(full)) + full[-2:]
    oven.dead_letter(full, BURNT)

    result = oven.redrive()["full"]

    assert result.stays == (
        "as full.redrive-1 it would be refused: the item must be at most 65536 bytes, not 65546. "
        "Choose a shorter --new-id, or --set less"
    )
    assert (oven.sent(), oven.sqs.visible("dead")) == ([], [full])
    assert oven.redrive("full", new_id="new1")["full"].sent_as == "new1"


def test_an_item_that_is_too_large_can_be_mended(oven: RedriveBench) -> None:
    oven.dead_letter(body("large", note="x" * 65_536))
    assert oven.letters()[0].remedy == "with --set"

    oven.redrive("large", note="short")

    assert [item["note"] for item in oven.sent()] == ["short"]


@pytest.mark.parametrize("secs_per_request", [0.02, 1])
def test_5000_letters_are_redriven_once_and_no_other_reader_sees_them_meanwhile(
    secs_per_request: float, oven: RedriveBench
) -> None:
    count = 5000 if secs_per_request < 1 else 500
    for number in range(count):
        oven.dead_letter(body(f"i{number}") if number % 2 else "no json")
    oven.sqs.secs_per_request = secs_per_request
    queue = oven.sqs.queue
    redriver = Redriver(queue("dead"), queue("new"), oven.executions, CAPACITY, 30, oven.sqs.clock)

    results = []
    for result in redriver.redrive(RedriveRequest()):
        results.append(result)
        if len(results) % 100 == 0:
            # Those that are not received yet, and no other.
            assert len(oven.sqs.visible("dead")) == count - len(results)

    assert len(results) == count
    assert sorted(item["id"] for item in oven.sent()) == sorted(f"i{n}" for n in range(1, count, 2))
    assert oven.sqs.visible("dead") == ["no json"] * (count // 2)


# Discarding


def test_only_the_letters_named_are_thrown_away(oven: RedriveBench) -> None:
    oven.dead_letter(body("kept"))
    oven.dead_letter(body("hopeless"))
    oven.dead_letter("no json")

    thrown = list(discard(oven.sqs.queue("dead"), {"hopeless"}, CAPACITY, 30, oven.sqs.clock))

    assert [letter.id for some in thrown for letter in some] == ["hopeless"]
    assert sorted(oven.sqs.visible("dead")) == ["no json", body("kept")]


def test_nothing_is_thrown_away_where_one_is_not_found(oven: RedriveBench) -> None:
    oven.dead_letter(body("kept"))
    with pytest.raises(NoSuchDeadLetterError, match="no visible dead letter has the id nobody"):
        list(discard(oven.sqs.queue("dead"), {"kept", "nobody"}, CAPACITY, 30, oven.sqs.clock))
    assert oven.sqs.visible("dead") == [body("kept")]


# New ids


@pytest.mark.parametrize(
    ("item_id", "following"),
    [
        ("a", "a.redrive-1"),
        ("a.redrive-1", "a.redrive-2"),
        ("a.redrive-9", "a.redrive-10"),
        ("a.redrive-x", "a.redrive-x.redrive-1"),
        ("order.1", "order.1.redrive-1"),
    ],
)
def test_the_next_id_counts_the_redrives(item_id: str, following: str) -> None:
    assert next_id(item_id) == following


def test_the_next_id_of_a_long_one_is_short_enough_and_like_no_other() -> None:
    long_ids = [f"{'x' * 78}{n:02}" for n in range(100)]
    generations = [long_ids]
    for _ in range(12):
        generations.append([next_id(item_id) for item_id in generations[-1]])
    every = [item_id for generation in generations for item_id in generation]
    assert max(map(len, every)) == MAX_ID_CHARS
    assert len(set(every)) == len(every)
