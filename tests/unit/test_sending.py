"""Reading items, refusing them before they are sent, and messages that SQS refuses at first."""

import json
from collections.abc import Iterator

import pytest

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item
from serverless_pizza_oven.cli.assignments import read_fields
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.sending import BadLineError, read_item, read_items, read_lines, send
from serverless_pizza_oven.queue_client import ATTEMPTS, NotSentError
from tests.unit.mortal_sqs import Sqs
from tests.unit.streams import endless_pipe, pipe, stream

CAPACITY = 14
SOUND = '{"id": "a", "bakingTimeSecs": 1}'


def read(content: str | bytes) -> list[Item]:
    return [item for some in read_items(read_lines(stream(content)), "f.jsonl", CAPACITY) for item in some]


def items(count: int) -> list[Item]:
    return [read_item(json.dumps({"id": f"i{n}", "bakingTimeSecs": 0}), CAPACITY) for n in range(count)]


# Files


@pytest.mark.parametrize(
    "content",
    [
        SOUND,
        f"{SOUND}\n",
        f"{SOUND}\r\n",
        f"\n  \n\t\r\n{SOUND}\n\n",
        f"\ufeff{SOUND}",
        f"   {SOUND}  ",
    ],
)
def test_blank_lines_line_ends_and_a_byte_order_mark_are_no_part_of_an_item(content: str) -> None:
    assert [item.body for item in read(content)] == [SOUND]


def test_an_empty_file_has_no_items() -> None:
    assert read("") == []


def test_an_item_keeps_its_own_fields_in_any_language() -> None:
    written = '{"id": "é-free", "bakingTimeSecs": 1, "note": "Quattro 🍕 è così", "n": 1.50}'.replace(
        "é-", ""
    )
    assert [item.body for item in read(written)] == [written]


def test_what_sqs_would_refuse_in_a_text_is_escaped() -> None:
    (item,) = read('{"id": "a", "bakingTimeSecs": 1, "note": "\uffff"}')
    assert item.body == '{"id": "a", "bakingTimeSecs": 1, "note": "\\uffff"}'


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (f"{SOUND}\nno json", "f.jsonl:2: the message is not JSON"),
        (f"\n\n{SOUND}\n\n[1]", "f.jsonl:5: the message must be a JSON object, not [1]"),
        ('{"id": "big", "bakingTimeSecs": 1, "size": 15}', "f.jsonl:1: size must be a whole number of slots"),
        ('{"bakingTimeSecs": 1}', "f.jsonl:1: id is missing"),
        (f"{SOUND}\n\n{SOUND}", "f.jsonl:3: the id a is that of line 1, too, and an id bakes once"),
        ('{"type": "trigger"}', "f.jsonl:1: a trigger is no item: oven trigger sends one"),
        (SOUND.encode("utf-16"), "f.jsonl:1: the file is UTF-16, not UTF-8: convert it"),
        (b'{"id": "\xff"}', "f.jsonl:1: the line is not UTF-8"),
        ('{\n"id": "a"\n}', "write one item per line, as jq -c . does, or of an array jq -c '.[]'"),
        (f"[{SOUND}]", "write one item per line"),
        (
            f"[{SOUND}," + " " * 2_000_000,
            "longer than 1 MiB, and an item has at most 65536 bytes: write one item",
        ),
        (
            "id;bakingTimeSecs",
            "f.jsonl:1: the message is not JSON: Expecting value: column 1: each line must be",
        ),
        (SOUND[:-1] + ', "x": "' + "x" * 1_000_000 + '"}', "f.jsonl:1: the item must be at most 65536 bytes"),
    ],
)
def test_a_bad_line_is_told_with_its_file_and_number(content: str | bytes, error: str) -> None:
    with pytest.raises(BadLineError) as refused:
        read(content)
    assert error in str(refused.value)


def test_lines_of_a_pipe_are_read_as_they_come() -> None:
    lines = read_lines(pipe(b'{"id": "a"}\n{"id"', b': "b"}\n', b'{"id": "c"}'))
    assert list(lines) == [[b'{"id": "a"}'], [b'{"id": "b"}'], [], [b'{"id": "c"}']]


def test_the_items_before_a_bad_line_of_a_pipe_are_read() -> None:
    batches = read_items(read_lines(pipe(f"{SOUND}\nno json\n".encode())), "standard input", CAPACITY)
    assert [item.id for item in next(batches)] == ["a"]
    with pytest.raises(BadLineError, match="standard input:2: "):
        next(batches)


def test_of_a_line_without_an_end_only_the_beginning_is_read() -> None:
    chunks_read = 0

    def endless() -> Iterator[bytes]:
        nonlocal chunks_read
        while True:
            chunks_read += 1
            yield b"[" * 65_536

    with pytest.raises(BadLineError, match="standard input:1: the line is longer than 1 MiB"):
        list(read_items(read_lines(endless_pipe(endless())), "standard input", CAPACITY))
    assert chunks_read < 20


# Fields


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=7", 7),
        ("x=1.5", 1.5),
        ("x=true", True),
        ("x=null", None),
        ("x=[1, 2]", [1, 2]),
        ('x="7"', "7"),
        ("x=seven", "seven"),
        ("x=007", "007"),
        ("x=a=b", "a=b"),
        ("x=", ""),
        ("x=" + "[" * 100_000, "[" * 100_000),
    ],
)
def test_a_field_is_json_or_else_text(text: str, value: object) -> None:
    assert read_fields("--field", [text]) == {"x": value}


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (["x"], "--field takes NAME=VALUE, not 'x'"),
        (["=x"], "--field takes NAME=VALUE, not '=x'"),
        (["x=1", "x=2"], "--field x is given twice"),
    ],
)
def test_a_field_that_is_none_is_refused(texts: list[str], error: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_fields("--field", texts)
    assert str(refused.value) == error


# Sending


def test_items_are_sent_ten_to_a_request_and_told_when_they_are_safe() -> None:
    sqs = Sqs("new")
    told = []
    for sent in send(sqs.queue("new"), items(23)):
        told += sent
        assert len(sqs.bodies("new")) == len(told)
    assert told == items(23)
    assert sqs.requests == ["send"] * 3


def test_what_sqs_does_not_take_of_a_batch_is_sent_again_after_a_pause() -> None:
    sqs = Sqs("new")
    moments = []

    def refused(body: str) -> bool:
        moments.append(sqs.loop.now)
        return len(moments) <= 15

    sqs.refused = refused
    list(send(sqs.queue("new"), items(10)))

    assert sorted(sqs.bodies("new")) == [item.body for item in items(10)]
    assert len(set(moments)) == 3


def test_what_sqs_never_takes_is_not_told_as_sent_and_ends_it() -> None:
    sqs = Sqs("new")
    sqs.refused = lambda body: '"i3"' in body
    sending = send(sqs.queue("new"), items(12))

    told = [item.id for item in next(sending)]
    with pytest.raises(NotSentError, match="sending to new: InternalError"):
        next(sending)

    assert told == [f"i{n}" for n in range(10) if n != 3]
    assert sqs.requests == ["send"] * ATTEMPTS


def test_an_item_that_the_oven_would_reject_is_refused() -> None:
    with pytest.raises(MalformedItemError, match="size must be a whole number of slots from 1 to 3"):
        read_item('{"id": "a", "bakingTimeSecs": 1, "size": 4}', capacity=3)
