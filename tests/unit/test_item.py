"""What is an item, what is a trigger, and the reason for a message that is neither."""

import json
from typing import Any

import pytest

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, Trigger, parse, parse_fields
from pizza_oven.strict_json import read_object

CAPACITY = 14
KIB_64 = 65_536
A_YEAR = 31_449_600

ID_RULE = "must be 1 to 80 characters of A-Z a-z 0-9 _ . -"
TIME_RULE = "bakingTimeSecs must be a whole number of seconds from 0 to 31449600"
SIZE_RULE = "size must be a whole number of slots from 1 to 14"


def message(**fields: Any) -> str:
    """A valid item as JSON, except for the given fields."""
    return json.dumps({"id": "margherita", "bakingTimeSecs": 20, **fields})


def item(body: str, capacity: int = CAPACITY) -> Item:
    parsed = parse(body, capacity)
    assert isinstance(parsed, Item)
    return parsed


def reason(body: str, capacity: int = CAPACITY) -> str:
    with pytest.raises(MalformedItemError) as caught:
        parse(body, capacity)
    return str(caught.value)


def of_bytes(count: int, character: str = "x") -> str:
    """A valid item whose JSON has exactly that many bytes."""
    empty = json.dumps({"id": "big", "bakingTimeSecs": 1, "note": ""}, ensure_ascii=False)
    repeats, odd = divmod(count - len(empty), len(character.encode()))
    return empty[:-2] + character * repeats + "x" * odd + empty[-2:]


def test_an_item_is_read_with_its_id_time_and_size() -> None:
    body = '{"id":"margherita","bakingTimeSecs":20,"size":3}'
    assert parse(body, CAPACITY) == Item(id="margherita", baking_time_secs=20, size=3, body=body)


def test_an_item_without_a_size_takes_one_slot() -> None:
    assert item(message()).size == 1


def test_a_size_that_was_not_sent_is_not_added_to_the_item() -> None:
    assert "size" not in json.loads(item(message()).body)


@pytest.mark.parametrize("item_id", ["a", "Z", "0", "_", ".", "-", "a" * 80, "Quattro_Stagioni-4.2"])
def test_a_sound_id_is_taken(item_id: str) -> None:
    assert item(message(id=item_id)).id == item_id


@pytest.mark.parametrize(
    ("item_id", "shown"),
    [
        ("", '""'),
        ("a b", '"a b"'),
        ("a/b", '"a/b"'),
        ("a:b", '"a:b"'),
        ("a\n", r'"a\n"'),
        ("\u00e9", r'"\u00e9"'),
        ("\u0663", r'"\u0663"'),  # a digit to Unicode
        ("\ud800", r'"\ud800"'),
        (7, "7"),
        (True, "true"),
        (None, "null"),
        (["a"], '["a"]'),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_an_unsound_id_is_refused_and_shown(item_id: object, shown: str) -> None:
    assert reason(message(id=item_id)) == f"id {ID_RULE}, not {shown}"


def test_an_id_of_81_characters_is_refused_and_shown_in_short() -> None:
    assert reason(message(id="a" * 81)) == f'id {ID_RULE}, not "{"a" * 56}...'


@pytest.mark.parametrize("secs", [0, 1, A_YEAR])
def test_a_baking_time_up_to_a_year_is_taken(secs: int) -> None:
    assert item(message(bakingTimeSecs=secs)).baking_time_secs == secs


@pytest.mark.parametrize(
    "shown",
    [
        "-1",
        str(A_YEAR + 1),
        "true",
        "false",
        "1.5",
        "-1.0",
        "1e+300",
        '"20"',
        '"soon"',
        "null",
        "[20]",
        '{"secs": 20}',
        "9" * 57 + "...",
    ],
)
def test_an_unsound_baking_time_is_refused_and_shown(shown: str) -> None:
    as_sent = {"9" * 57 + "...": "9" * 300}.get(shown, shown)
    body = f'{{"id": "margherita", "bakingTimeSecs": {as_sent}}}'
    assert reason(body) == f"{TIME_RULE}, not {shown}"


@pytest.mark.parametrize(("secs", "size"), [("20.0", "2"), ("2e1", "2"), ("0.2E2", "2.0"), ("20", "2e0")])
def test_a_whole_number_may_be_written_with_a_point_or_an_exponent_and_comes_out_without(
    secs: str, size: str
) -> None:
    taken = item(f'{{"id": "a", "bakingTimeSecs": {secs}, "size": {size}, "price": 1.50}}')

    assert (taken.baking_time_secs, taken.size) == (20, 2)
    assert taken.body == '{"id":"a","bakingTimeSecs":20,"size":2,"price":1.5}'
    assert item(taken.body) == taken


def test_whole_numbers_make_no_body_grow_beyond_64_kib() -> None:
    numbers = ",".join(["1e15"] * 12_000)
    body = f'{{"id": "a", "bakingTimeSecs": 1.0, "note": [{numbers}]}}'
    assert reason(body).startswith(
        "the item must be at most 65536 bytes once its numbers are written anew, not "
    )


@pytest.mark.parametrize("body", [message(), '{"type": "trigger"}'])
def test_a_byte_order_mark_before_a_message_is_dropped(body: str) -> None:
    assert parse("\ufeff" + body, CAPACITY) == parse(body, CAPACITY)
    assert read_object("\ufeff" + body) == json.loads(body)


def test_the_fields_of_a_message_are_read_however_large_it_is() -> None:
    assert read_object(of_bytes(1_048_576))["id"] == "big"


@pytest.mark.parametrize("size", [1, 13, 14])
def test_a_size_up_to_the_capacity_is_taken(size: int) -> None:
    assert item(message(size=size)).size == size


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0"),
        (-1, "-1"),
        (15, "15"),
        (True, "true"),
        (15.0, "15.0"),
        (2.5, "2.5"),
        ("2", '"2"'),
        (None, "null"),
        ([], "[]"),
    ],
)
def test_an_unsound_size_is_refused_and_shown(size: object, shown: str) -> None:
    assert reason(message(size=size)) == f"{SIZE_RULE}, not {shown}"


