"""Waiting for an item: when it returns, when it gives up, and how often it looks."""

from collections.abc import Callable, Iterable
from itertools import chain, repeat

import pytest

from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage
from serverless_pizza_oven.operations.waiting import WaitError, wait_for

LEASE = BakingItem("a", 2, 100.0)


class Clock:
    """Time passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, secs: float) -> None:
        self.naps.append(secs)
        self.now += secs


def report(stage: ItemStage, since: float | None = 1.0, reason: str = "") -> ItemReport:
    return ItemReport("a", stage, since, LEASE if stage is ItemStage.BAKING else None, reason)


def looks(*stages: ItemStage) -> Callable[[], ItemReport]:
    """Each look finds the next stage, and then the last one again."""
    return looking(map(report, chain(stages, repeat(stages[-1]))))


def looking(reports: Iterable[ItemReport]) -> Callable[[], ItemReport]:
    found = iter(reports)
    return lambda: next(found)


def test_an_item_is_held_once_it_bakes_and_out_once_it_has_baked() -> None:
    way = (ItemStage.UNKNOWN, ItemStage.IN_LINE, ItemStage.BAKING, ItemStage.BAKED)
    clock = Clock()

    held = wait_for(looks(*way), Sign.HELD, clock, clock.sleep)
    out = wait_for(looks(*way), Sign.OUT, clock, clock.sleep)

    assert held.stage is ItemStage.BAKING
    assert out.stage is ItemStage.BAKED


def test_a_lease_without_an_execution_is_not_held() -> None:
    # As of a duplicate: its slots are taken back when its execution cannot be started.
    found = [
        report(ItemStage.BAKING, since=None),
        report(ItemStage.BAKING, since=None),
        report(ItemStage.BAKING),
    ]
    clock = Clock()

    assert wait_for(looking(found), Sign.HELD, clock, clock.sleep).since == 1.0
    assert len(clock.naps) == 2


@pytest.mark.parametrize("sign", Sign)
@pytest.mark.parametrize(
    ("stage", "words"), [(ItemStage.FAILED, "failed"), (ItemStage.REJECTED, "was rejected")]
)
def test_an_item_that_will_never_come_ends_the_wait_with_the_reason(
    sign: Sign, stage: ItemStage, words: str
) -> None:
    clock = Clock()
    with pytest.raises(WaitError, match=f"the item {words}: a: too large") as ended:
        wait_for(looking([report(stage, reason="too large")]), sign, clock, clock.sleep)

    assert ended.value.report.stage is stage


def test_who_waits_for_slots_is_told_that_they_are_free_again() -> None:
    clock = Clock()
    with pytest.raises(WaitError, match="its slots are free again, the item came out: a"):
        wait_for(looks(ItemStage.IN_LINE, ItemStage.BAKED), Sign.HELD, clock, clock.sleep)


@pytest.mark.parametrize(("sign", "words"), [(Sign.HELD, "in the oven"), (Sign.OUT, "out of the oven")])
def test_the_wait_ends_at_its_timeout_and_not_later(sign: Sign, words: str) -> None:
    clock = Clock()
    with pytest.raises(WaitError, match=f"not {words} within 2 min 30 s: a"):
        wait_for(looks(ItemStage.IN_LINE), sign, clock, clock.sleep, timeout_secs=150)

    assert clock.now == 150


def test_it_looks_each_second_in_the_first_minute_and_later_every_ten_seconds() -> None:
    clock = Clock()
    with pytest.raises(WaitError):
        wait_for(looks(ItemStage.IN_LINE), Sign.OUT, clock, clock.sleep, timeout_secs=3600)

    assert clock.naps[:60] == [1.0] * 60
    assert max(clock.naps) == clock.naps[-2] == 10


def test_each_change_is_told_once() -> None:
    told: list[ItemStage] = []
    clock = Clock()
    way = (ItemStage.UNKNOWN, ItemStage.UNKNOWN, ItemStage.IN_LINE, ItemStage.BAKING, ItemStage.BAKED)

    wait_for(looks(*way), Sign.OUT, clock, clock.sleep, on_change=lambda seen: told.append(seen.stage))

    assert told == [ItemStage.UNKNOWN, ItemStage.IN_LINE, ItemStage.BAKING]
