"""Forecasts of ovens so small that the result can be computed by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from serverless_pizza_oven.forecast.arrivals import AtOnce, read_arrivals
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.document import document, rounded
from serverless_pizza_oven.forecast.file_workload import read_workload
from serverless_pizza_oven.forecast.ideal import IdealOven
from serverless_pizza_oven.forecast.input_file import InputFile
from serverless_pizza_oven.forecast.recording import POINTS, TimeSeries
from serverless_pizza_oven.forecast.report import notes_on_limits
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast
from serverless_pizza_oven.forecast.run import EndlessError, ForecastRun, forecast, percentile
from serverless_pizza_oven.forecast.run_cost import costs_of, per_million_items
from serverless_pizza_oven.forecast.run_usage import FunctionUsage, RunUsage
from serverless_pizza_oven.forecast.workload import DrawnWorkload, Workload
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.faults import MILD, NONE, ROUGH, Faults
from serverless_pizza_oven.simulator.latencies import Latencies
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, Quotas

DAY_SECS = 24 * 3600


def drawn(count: int, arrivals: str = "at-once", bake: str = "10", size: str = "1") -> DrawnWorkload:
    return DrawnWorkload(
        count, read_arrivals(arrivals) or AtOnce(), Distribution.read(bake), Distribution.read(size)
    )


def timeless(workload: Workload, capacity: int = 1, quotas: Quotas = LARGE_REGION) -> Forecast:
    """The forecast of an oven without a pilot light in which only baking takes time."""
    setup = Setup(capacity, pilot_light_secs=None)
    return forecast(ForecastRequest(workload, setup, quotas, Latencies.none()))


@pytest.fixture(scope="module")
def three() -> Forecast:
    """Three items of 10 s at once, in an oven of one slot."""
    return timeless(drawn(3))


# Times


def test_times_and_the_line_are_those_worked_out_by_hand(three: Forecast) -> None:
    waits = three.waits

    assert (three.sent, three.out, three.again, three.copies, three.dead) == (3, 3, 0, 0, 0)
    assert (three.secs, three.ideal_secs, three.times_ideal) == (30, 30, 1)
    assert (waits.mean, waits.p50, waits.p90, waits.p99, waits.most) == (10, 10, 20, 20, 20)
    # Two for 10 s, then one for 10 s, then none.
    assert (three.most_waiting, three.mean_waiting) == (3, 1)
    assert (three.throughput, three.utilisation) == (0.1, 1)
    assert three.limits == ()


def test_larger_items_count_with_their_slots() -> None:
    two = timeless(drawn(2, size="2"), capacity=3)

    assert two.secs == 20
    assert two.utilisation == pytest.approx(2 / 3)


def test_the_series_shows_who_waits_bakes_and_is_out(three: Forecast) -> None:
    series = three.series
    places = [series.secs.index(secs) for secs in (0, 5, 15, 25)]

    assert [series.sent[place] for place in places] == [0, 3, 3, 3]
    assert [series.waiting[place] for place in places] == [0, 2, 1, 0]
    assert [series.baking[place] for place in places] == [0, 1, 1, 1]
    assert [series.occupied[place] for place in places] == [0, 1, 1, 1]
    assert [series.out[place] for place in places] == [0, 0, 1, 2]
    assert series.out[-1] == 3


def test_a_long_series_keeps_its_points_at_equal_distances() -> None:
    series = TimeSeries()
    number = 0
    while number * 100_000 < 10**9:
        series.add(number, 0, 0, 0, 0)
        number += series.step // 100_000

    assert POINTS / 2 < len(series.sent) <= POINTS
    assert series.sent == [round(secs * 10) for secs in series.secs]


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 5), (90, 9), (91, 10), (99, 10), (100, 10), (1, 1), (10, 1), (11, 2)]
)
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent: int, value: int) -> None:
    assert percentile(range(1, 11), percent) == value


def test_the_ideal_oven_lets_nobody_overtake_a_large_item() -> None:
    oven = IdealOven(3)
    oven.bake(0, 10, size=2)
    oven.bake(0, 5, size=3)
    oven.bake(0, 1)
    assert oven.last_out == 16

    oven.bake(100, 7, size=3)
    assert oven.last_out == 107


# Money


def test_requests_and_costs_are_those_worked_out_by_hand(three: Forecast) -> None:
    requests = {(each.resource, each.action, each.by): each.count for each in three.usage.requests}

    assert {key: count for key, count in requests.items() if count} == {
        ("New Items", "SendMessageBatch", "sender"): 1,
        # One that receives the items, and those of 5 pollers in 30 s.
        ("New Items", "ReceiveMessage", "event source"): 1 + 7,
        ("New Items", "DeleteMessageBatch", "event source"): 1,
        ("Waiting Items", "SendMessageBatch", "functions"): 1,
        ("Waiting Items", "ReceiveMessage", "functions"): 2,
        ("Waiting Items", "DeleteMessageBatch", "functions"): 2,
        ("Baked Items", "SendMessage", "functions"): 3,
        ("Baked Items", "ReceiveMessage", "receiver"): 1,
        ("Baked Items", "DeleteMessageBatch", "receiver"): 1,
        # Load and join, answer; an unload each; and two loads from the line.
        ("Baking Table", "UpdateItem", "functions"): 7,
        ("Item States", "StartExecution", "functions"): 3,
        ("BakeItems", "Invoke", "event source"): 1,
        ("ItemRemoved", "Invoke", "Step Functions"): 3,
    }
    assert (three.usage.transitions, three.usage.write_units, three.usage.billed_secs) == (6, 7, 0)
    assert {cost.service: cost.dollars for cost in three.costs} == pytest.approx(
        {
            "Step Functions": 6 * 0.025 / 1000,
            "SQS": 15 * 0.40e-6 + 5 * 0.50e-6,
            "DynamoDB": 7 * 0.625e-6,
            "Lambda": 4 * 0.20e-6,
            "CloudWatch": 3 * 2e-6 * 0.50,
        }
    )
    assert three.dollars_per_million_items == pytest.approx(three.dollars / 3 * 1_000_000)


def test_functions_are_billed_for_their_time_and_their_cold_starts() -> None:
    slow = replace(Latencies.none(), cold_start=Latencies.none().poll.always(400))
    (bake_items, item_removed) = forecast(
        ForecastRequest(drawn(1), Setup(1, pilot_light_secs=None), latencies=slow)
    ).usage.functions

    assert (bake_items.invocations, bake_items.cold_starts, bake_items.billed_secs) == (1, 1, 0.4)
    assert (item_removed.invocations, item_removed.cold_starts, item_removed.billed_secs) == (1, 1, 0.4)


def test_the_pilot_light_costs_while_an_oven_does_nothing() -> None:
    lit, unlit = (
        forecast(ForecastRequest(drawn(1, bake="600"), Setup(1, pilot_light_secs=secs)))
        for secs in (60, None)
    )

    sent = [
        [requests.count for requests in each.usage.requests if requests.by == "EventBridge"]
        for each in (lit, unlit)
    ]
    assert sent == [[10], [0]]
    assert lit.usage.invocations == unlit.usage.invocations + 10
    assert lit.dollars > unlit.dollars


def test_the_time_and_memory_of_functions_and_the_reads_of_the_row_cost() -> None:
    functions = (
        FunctionUsage("BakeItems", 1_000_000, 10, 50_000),
        FunctionUsage("ItemRemoved", 0, 0, 30_000),
    )
    usage = RunUsage((), functions, write_units=0, read_units=8_000_000, transitions=0, items=0)

    costs = {cost.service: cost.dollars for cost in costs_of(usage)}
    # Half a GB each.
    assert costs["Lambda"] == pytest.approx(0.20 + 80_000 / 2 * 0.0000133334)
    assert costs["DynamoDB"] == pytest.approx(8 * 0.125)
    assert per_million_items(1, items=0) is None


# What binds


@pytest.mark.parametrize(
    ("quotas", "name"),
    [
        (Quotas(starts=1, starts_burst=1), "StartExecution, 1/s"),
        (Quotas(row_writes=1), "write units of the row, 1/s"),
        (Quotas(transitions=1, transitions_burst=1), "state transitions, 1/s"),
        (Quotas(line_requests=1), "SendMessageBatch on the line, 1/s"),
        (Quotas(concurrency=1), "functions at work, 1"),
    ],
)
def test_the_quota_that_binds_is_named_with_the_time_when_it_first_did(quotas: Quotas, name: str) -> None:
    workload = drawn(60, "steady:10/s", bake="1")
    bound, free = (forecast(ForecastRequest(workload, Setup(5), each)) for each in (quotas, LARGE_REGION))

    (limit,) = (limit for limit in bound.limits if limit.name == name)
    assert limit.times > 0
    assert 0 < limit.first_secs < bound.secs
    assert free.limits == ()


def test_an_oven_at_a_limit_is_told_which_share_of_it_is_used_and_what_to_do() -> None:
    # 40 items a second take two units each.
    at_its_limit = forecast(
        ForecastRequest(drawn(1000, "steady:40/s", bake="1"), Setup(60), Quotas(row_writes=60))
    )

    (row,) = (limit for limit in at_its_limit.limits if limit.name == "write units of the row, 60/s")
    assert row.used is not None
    assert row.used == pytest.approx(1, abs=0.03)
    (note,) = notes_on_limits(at_its_limit)
    assert note == (
        f"At its limit: {row.used * 100:.0f} % used of write units of the row, 60/s. More slots do not help: "
        "docs/scaling.md tells what does."
    )
    told = {limit["name"]: limit["used"] for limit in document(at_its_limit)["limits"]}
    assert told == {"write units of the row, 60/s": rounded(row.used), "MaximumConcurrency, 5": None}


def test_of_a_limit_that_is_exceeded_in_bursts_only_no_note_is_made() -> None:
    burst = forecast(ForecastRequest(drawn(1000, "poisson:20/s", bake="1"), Setup(60), Quotas(row_writes=60)))

    (row,) = (limit for limit in burst.limits if limit.name == "write units of the row, 60/s")
    assert row.used is not None
    assert row.used < 0.9
    assert notes_on_limits(burst) == []


def test_what_binds_is_told_in_the_order_in_which_it_did() -> None:
    quotas = Quotas(starts=1, starts_burst=1, transitions=1, transitions_burst=10)
    limits = forecast(ForecastRequest(drawn(60, "steady:10/s", bake="1"), Setup(5), quotas)).limits

    names = [limit.name for limit in limits]
    assert names.index("StartExecution, 1/s") < names.index("state transitions, 1/s")
    assert [limit.first_secs for limit in limits] == sorted(limit.first_secs for limit in limits)


def test_the_pollers_bind_when_a_batch_finds_none_of_them_free() -> None:
    few, many = (forecast(ForecastRequest(drawn(200), Setup(200, max_concurrency=most))) for most in (2, 100))

    assert [limit.name for limit in few.limits] == ["MaximumConcurrency, 2"]
    assert few.waits.most > many.waits.most


def test_who_waits_longer_than_sqs_keeps_a_message_is_counted() -> None:
    late = timeless(drawn(3, bake=str(10 * DAY_SECS)))

    assert [(limit.name, limit.times, limit.first_secs) for limit in late.limits] == [
        ("days in SQS, 14", 1, 20 * DAY_SECS)
    ]


def test_a_run_of_years_is_given_up() -> None:
    with pytest.raises(EndlessError, match="1100 days of virtual time, in which 3 of 4 items"):
        timeless(drawn(4, bake=str(364 * DAY_SECS)))


def test_of_items_that_take_years_to_come_that_is_said() -> None:
    with pytest.raises(EndlessError, match=r"virtual time: so long do the 2 items take to arrive$"):
        timeless(drawn(2, "steady:0.0005/day"))


# What goes wrong


@pytest.mark.parametrize("faults", [NONE, MILD, ROUGH], ids=["none", "mild", "rough"])
def test_a_run_ends_with_everything_out_whatever_goes_wrong(faults: Faults) -> None:
    outcome = forecast(
        ForecastRequest(drawn(100, "poisson:2", bake="1-5", size="1-3"), faults=faults, seed=2)
    )

    assert (outcome.out, outcome.dead) == (100, 0)
    assert (outcome.again > 0) is (faults is not NONE)


def test_an_old_count_of_the_line_is_one_that_it_had() -> None:
    run = ForecastRun(ForecastRequest(drawn(20), Setup(1), faults=Faults(stale_count=1.0)))
    counts: list[int] = []
    run.play(lambda _out: counts.append(run.world.line_history.count_at(run.world.loop.now)))

    assert (max(counts), counts[-1]) == (19, 0)


def test_the_copies_in_a_file_are_dropped_even_after_hours(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("time,id\n0,a\n1,a\n2,b\n9000,a\n")

    outcome = forecast(ForecastRequest(read_workload(InputFile(path, path.name), capacity=14)))

    assert (outcome.sent, outcome.copies, outcome.out, outcome.again) == (4, 2, 2, 0)


def test_who_runs_it_hears_how_many_are_out() -> None:
    heard: list[int] = []
    forecast(ForecastRequest(drawn(30)), heard.append)

    assert heard == sorted(heard)
    assert len(set(heard)) > 2
    assert heard[-1] == 30