def test_the_largest_size_is_that_of_the_oven() -> None:
    assert item(message(size=3), capacity=3).size == 3
    assert reason(message(size=3), capacity=2).endswith("of slots from 1 to 2, not 3")


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, "id"),
        ({"bakingTimeSecs": 1}, "id"),
        ({"id": "a"}, "bakingTimeSecs"),
        ({"ID": "a", "bakingtimesecs": 1}, "id"),
    ],
)
def test_a_missing_field_is_named(fields: dict[str, object], missing: str) -> None:
    assert reason(json.dumps(fields)) == f"{missing} is missing"


@pytest.mark.parametrize("character", ["x", "\u00e9", "\U0001f355"])
def test_an_item_may_take_64_kib_and_not_a_byte_more(character: str) -> None:
    assert item(of_bytes(KIB_64, character)).id == "big"
    assert reason(of_bytes(KIB_64 + 1, character)) == "the item must be at most 65536 bytes, not 65537"


@pytest.mark.parametrize("body", ["[]", "[1, 2]", '"pizza"', "null", "5", "-1.5", "true"])
def test_json_that_is_no_object_is_refused_and_shown(body: str) -> None:
    assert reason(body) == f"the message must be a JSON object, not {body}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "Expecting value: column 1"),
        ("a pizza, please", "Expecting value: column 1"),
        ("{'id': 'a'}", "Expecting property name enclosed in double quotes: column 2"),
        ("{} {}", "Extra data: column 4"),
        ("\ufeff\ufeff{}", "Expecting value: column 1"),
        ('{"id": "a"; 1}\n', "Expecting ',' delimiter: column 11"),
        ('{"id": "a"\n "size": 1}', "Expecting ',' delimiter: line 2 column 2"),
        ('{"id": "a", "bakingTimeSecs": NaN}', "NaN is no JSON number"),
        ('{"id": "a", "bakingTimeSecs": Infinity}', "Infinity is no JSON number"),
        ('{"id": "a", "bakingTimeSecs": 1, "note": [-Infinity]}', "-Infinity is no JSON number"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: str, why: str) -> None:
    assert reason(body) == f"the message is not JSON: {why}"


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1.5e999"])
@pytest.mark.parametrize("name", ["bakingTimeSecs", "note"])
def test_a_number_beyond_all_floats_is_refused_and_shown(name: str, number: str) -> None:
    fields = {"id": '"a"', "bakingTimeSecs": "1", name: number}
    body = "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"
    assert reason(body) == f"the message holds a number that is too large: {number}"


@pytest.mark.parametrize("name", ["bakingTimeSecs", "size", "note"])
def test_a_number_of_10000_digits_is_refused(name: str) -> None:
    fields = {"id": '"a"', "bakingTimeSecs": "1", name: "9" * 10_000}
    body = "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"
    assert reason(body) == f"the message holds a number that is too large: {'9' * 40}..."


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("[" * 30_000 + "]" * 30_000, id="lists"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, id="objects"),
    ],
)
def test_an_item_that_is_nested_too_deeply_is_refused(note: str) -> None:
    body = f'{{"id": "a", "bakingTimeSecs": 1, "note": {note}}}'
    assert reason(body) == "the message is nested deeper than 100 levels"


def test_an_item_may_be_nested_100_levels_deep_and_hold_any_number_of_brackets() -> None:
    nested = "[" * 99 + "]" * 99
    assert item(f'{{"id": "a", "bakingTimeSecs": 1, "note": {nested}}}').id == "a"
    assert reason(f'{{"id": "a", "bakingTimeSecs": 1, "note": [{nested}]}}').endswith("100 levels")
    assert item(message(many=[[]] * 500, text='[{"' * 500)).id == "margherita"


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "a", "id": "b", "bakingTimeSecs": 2}',
        '{"bakingTimeSecs": 2, "note": {"id": 1, "id": 1}}',
    ],
)
def test_a_name_that_is_said_twice_is_refused(body: str) -> None:
    assert reason(body) == 'the message says a name twice: "id"'


