"""Extending a lease by hand."""

import json

import pytest

from serverless_pizza_oven.operations.extending import CONFIRM_SECS, NotExtendedError, extend
from tests.unit.held_oven import HeldOven


@pytest.fixture
def oven() -> HeldOven:
    made = HeldOven(capacity=3)
    made.bake(json.dumps({"id": "mine", "bakingTimeSecs": 60, "hold": True}))
    made.run(30)
    return made


@pytest.mark.parametrize(("secs", "expected"), [(None, 60), (900, 900)])
def test_a_lease_is_extended_by_its_own_length_or_by_another(
    oven: HeldOven, secs: int | None, expected: int
) -> None:
    asked_at = oven.loop.seconds()

    until = extend(oven, "mine", secs, oven.timing)

    assert until == oven.table.row.leases["mine"].until
    assert until == pytest.approx(asked_at + expected, abs=1)


def test_a_lease_that_ends_later_already_is_told_and_nothing_is_sent(oven: HeldOven) -> None:
    assert extend(oven, "mine", 10, oven.timing) == oven.table.row.leases["mine"].until
    assert oven.sent == []


@pytest.mark.parametrize("item_id", ["nobody", "timer"])
def test_what_is_not_held_is_not_extended(oven: HeldOven, item_id: str) -> None:
    oven.bake(json.dumps({"id": "timer", "bakingTimeSecs": 60}))

    with pytest.raises(NotExtendedError, match=f"{item_id} is not held"):
        extend(oven, item_id, 60, oven.timing)
    assert oven.sent == []


def test_a_lease_that_has_ended_is_not_extended(oven: HeldOven) -> None:
    oven.table.expire("mine", now=oven.table.row.leases["mine"].until)

    with pytest.raises(NotExtendedError, match="mine is not held"):
        extend(oven, "mine", 60, oven.timing)
    assert oven.sent == []


def test_an_extension_that_takes_no_effect_is_an_error(oven: HeldOven) -> None:
    oven.bake(json.dumps({"id": "long", "bakingTimeSecs": 600, "hold": True}))
    oven.deliver = lambda: False  # type: ignore[method-assign]

    with pytest.raises(NotExtendedError, match=f"has not taken effect in {CONFIRM_SECS:g} s"):
        extend(oven, "long", 900, oven.timing)
