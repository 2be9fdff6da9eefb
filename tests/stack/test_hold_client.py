"""Slots that are held by the Python client, on the local stack."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from serverless_pizza_oven import Oven
from serverless_pizza_oven.operations.hold_errors import HoldRefusedError, LeaseLostError, NotHeldInTimeError
from serverless_pizza_oven.operations.slot_holding import stack_requests
from tests.patience import eventually
from tests.stack.clients import Client
from tests.stack.ovens import TestOven, running_test_oven
from tests.stack.test_access import new_user, policy


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    with running_test_oven(2) as running:
        yield running


@pytest.fixture
def mine(oven: TestOven, monkeypatch: pytest.MonkeyPatch) -> Oven:
    """The oven as a holder knows it, who may do no more than the policy of the documentation allows."""
    for name, value in new_user(oven, policy("holder", oven)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", oven.endpoint_url)
    return Oven.of_stack("spo")


def test_slots_are_held_over_several_leases_and_released(mine: Oven, client: Client) -> None:
    waited = threading.Event()
    with mine.hold("held-over", size=2, lease_secs=6) as held:
        first = held.until
        eventually("two leases are over", lambda: waited.wait(0.5) or held.until > first + 12)
        assert not held.lost
        assert client.row().leases["held-over"].size == 2
    eventually("the slots are free", lambda: client.row().occupied == 0)
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])


def test_who_gives_up_is_cancelled_and_an_id_is_used_once(mine: Oven, client: Client) -> None:
    with mine.hold("first-of-two", size=2, lease_secs=30):
        with pytest.raises(NotHeldInTimeError), mine.hold("gives-up", lease_secs=30, wait_at_most=2):
            pytest.fail("the oven is full")
        with pytest.raises(NotHeldInTimeError, match="nothing was sent"), mine.hold(wait_at_most=0):
            pytest.fail("the oven is full")
    client.collect_until_quiet()
    with pytest.raises(HoldRefusedError, match="used before"), mine.hold("first-of-two"):
        pytest.fail("it was used")
    with pytest.raises(HoldRefusedError, match="released before it had slots"), mine.hold("gives-up"):
        pytest.fail("it was used")
    client.collect_until_quiet()
    assert client.dead == []


def test_a_holder_learns_that_somebody_released_it(mine: Oven, client: Client) -> None:
    told = threading.Event()

    def work() -> None:
        with mine.hold("released-by-another", lease_secs=6, on_lost=lambda _held: told.set()) as held:
            mine.release("released-by-another")
            assert told.wait(60)
            assert held.lost

    with pytest.raises(LeaseLostError, match="its slots were freed"):
        work()
    client.collect_until_quiet()


def test_two_coroutines_take_turns(mine: Oven, client: Client) -> None:
    inside: list[int] = []

    async def work() -> None:
        async with mine.hold_async(size=2, lease_secs=10):
            inside.append(1)
            assert len(inside) == 1
            await asyncio.sleep(0.2)
            inside.pop()

    async def both() -> None:
        await asyncio.gather(work(), work())

    asyncio.run(both())
    client.collect_until_quiet()


def test_a_lease_is_extended_by_hand(mine: Oven, client: Client) -> None:
    with mine.hold("extended-by-hand", lease_secs=30):
        before = client.row().leases["extended-by-hand"].until
        mine.extend("extended-by-hand", 600)
        eventually("it ends later", lambda: client.row().leases["extended-by-hand"].until > before + 500)
    client.collect_until_quiet()


def test_the_time_of_aws_is_read_from_its_answers(oven: TestOven) -> None:
    # A holder's wall clock may be wrong by hours.
    requests = stack_requests(oven.aws, oven.stack, 60)
    requests._wall_clock = lambda: 0.0  # type: ignore[attr-defined]  # noqa: SLF001
    assert requests.look("nobody").read_before > 1_700_000_000
