"""The log line from which CloudWatch makes metrics."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pizza_oven.functions.metrics import MetricsLog
from pizza_oven.functions.wiring import decision_log
from pizza_oven.item import ItemRelease, LeaseExtension
from pizza_oven.reconciling import OVERDUE_AFTER_SECS
from serverless_pizza_oven.simulator.loop import SECOND
from tests.unit.memory_oven import PILOT_LIGHT, Oven, item

Capture = pytest.CaptureFixture[str]


class Notes:
    """Implements DecisionLog."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str | None, dict[str, object]]] = []

    def record(self, decision: str, item_id: str | None = None, **facts: object) -> None:
        self.taken.append((decision, item_id, facts))


def written_by(work: Callable[[MetricsLog], object], capture: Capture, *, enabled: bool = True) -> list[Any]:
    """The lines of one invocation that does this work."""
    journal = MetricsLog(Notes(), "pizzeria", enabled=enabled)
    journal.flushed_after(work)(journal)
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def a_rush(journal: MetricsLog) -> None:
    journal.record("loaded", "a", waited_secs=0.2)
    journal.record("loaded", "b", waited_secs=1.5)
    journal.record("joined", "c")
    journal.record("duplicate", "a")
    journal.record("looked", occupied=14, waiting=3, overdue=0)


