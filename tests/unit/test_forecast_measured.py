"""`oven simulate --latencies FILE`: measured latencies replace the assumed ones."""

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.measured import MOST_MILLISECONDS, read_latencies, replaced
from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.report import UNUSUAL
from serverless_pizza_oven.forecast.run import forecast
from serverless_pizza_oven.simulator.latencies import AWS, Latency

POLL = {"p50": 21, "p90": 45, "p99": 120}


def written(folder: Path, content: Any) -> str:
    path = folder / "latencies.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_a_measured_latency_takes_the_place_of_the_assumed_one_and_the_others_stay(tmp_path: Path) -> None:
    found = read_latencies(
        written(tmp_path, {"latencies": {"poll": POLL, "coldStart": {**POLL, "least": 7}}, "stack": "spo"})
    )

    assert found.poll == Latency.of(21, 45, 120)
    assert found.cold_start == Latency.of(21, 45, 120, least=7)
    assert replaced(found) == ["poll", "coldStart"]
    assert found.task == AWS.task


def test_the_forecast_goes_by_it_and_says_so(tmp_path: Path) -> None:
    slow = written(tmp_path, {"latencies": {"startExecution": {"p50": 4000, "p90": 4000, "p99": 4000}}})

    assumed = forecast(read_request(ForecastOptions(items=5)))
    measured = forecast(read_request(ForecastOptions(items=5, latencies=slow)))

    assert measured.waits.p50 > assumed.waits.p50 + 2
    (say,) = [row[1] for row, _usual in UNUSUAL if row[0] == "Latencies measured"]
    assert (say(assumed), say(measured)) == ("none", "startExecution")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no JSON", "it is not JSON"),
        ([POLL], 'a JSON object with an object "latencies"'),
        ({"latencies": [POLL]}, 'a JSON object with an object "latencies"'),
        ({"latencies": {"polls": POLL}}, "there is no latency 'polls': they are writeRow, readRow, send"),
        ({"latencies": {"poll": 21}}, "poll must be an object with p50, p90 and p99"),
        ({"latencies": {"poll": {"p50": 1, "p90": 2}}}, "poll: p99 must be milliseconds from 0 to 600000"),
        ({"latencies": {"poll": {**POLL, "p50": True}}}, "poll: p50 must be milliseconds"),
        ({"latencies": {"poll": {**POLL, "p50": -1}}}, "not -1"),
        ({"latencies": {"poll": {**POLL, "p99": MOST_MILLISECONDS + 1}}}, "not 600001"),
        ('{"latencies": {"poll": {"p50": NaN, "p90": 2, "p99": 3}}}', "not nan"),
        ({"latencies": {"poll": {**POLL, "p90": 20}}}, "poll: p50, p90 and p99 must ascend, not 21.0, 20.0"),
        ({"latencies": {"poll": {**POLL, "least": 22}}}, "poll: least must be at most p50, not 22"),
    ],
)
def test_a_file_that_says_something_else_is_refused_with_the_reason(
    tmp_path: Path, content: Any, reason: str
) -> None:
    path = written(tmp_path, content)

    with pytest.raises(UsageError) as refused:
        read_latencies(path)

    assert str(refused.value).startswith(f"--latencies {path}: ")
    assert reason in str(refused.value)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="--latencies nowhere/at-all: No such file or directory"):
        read_latencies("nowhere/at-all")


def test_a_large_file_is_measured_before_it_is_taken_in_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text("{")
    os.truncate(path, 200_000_000)

    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="it is larger than 1 MiB, and no file of oven check"):
            read_latencies(str(path))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
