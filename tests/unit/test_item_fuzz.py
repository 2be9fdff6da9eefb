"""The parser with random garbage: each message is an item, a trigger, or refused with a reason."""

import json
import random
from collections.abc import Callable

import pytest

from pizza_oven.aws.queues import MAX_REASON_CHARS
from pizza_oven.errors import MalformedItemError
from pizza_oven.item import MAX_BAKING_TIME_SECS, Item, ItemRelease, LeaseExtension, Trigger, parse
from pizza_oven.strict_json import MAX_ITEM_BYTES
from tests.garbage import KINDS

CAPACITY = 14
EACH = 2000


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_is_an_item_a_trigger_or_refused_in_a_line(kind: Callable[[random.Random], str]) -> None:
    chooser = random.Random(kind.__name__)
    for _ in range(EACH):
        body = kind(chooser)
        content = read(body)
        if isinstance(content, Item):
            assert is_sound(content, body)
        elif isinstance(content, MalformedItemError):
            assert "\n" not in str(content)
            assert len(str(content)) < MAX_REASON_CHARS


MARK = "1234567890123456789"


@pytest.mark.parametrize(
    "body",
    [
        MARK,
        f'"{MARK}',
        f'["{MARK}"]',
        f'{{"id": [{MARK}]}}',
        f'{{"{MARK}": 1, "{MARK}": 2}}',
        f'{{"type": "trigger", "item": {MARK}}}',
        f'{{"id": "a", "bakingTimeSecs": "{MARK}"}}',
        f'{{"id": "a", "bakingTimeSecs": 1, "size": {MARK}}}',
        f'{{"id": "a", "bakingTimeSecs": 1, "price": {MARK}e999}}',
        f'{{"id": "a", "bakingTimeSecs": 1, "price": {MARK * 20}}}',
    ],
)
def test_what_the_log_is_told_of_a_bad_message_is_no_part_of_it(body: str) -> None:
    refusal = read(body)

    assert isinstance(refusal, MalformedItemError)
    assert MARK not in refusal.rule
    assert str(refusal).startswith(refusal.rule)


def read(body: str) -> Item | Trigger | LeaseExtension | ItemRelease | MalformedItemError:
    try:
        return parse(body, CAPACITY)
    except MalformedItemError as error:
        return error


def is_sound(item: Item, body: str) -> bool:
    fields = json.loads(body)
    return (
        item.body == body
        and len(body.encode()) <= MAX_ITEM_BYTES
        and fields["id"] == item.id
        and 1 <= len(item.id) <= 80
        and 0 <= item.baking_time_secs <= MAX_BAKING_TIME_SECS
        and 1 <= item.size <= CAPACITY
    )