OWN_FIELDS = {
    "text": 'Ñandú 🍕 \u2028 \t\n \\ "',
    "deep": {"list": [1, 2.5, -0.0, 1e-7, None, True, False, [], {}], "": ""},
    "big": 12_345_678_901_234_567_890_123_456_789,
    "Size": 99,
    "__proto__": None,
    "type": "pizza",
}


def test_the_senders_own_fields_come_out_as_they_came_in() -> None:
    body = message(**OWN_FIELDS)
    came_out = json.loads(item(body).body)
    assert came_out == json.loads(body)
    assert list(came_out) == list(json.loads(body))


@pytest.mark.parametrize("text", ["\ud800", "\udfff x", "\ufffe", "\uffff", "\x00", "\x1b[31m", "é\ud800é"])
def test_what_sqs_refuses_in_a_body_is_escaped_and_comes_out_the_same(text: str) -> None:
    body = parse_fields({"id": "a", "bakingTimeSecs": 1, "note": text}).body
    assert all(taken_by_sqs(character) for character in body)
    assert json.loads(body)["note"] == text


def taken_by_sqs(character: str) -> bool:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html."""
    return (
        character in "\t\n\r"
        or "\x20" <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )


def test_letters_of_every_script_are_left_as_they_are() -> None:
    fields = {"id": "a", "bakingTimeSecs": 1, "note": "Ñandú 披萨 🍕"}
    assert '"note":"Ñandú 披萨 🍕"' in parse_fields(fields).body


@pytest.mark.parametrize("key", ["id", "bakingTimeSecs", "size"])
def test_a_reason_is_printable_ascii_whatever_was_sent(key: str) -> None:
    text = reason(message(**{key: "\x00\n\ud800\uffff披🍕"}))
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        message(),
        message(size=2, **OWN_FIELDS),
        message(note="\ud800"),
        of_bytes(KIB_64, "\u00e9"),
    ],
    ids=["plain", "own fields", "lone surrogate", "full of letters"],
)
def test_an_item_that_was_taken_is_taken_again_as_it_is(body: str) -> None:
    once = item(body)
    assert item(once.body) == once


@pytest.mark.parametrize(
    "note",
    [json.dumps("\ud800")[:-1] + "披" * 20_000 + '"', "[" + ",".join(["1e15"] * 12_000) + "]"],
    ids=["letters beside a lone surrogate", "numbers with exponents"],
)
def test_an_item_that_would_grow_when_written_anew_is_taken_again(note: str) -> None:
    once = item(f'{{"id": "a", "bakingTimeSecs": 1, "note": {note}}}')
    assert item(once.body) == once


def test_only_what_sqs_refuses_is_escaped_when_an_item_is_written_anew() -> None:
    fields = {"id": "a", "bakingTimeSecs": 1, "note": "披\ud800披"}
    assert '"note":"披\\ud800披"' in parse_fields(fields).body


@pytest.mark.parametrize(
    ("body", "trigger"),
    [
        ('{"type": "trigger"}', Trigger()),
        (' { "type":"trigger" } ', Trigger()),
        ('{"type": "trigger", "item": "margherita"}', Trigger("margherita")),
        ('{"item": "margherita", "type": "trigger"}', Trigger("margherita")),
    ],
)
def test_a_trigger_is_read_with_the_item_it_names(body: str, trigger: Trigger) -> None:
    assert parse(body, CAPACITY) == trigger


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ('""', '""'),
        ('"a b"', '"a b"'),
        ("null", "null"),
        ("7", "7"),
        ('{"id": "a"}', '{"id": "a"}'),
    ],
)
def test_a_trigger_that_names_no_sound_id_is_refused(named: str, shown: str) -> None:
    assert reason(f'{{"type": "trigger", "item": {named}}}') == f"item {ID_RULE}, not {shown}"


@pytest.mark.parametrize(
    "body",
    [
        '{"type": "trigger", "note": 1}',
        '{"type": "trigger", "item": "a", "note": 1}',
        '{"type": "Trigger"}',
        '{"type": ["trigger"]}',
        '{"type": null}',
        '{"item": "a"}',
    ],
)
def test_what_only_resembles_a_trigger_is_an_item_without_an_id(body: str) -> None:
    assert reason(body) == "id is missing"


@pytest.mark.parametrize("own", [{"type": "trigger"}, {"type": "trigger", "item": "b"}, {"type": "calzone"}])
def test_an_item_may_have_a_type_of_its_own(own: dict[str, str]) -> None:
    parsed = item(message(**own))
    assert parsed.id == "margherita"
    assert json.loads(parsed.body).items() >= own.items()


def test_fields_alone_make_the_same_item() -> None:
    fields = json.loads(message(size=2, **OWN_FIELDS))
    made = parse_fields(fields)
    assert parse(made.body, CAPACITY) == made
    assert json.loads(made.body) == fields


def test_without_a_capacity_any_size_from_1_will_do() -> None:
    fields = {"id": "a", "bakingTimeSecs": 1}
    assert parse_fields({**fields, "size": 4_000_000}).size == 4_000_000
    with pytest.raises(MalformedItemError) as caught:
        parse_fields({**fields, "size": 0})
    assert str(caught.value) == "size must be a whole number of slots of at least 1, not 0"
