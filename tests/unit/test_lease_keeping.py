"""Keeping a lease: when it is extended, and when it counts as lost."""

import json
import threading

import pytest

from pizza_oven.item import Item, ItemRelease, LeaseExtension, parse
from serverless_pizza_oven.operations.hold_waiting import SlotWaiter
from serverless_pizza_oven.operations.lease_keeping import LeaseKeeper
from tests.unit.held_oven import HeldOven

MARGIN_SECS = 3
"""At most so long before the end of a lease its holder counts it as lost: skew, and a second of rounding."""


class Holder:
    """Holds slots of an oven, and works until it is told to stop."""

    def __init__(
        self, oven: HeldOven, lease_secs: int = 60, at_most_secs: float | None = None, warn_secs: float = 0
    ) -> None:
        self.oven = oven
        fields = {"id": "mine", "bakingTimeSecs": lease_secs, "hold": True}
        item = parse(json.dumps(fields), None)
        assert isinstance(item, Item)
        term = SlotWaiter(oven, item, oven.capacity, threading.Event(), oven.timing).wait(None)
        self.held_at = oven.now()
        self.lost_at: float | None = None
        """In seconds after the slots were held."""
        self.row_until_at_loss = 0.0
        self.keeper = LeaseKeeper(
            oven,
            "mine",
            lease_secs,
            term,
            at_most_secs=at_most_secs,
            warn_secs=warn_secs,
            on_lost=self._on_lost,
            timing=oven.timing,
        )

    def work(self, secs: float) -> None:
        """Let time pass, with the lease extended; both threads of a keeper are in this one."""
        self.oven.loop.call_later(round(secs * 1e6), self.keeper.stop)
        self._look_out()
        self.keeper.keep()

    def _look_out(self) -> None:
        if not self.keeper.lost_reason:
            self.oven.loop.call_later(100_000, self._look_out)

    def _on_lost(self) -> None:
        self.lost_at = self.oven.now() - self.held_at
        lease = self.oven.table.row.leases.get("mine")
        self.row_until_at_loss = lease.until - self.oven.loop.seconds() if lease else 0.0

    @property
    def extensions_sent(self) -> int:
        return sum('"extend"' in body for body in self.oven.sent)


@pytest.fixture
def oven() -> HeldOven:
    return HeldOven(capacity=3)


def test_a_lease_is_extended_at_each_third_of_it_and_the_slots_stay_held(oven: HeldOven) -> None:
    holder = Holder(oven)

    holder.work(200)

    assert holder.lost_at is None
    assert oven.running() == ["mine"]
    assert 8 <= holder.extensions_sent <= 10
    assert holder.keeper.until > oven.loop.seconds() + 35
    assert oven.letters() == []


@pytest.mark.parametrize("away_at", [0.5, 19.9, 20.2, 45])
def test_a_network_that_is_away_for_half_a_lease_is_survived(oven: HeldOven, away_at: float) -> None:
    holder = Holder(oven, warn_secs=5)
    oven.loop.call_later(
        round(away_at * 1e6), lambda: setattr(oven, "away_until", holder.held_at + away_at + 30)
    )

    holder.work(150)

    assert holder.lost_at is None
    assert oven.running() == ["mine"]


def test_a_lease_counts_as_lost_before_it_ends_when_no_extension_gets_through(oven: HeldOven) -> None:
    holder = Holder(oven)
    oven.is_away = True

    holder.work(150)

    assert holder.lost_at is not None
    assert 1 <= holder.row_until_at_loss <= MARGIN_SECS
    assert "no extension of its lease of 60 s was confirmed in time: asking: " in holder.keeper.lost_reason


def test_an_extension_that_is_sent_and_not_handled_keeps_nothing(oven: HeldOven) -> None:
    holder = Holder(oven)
    oven.deliver = lambda: False  # type: ignore[method-assign]

    holder.work(150)

    assert holder.lost_at == pytest.approx(57, abs=2)
    assert "was confirmed in time" in holder.keeper.lost_reason


def test_a_warning_comes_so_much_earlier(oven: HeldOven) -> None:
    holder = Holder(oven, warn_secs=5)
    oven.is_away = True

    holder.work(150)

    assert 6 <= holder.row_until_at_loss <= MARGIN_SECS + 5


def test_a_lease_that_somebody_releases_is_lost_at_the_next_look(oven: HeldOven) -> None:
    holder = Holder(oven)
    oven.loop.call_later(2_000_000, oven.new.send, ItemRelease("mine").body)

    holder.work(150)

    assert holder.lost_at == pytest.approx(20, abs=2)
    assert holder.keeper.lost_reason.startswith("its slots were freed")
    assert holder.keeper.secs_left == 0


def test_slots_are_held_for_so_long_at_most(oven: HeldOven) -> None:
    holder = Holder(oven, at_most_secs=100)

    holder.work(150)

    assert holder.lost_at == pytest.approx(100, abs=0.2)
    assert holder.keeper.lost_reason == "it was held for 100 s, the most that was allowed"


def test_a_longer_extension_of_somebody_else_is_kept(oven: HeldOven) -> None:
    holder = Holder(oven)
    oven.new.send(LeaseExtension("mine", 3600).body)

    holder.work(150)

    assert holder.lost_at is None
    assert holder.extensions_sent <= 8
    assert len(oven.looked_at) <= 10
    assert holder.keeper.secs_left > 3400


def test_a_loss_is_told_even_while_a_request_hangs(oven: HeldOven) -> None:
    holder = Holder(oven)

    holder.keeper.watch()

    assert holder.lost_at == pytest.approx(57, abs=2)


def test_what_was_held_to_the_end_is_not_lost_afterwards(oven: HeldOven) -> None:
    holder = Holder(oven)
    holder.work(10)

    oven.run(100)

    assert holder.keeper.lost_reason == ""
