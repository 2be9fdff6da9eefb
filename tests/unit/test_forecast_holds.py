"""Forecasts of ovens whose items are held."""

import json
from typing import Any

import pytest

from serverless_pizza_oven import prices
from serverless_pizza_oven.cli import main
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import holders
from serverless_pizza_oven.forecast.arrivals import AtOnce
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast
from serverless_pizza_oven.forecast.run import forecast
from serverless_pizza_oven.forecast.workload import DrawnWorkload
from serverless_pizza_oven.operations import hold_waiting, lease_keeping, slot_holding
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.faults import MILD
from serverless_pizza_oven.simulator.latencies import Latencies
from serverless_pizza_oven.simulator.quotas import LARGE_REGION


def held(count: int, work_secs: int, lease_secs: int, capacity: int = 1) -> Forecast:
    """The forecast of an oven without a pilot light in which only holding takes time."""
    workload = DrawnWorkload(count, AtOnce(), Distribution.of(work_secs, work_secs))
    setup = Setup(capacity, pilot_light_secs=None)
    return forecast(ForecastRequest(workload, setup, LARGE_REGION, Latencies.none(), lease_secs=lease_secs))


def used(run: Forecast) -> holders.HoldUsage:
    assert run.usage.holds is not None
    return run.usage.holds


def test_work_of_less_than_a_third_of_its_lease_takes_no_extension_and_one_transition() -> None:
    run = held(20, work_secs=15, lease_secs=60, capacity=20)

    assert (run.out, run.dead, run.again) == (20, 0, 0)
    assert (used(run).extensions, used(run).rounds, used(run).lost) == (0, 0, 0)
    assert run.usage.transitions == 20


def test_extensions_and_rounds_are_those_worked_out_by_hand() -> None:
    run = held(1, work_secs=100, lease_secs=30)

    # The holder finds its slots after 1.125 s, and extends after 10 s, then every 10.3 s: it reads the row
    # 0.3 s after each. The ninth extension is at 93.525 s, the release at 101.125 s.
    assert (used(run).extensions, used(run).confirmations, used(run).looks) == (9, 9, 1)
    # At 30 s the lease ends at 51.425 s, then it ends at 72.025 s, 92.625 s and 113.225 s.
    assert used(run).rounds == 4
    assert run.usage.transitions == 1 + 4 * 3
    assert run.secs == pytest.approx(101.125)
    assert (run.out, run.dead) == (1, 0)


def test_who_waits_gets_the_slots_when_they_are_released_and_reads_the_row_until_then() -> None:
    run = held(2, work_secs=9, lease_secs=30)

    # Released after 9 s of work, which began after 1.125 s.
    assert run.waits.most == pytest.approx(10.125)
    assert used(run).looks == 1 + 9
    assert run.ideal_waits.most == 9
    assert used(run).describes == 2


def test_a_longer_lease_takes_fewer_extensions_and_rounds_and_frees_the_slots_of_the_dead_later() -> None:
    short, long = held(5, 600, lease_secs=30, capacity=5), held(5, 600, lease_secs=300, capacity=5)

    assert used(short).extensions > 9 * used(long).extensions
    assert used(short).rounds > 9 * used(long).rounds
    assert short.dollars > long.dollars
    assert used(short).slots_back_secs == (20, 30)
    assert used(long).slots_back_secs == (200, 300)


def test_a_round_costs_three_transitions_and_one_invocation() -> None:
    run = held(1, work_secs=100, lease_secs=30)

    cost = run.hold_cost
    assert cost is not None
    # The functions of this world take no time.
    assert cost.rounds == pytest.approx(4 * (3 * prices.TRANSITION.dollars + prices.INVOCATION.dollars))
    assert cost.waiting == pytest.approx(prices.READ_UNIT.dollars)
    # A message, at most a batch, an invocation, a write and a read for each.
    each = (
        3 * prices.STANDARD_REQUEST.dollars
        + prices.INVOCATION.dollars
        + prices.WRITE_UNIT.dollars
        + prices.READ_UNIT.dollars
    )
    assert cost.extensions == pytest.approx(9 * each)
    assert cost.extensions + cost.rounds + cost.waiting < run.dollars


def test_what_holders_request_is_counted_and_nothing_is_received_from_baked_items() -> None:
    run = held(4, work_secs=100, lease_secs=30, capacity=2)

    counts = {(each.resource, each.action, each.by): each.count for each in run.usage.requests}
    holds = used(run)
    assert counts["New Items", "SendMessage", "holders"] == 4 + holds.extensions + 4
    assert counts["Baking Table", "GetItem", "holders"] == holds.looks + holds.confirmations
    assert counts["Item States", "StopExecution", "functions"] == 4
    assert counts["New Items", "SendMessageBatch", "sender"] == 0
    assert counts["Baked Items", "ReceiveMessage", "receiver"] == 0


