"""Holding slots while a block runs: that they are released whatever happens, and how a loss is told."""

import asyncio
import threading
from contextlib import AbstractContextManager
from typing import Any

import pytest

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.hold_errors import HoldRefusedError, LeaseLostError, NotHeldInTimeError
from serverless_pizza_oven.operations.slot_holding import (
    HeldSlots,
    HoldTerms,
    OnLost,
    holding,
    holding_async,
)
from tests.unit.held_oven import HeldOven
from tests.unit.test_hold_waiting import fill


@pytest.fixture
def oven() -> HeldOven:
    return HeldOven(capacity=3)


def hold(
    oven: HeldOven,
    on_lost: OnLost | None = None,
    give_up: threading.Event | None = None,
    claim: str = "c1",
    **terms: Any,
) -> AbstractContextManager[HeldSlots]:
    return holding(
        oven,
        oven.capacity,
        HoldTerms("mine", claim, **terms),
        oven.timing,
        give_up or threading.Event(),
        on_lost,
    )


def rest(oven: HeldOven) -> None:
    """Let the oven handle what was sent."""
    oven.run(1)
    oven.run(1)


def test_slots_are_held_in_the_block_and_released_after_it(oven: HeldOven) -> None:
    with hold(oven, size=2, holder="me@here") as held:
        assert (held.id, held.size, held.lost) == ("mine", 2, False)
        assert oven.table.row.occupied == 2
        assert held.until == oven.table.row.leases["mine"].until
        assert '"holder":"me@here"' in oven.executions.bakings["mine"].item.body
    rest(oven)

    assert oven.table.row.occupied == 0
    assert oven.executions.bakings["mine"].cause == "Oven.Released"
    assert oven.letters() == []


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt, SystemExit])
def test_slots_are_released_when_the_block_raises(oven: HeldOven, error: type[BaseException]) -> None:
    with pytest.raises(error), hold(oven):
        raise error
    rest(oven)

    assert oven.table.row.occupied == 0


def test_an_item_that_is_not_waited_for_any_more_never_gets_slots(oven: HeldOven) -> None:
    fill(oven, secs=60)

    with pytest.raises(NotHeldInTimeError), hold(oven, wait_at_most_secs=10):
        pytest.fail("the oven is full")
    oven.settle(200)

    assert oven.running() == []
    assert [record for record in oven.records.taken if record[0] == "loaded"] == [("loaded", "first")]
    assert oven.letters() == []
    assert oven.table.row.waiting == 0


def test_ctrl_c_while_it_waits_cancels_the_item(oven: HeldOven) -> None:
    fill(oven, secs=60)

    def interrupt() -> None:
        raise KeyboardInterrupt

    oven.loop.call_later(5_000_000, interrupt)
    with pytest.raises(KeyboardInterrupt), hold(oven):
        pytest.fail("the oven is full")
    oven.settle(200)

    assert ("loaded", "mine") not in oven.records.taken


def test_a_holder_that_is_refused_does_not_release_the_slots_of_another(oven: HeldOven) -> None:
    with hold(oven):
        with pytest.raises(HoldRefusedError), hold(oven, claim="c2"):
            pytest.fail("the id is used")
        rest(oven)
        assert oven.running() == ["mine"]


def test_an_item_whose_holder_was_killed_becomes_a_dead_letter_when_it_has_waited_too_long(
    oven: HeldOven,
) -> None:
    fill(oven, secs=100)
    oven.send(HoldTerms("mine", "c1", wait_at_most_secs=10).item(3).body)

    oven.settle(200)

    (letter,) = oven.letters()
    assert "longer than waitAtMostSecs, 40 s" in str(letter[1])


def test_a_loss_is_raised_when_the_block_has_ended_and_not_within(oven: HeldOven) -> None:
    told: list[bool] = []

    def work() -> None:
        with hold(oven, on_lost=lambda held: told.append(held.lost)) as held:
            oven.pause(threading.Event(), 30)
            assert not held.lost
            oven.pause(threading.Event(), 30)
            assert held.lost
            assert held.secs_left == 0

    with pytest.raises(LeaseLostError, match="no extension of its lease"):
        work()
    assert told == [True]


def test_an_error_of_the_block_comes_before_a_loss_which_is_a_note_to_it(oven: HeldOven) -> None:

    def work() -> None:
        with hold(oven):
            oven.pause(threading.Event(), 60)
            raise ArithmeticError

    with pytest.raises(ArithmeticError) as raised:
        work()
    assert "the slots of mine may have been somebody else's" in raised.value.__notes__[0]


def test_a_release_is_sent_when_the_network_is_back(oven: HeldOven) -> None:
    with hold(oven):
        oven.away_until = oven.now() + 15
    rest(oven)

    assert oven.table.row.occupied == 0


def test_a_release_that_fails_is_a_warning(oven: HeldOven, caplog: pytest.LogCaptureFixture) -> None:
    with hold(oven):
        oven.is_away = True

    assert "mine was not released, its slots are free when its lease ends" in caplog.text


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"lease_secs": 4}, "a lease has at least 5 seconds, not 4"),
        ({"wait_at_most_secs": -1}, "must not be negative"),
        ({"at_most_secs": -1}, "must not be negative"),
    ],
)
def test_terms_that_cannot_be_are_refused(oven: HeldOven, terms: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words), hold(oven, **terms):
        pytest.fail("nothing is held")
    assert oven.sent == []


# asyncio. The waiting is in another thread, where this oven's time does not pass: it has slots at once.


class QuickOven(HeldOven):
    """Whatever is sent is handled at once, and pauses of any thread are short."""

    def send(self, *bodies: str) -> None:
        super().send(*bodies)
        self.run(0)

    def pause(self, event: threading.Event, secs: float) -> bool:
        return event.wait(min(secs, 0.01))


def start(oven: HeldOven, on_lost: OnLost | None = None) -> Any:
    return holding_async(lambda give_up, tell: hold(oven, tell, give_up), on_lost)


def test_slots_are_held_and_released_in_a_coroutine() -> None:
    oven = QuickOven(3)

    async def work() -> int:
        async with start(oven) as held:
            assert held.id == "mine"
            return oven.table.row.occupied

    assert asyncio.run(work()) == 1
    oven.run(1)
    assert oven.table.row.occupied == 0


def test_an_error_of_a_coroutine_releases_the_slots() -> None:
    oven = QuickOven(3)

    async def work() -> None:
        async with start(oven):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        asyncio.run(work())
    oven.run(1)
    assert oven.table.row.occupied == 0


def test_a_coroutine_that_is_cancelled_while_it_waits_cancels_its_item() -> None:
    oven = QuickOven(3)
    fill(oven)

    async def wait() -> None:
        async with start(oven):
            pytest.fail("the oven is full")

    async def work() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(work())
    assert oven.sent[-1] == '{"type": "release", "item": "mine"}'


def test_a_loss_is_told_in_the_event_loop() -> None:
    oven = QuickOven(3)
    told: list[threading.Thread] = []

    async def work() -> None:
        async with start(oven, lambda _held: told.append(threading.current_thread())) as held:
            oven.pass_time(70)
            assert held.lost
            await asyncio.sleep(0.05)

    with pytest.raises(LeaseLostError):
        asyncio.run(work())
    assert told == [threading.main_thread()]