def test_what_was_decided_is_counted_in_one_line(capsys: Capture) -> None:
    (line,) = written_by(a_rush, capsys)

    (told,) = line["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == "PizzaOven"
    assert {metric["Name"]: metric["Unit"] for metric in told["Metrics"]} == {
        "Loaded": "Count",
        "Joined": "Count",
        "Duplicates": "Count",
        "Occupied": "Count",
        "Waiting": "Count",
        "WaitingTime": "Seconds",
    }
    assert {metric["Name"]: line[metric["Name"]] for metric in told["Metrics"]} == {
        "Loaded": [2],
        "Joined": [1],
        "Duplicates": [1],
        "Occupied": [14],
        "Waiting": [3],
        "WaitingTime": [0.2, 1.5],
    }


HELD = json.dumps({"id": "held", "bakingTimeSecs": 10, "hold": True})


def recorded(oven: Oven) -> Callable[[MetricsLog], object]:
    """What the functions of an oven in memory have recorded, as the work of one invocation."""

    def replay(journal: MetricsLog) -> None:
        for (decision, item_id), facts in zip(oven.records.taken, oven.records.facts, strict=True):
            journal.record(decision, item_id, **facts)

    return replay


def test_a_lease_that_ended_is_counted_and_rings_the_alarm_on_rejected_items(capsys: Capture) -> None:
    oven = Oven(capacity=1)
    oven.send(HELD)
    oven.settle(30)

    (line,) = written_by(recorded(oven), capsys)

    assert (line["Expired"], line["Rejected"]) == ([1], [1])
    assert not line.keys() & {"Released", "Extended", "Cancelled"}


def test_a_held_item_is_not_overdue_while_it_is_extended(capsys: Capture) -> None:
    oven = Oven(capacity=1)
    oven.send(HELD)
    for _ in range(60):
        oven.settle(5)
        oven.send(LeaseExtension("held", 10).body, PILOT_LIGHT)
    assert oven.table.row.leases.keys() == {"held"}
    held_secs = oven.loop.seconds() - oven.executions.bakings["held"].started / SECOND
    assert held_secs > 10 + 2 * OVERDUE_AFTER_SECS
    oven.send(ItemRelease("held").body)
    oven.settle(5)

    (line,) = written_by(recorded(oven), capsys)

    assert "Overdue" not in line
    assert {fact["overdue"] for fact in oven.records.facts if "overdue" in fact} == {0}
    assert (line["Released"], line["Extended"]) == ([1], [60])


def test_an_item_that_was_released_before_it_had_slots_is_counted_as_cancelled(capsys: Capture) -> None:
    oven = Oven(capacity=1)
    oven.send(ItemRelease("held").body)
    oven.settle(5)

    (line,) = written_by(recorded(oven), capsys)

    assert line["Cancelled"] == [1]


def test_without_held_items_their_metrics_are_not_told(capsys: Capture) -> None:
    oven = Oven(capacity=1)
    oven.send(item("a", secs=1), item("b", secs=1))
    oven.settle(30)

    (line,) = written_by(recorded(oven), capsys)

    assert line["Baked"] == [2]
    assert not line.keys() & {"Released", "Extended", "Expired", "Cancelled"}


def test_the_stack_is_the_one_dimension(capsys: Capture) -> None:
    (line,) = written_by(a_rush, capsys)

    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stack"]]
    assert line["Stack"] == "pizzeria"


@pytest.mark.parametrize(
    ("facts", "metrics"),
    [
        ({"occupied": 0, "waiting": 0, "overdue": 0}, None),
        ({"occupied": 2, "waiting": 0, "overdue": 0}, {"Occupied": [2], "Waiting": [0]}),
        ({"occupied": 2, "waiting": 0, "overdue": 1}, {"Occupied": [2], "Waiting": [0], "Overdue": [1]}),
    ],
    ids=["empty", "baking", "overdue"],
)
def test_a_look_at_an_empty_oven_costs_nothing(
    facts: dict[str, int], metrics: dict[str, list[int]] | None, capsys: Capture
) -> None:
    lines = written_by(lambda journal: journal.record("looked", None, **facts), capsys)

    found = [
        {name: line[name] for name in ("Occupied", "Waiting", "Overdue") if name in line} for line in lines
    ]
    assert found == ([metrics] if metrics else [])


def test_the_last_look_counts_and_an_empty_oven_is_told_of_when_something_came_out(capsys: Capture) -> None:
    def emptied(journal: MetricsLog) -> None:
        journal.record("looked", occupied=2, waiting=1, overdue=0)
        journal.record("baked", "a", occupied=0, waiting=0)

    (line,) = written_by(emptied, capsys)

    assert (line["Baked"], line["Occupied"], line["Waiting"]) == ([1], [0], [0])


def test_an_invocation_that_fails_is_told_of_and_its_numbers_are_not_told_again(capsys: Capture) -> None:
    journal = MetricsLog(Notes(), "pizzeria", enabled=True)

    def fail() -> None:
        journal.record("failed", error="no")
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        journal.flushed_after(fail)()
    journal.flushed_after(lambda: journal.record("rejected", "b", reason="bad"))()

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["Failed"] == [1]
    assert second["Rejected"] == [1]
    assert "Failed" not in second


def test_more_waiting_times_than_a_line_may_hold_are_all_told(capsys: Capture) -> None:
    def crowd(journal: MetricsLog) -> None:
        for number in range(250):
            journal.record("loaded", f"{number}", waited_secs=number)

    lines = written_by(crowd, capsys)

    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    assert max(len(line["WaitingTime"]) for line in lines) <= 100
    assert [secs for line in lines for secs in line["WaitingTime"]] == list(range(250))
    assert sum(sum(line.get("Loaded", [])) for line in lines) == 250


def test_without_metrics_there_are_no_lines(capsys: Capture) -> None:
    assert written_by(a_rush, capsys, enabled=False) == []


def test_what_is_counted_is_noted_all_the_same() -> None:
    notes = Notes()

    MetricsLog(notes, "pizzeria", enabled=False).record("loaded", "a", waited_secs=0.2)

    assert notes.taken == [("loaded", "a", {"waited_secs": 0.2})]


def test_code_that_is_ahead_of_its_environment_works_without_metrics(capsys: Capture) -> None:
    journal = decision_log("BakeItems", {})

    journal.flushed_after(a_rush)(journal)

    assert "_aws" not in capsys.readouterr().out