def test_with_faults_each_item_is_released_or_a_dead_letter() -> None:
    workload = DrawnWorkload(60, AtOnce(), Distribution.of(20, 200))
    run = forecast(ForecastRequest(workload, faults=MILD, lease_secs=30))

    assert run.out + run.dead >= 60
    assert run.out > 50


def test_items_that_bake_have_no_holders() -> None:
    run = forecast(ForecastRequest(DrawnWorkload(3)))

    assert run.usage.holds is None
    assert run.hold_cost is None
    assert "holders" not in {each.by for each in run.usage.requests}


def test_the_holders_do_what_the_client_does() -> None:
    assert holders.MIN_LEASE_SECS == slot_holding.MIN_LEASE_SECS
    assert holders.LOOK_SECS == hold_waiting.LOOK_EVERY_SECS * (1 + 1 / 8)
    assert holders.DESCRIBE_SECS == hold_waiting.DESCRIBE_EVERY_SECS * (1 + 1 / 8)
    assert holders.FIRST_CONFIRM_SECS == lease_keeping.FIRST_CONFIRM_SECS
    assert holders.MOST_CONFIRM_SECS == lease_keeping.MOST_PAUSE_SECS


# The command


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (ForecastOptions(lease="60"), "--lease is for items that are held: add --hold"),
        (ForecastOptions(hold=True, lease="4"), "--lease takes one time from 5 to 31449600 seconds, not 4"),
        (ForecastOptions(hold=True, lease="1m-5m"), "not 1m-5m"),
        (ForecastOptions(hold=True, lease="soon"), "--lease takes numbers such as"),
    ],
)
def test_a_lease_that_nobody_can_hold_is_refused(options: ForecastOptions, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_request(options)

    assert reason in str(refused.value)


@pytest.mark.parametrize(("lease", "secs"), [(None, 60), ("90", 90), ("5m", 300)])
def test_a_lease_is_a_time_and_a_minute_unless_told(lease: str | None, secs: int) -> None:
    assert read_request(ForecastOptions(hold=True, lease=lease)).lease_secs == secs
    assert read_request(ForecastOptions()).lease_secs is None


def test_a_lease_that_is_too_short_for_the_work_is_told() -> None:
    notes = read_request(ForecastOptions(hold=True, bake="7d")).workload.notes
    assert any(
        note.startswith("Too short a lease: an execution ends after about 2,500 rounds") for note in notes
    )

    assert not read_request(ForecastOptions(hold=True, bake="7d", lease="10m")).workload.notes
    assert not read_request(ForecastOptions(bake="7d")).workload.notes


def simulated(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    main(["simulate", *options])
    return capsys.readouterr().out


def test_the_table_tells_what_holding_costs(capsys: pytest.CaptureFixture[str]) -> None:
    told = simulated(capsys, "--hold", "--bake", "100", "--items", "20", "--compare", "--lease 10m")

    rows = {line.split("   ")[0].strip(): line for line in told.splitlines()}
    assert "slots are free after 40.0 s to 60.0 s" in rows["after a holder's death"]
    assert "slots are free after 6 min 40 s to 10 min 0 s" in rows["after a holder's death"]
    for label in ("Extensions", "Rounds", "Reads while waiting", "of that, extensions", "rounds"):
        assert "an item)" in rows[label]
    assert "A longer lease takes fewer extensions" in " ".join(told.split())


def test_without_hold_the_table_and_the_object_tell_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = simulated(capsys, "--items", "5")
    assert "Lease" not in told
    assert "holder" not in told

    assert json.loads(simulated(capsys, "--items", "5", "--json"))["held"] is None


def test_the_object_tells_what_holding_takes_and_costs(capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = json.loads(
        simulated(capsys, "--hold", "--lease", "30", "--bake", "100", "--items", "5", "--json")
    )["held"]

    assert told["leaseSeconds"] == 30
    assert told["deadHolderSeconds"] == [20, 30]
    assert (told["extensions"], told["leasesLost"]) == (45, 0)
    assert told["rounds"] >= 15
    assert told["dollarsPerMillionItems"].keys() == {"extensions", "rounds", "waiting"}
    assert told["dollarsPerMillionItems"]["rounds"] > 15 / 5 * 75
