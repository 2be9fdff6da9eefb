"""Reading logs, times in words, and the status on a screen."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from pizza_oven.row import Lease, Row
from serverless_pizza_oven.aws import local
from serverless_pizza_oven.cli.options import seconds
from serverless_pizza_oven.cli.status_tables import bakes, status_tables, summary_line
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import DeploymentError, UsageError
from serverless_pizza_oven.operations import steering
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.decision_log import NO_DECISION, LogEntry, filter_pattern, parse_event
from serverless_pizza_oven.operations.measured_status import MeasuredStatus
from serverless_pizza_oven.operations.status import BackgroundStatus, QueueDepths, Status, too_few_slots
from serverless_pizza_oven.operations.throttling import ThrottledRequests, quotas_of

NOW = 1_800_000_000.0

# Times


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (NOW + 12, "bakes 12 s more"),
        (NOW, "is coming out"),
        (NOW - 5, "is coming out"),
        (NOW - 6, "is overdue by 6 s"),
        (NOW - 180, "is overdue by 3 min"),
    ],
)
def test_what_bakes_is_overdue_once_it_takes_longer_than_coming_out_does(until: float, told: str) -> None:
    assert bakes(BakingItem("a", 1, until), NOW) == told


@pytest.mark.parametrize(("text", "secs"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800)])
def test_a_span_is_a_number_and_a_unit(text: str, secs: int) -> None:
    assert seconds("--since", text) == secs


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "1w", "1.5h", "-1h", "1h ", "1234567s"])
def test_another_span_is_refused_with_what_it_takes(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        seconds("--since", text)

    assert str(refused.value) == (f"--since takes a number and s, m, h or d, such as 90s or 2d, not {text}")


# Logs


def event(message: str) -> Any:
    return {"message": message, "timestamp": 1_700_000_000_000, "logStreamName": "stream"}


def test_a_decision_is_read_from_its_line() -> None:
    found = parse_event(
        "BakeItems",
        event(
            json.dumps(
                {
                    "level": "INFO",
                    "message": "loaded",
                    "timestamp": "2027-01-15 08:00:00,250+0000",
                    "service": "BakeItems",
                    "xray_trace_id": "1-2-3",
                    "item_id": "a",
                    "size": 2,
                    "baking_time_secs": 3,
                    "waited_secs": 0.2,
                }
            )
            + "\n"
        ),
    )

    assert found is not None
    assert found.as_json() == {
        "at": NOW + 0.25,
        "function": "BakeItems",
        "decision": "loaded",
        "id": "a",
        "facts": {"size": 2, "bakingTimeSecs": 3, "waitedSecs": 0.2},
    }


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1 Version: $LATEST",
        "END RequestId: 1",
        "REPORT RequestId: 1 Duration: 2 ms",
        "INIT_START Runtime Version: python:3.13",
        "",
        '{"_aws": {"CloudWatchMetrics": []}, "loaded": 1}',
        '{"_aws": {"CloudWatchMetrics": []}, "message": "loaded"}',
    ],
)
def test_lines_of_lambda_and_metrics_are_no_decisions(message: str) -> None:
    assert parse_event("BakeItems", event(message)) is None


@pytest.mark.parametrize("message", ["Task timed out after 10.00 seconds", "[1, 2]", '{"half":'])
def test_a_line_that_is_no_decision_is_told_as_it_is(message: str) -> None:
    found = parse_event("ItemRemoved", event(message))

    assert found is not None
    assert (found.decision, found.item_id, found.facts) == (NO_DECISION, None, {"text": message})
    assert found.at == 1_700_000_000


def test_a_line_without_a_time_of_its_own_has_that_of_the_log() -> None:
    found = parse_event("ItemRemoved", event('{"message": "baked", "item_id": "a", "timestamp": "long ago"}'))

    assert found is not None
    assert found.at == 1_700_000_000


def test_cloudwatch_is_asked_for_an_item_and_for_decisions() -> None:
    assert filter_pattern() == ""
    assert filter_pattern("a.b") == '{ ($.item_id = "a.b") }'
    assert filter_pattern("a", ("joined", "loaded")) == (
        '{ ($.item_id = "a") && (($.message = "joined") || ($.message = "loaded")) }'
    )


# The status


def a_status(
    items: int = 0,
    *,
    late: int = 0,
    admission: str = "OPEN",
    failures: tuple[LogEntry, ...] = (),
    line: int = 0,
    throttled: tuple[ThrottledRequests, ...] = (),
) -> Status:
    outputs = {"BakingTableCapacityCount": "600", "Admission": admission}
    baking = [BakingItem(f"item-{n}", 1, NOW + (n + 1 if n >= late else -100)) for n in range(items)]
    return Status(
        at=NOW,
        occupied=items,
        waiting=line,
        baking=tuple(baking),
        depths=QueueDepths(0, line, 0, len(failures)),
        background=BackgroundStatus(
            NOW - 3, Stack("spo", outputs), MeasuredStatus(NOW - 4, 120.0, throttled=throttled), failures
        ),
    )


def status_of(row: Row, *, capacity: int = 14, admission: str = "OPEN", told: float | None = 300.0) -> Status:
    stack = Stack("spo", {"BakingTableCapacityCount": str(capacity), "Admission": admission})
    return Status(
        at=NOW,
        occupied=row.occupied,
        waiting=row.waiting,
        baking=(),
        depths=QueueDepths(0, row.waiting, 0, 0),
        background=BackgroundStatus(NOW, stack, MeasuredStatus(NOW, told), ()),
        too_few_slots=too_few_slots(row, stack),
        head_sent_after=row.last_left_sent_at,
    )


def drawn(seen: Status, *, width: int = 80, height: int = 24, terminal: bool = True) -> list[str]:
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=terminal, color_system=None
    )
    with console.capture() as capture:
        console.print(status_tables(seen, console))
    return capture.get().splitlines()


def a_failure(reason: str) -> LogEntry:
    return LogEntry(NOW - 60, "BakeItems", "rejected", "bad", {"reason": reason}, ("", 0, reason))


@pytest.mark.parametrize("height", [15, 24, 50])
@pytest.mark.parametrize("items", [1, 12, 500])
def test_a_status_fits_on_the_screen_and_says_how_many_items_are_not_shown(items: int, height: int) -> None:
    lines = drawn(a_status(items), height=height)

    assert len(lines) < height - 1
    shown = [line for line in lines if line.startswith("item-")]
    assert shown[0].split() == ["item-0", "1", "bakes", "1", "s", "more"]
    if len(shown) < items:
        left = items - len(shown)
        (rest,) = [line for line in lines if line.startswith("and ")]
        assert rest.startswith(f"and {left} more in {left} slots")


def test_where_there_is_no_screen_all_items_are_shown() -> None:
    lines = drawn(a_status(500), terminal=False)

    assert len([line for line in lines if line.startswith("item-")]) == 500


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_is_cut_off_on_a_narrow_screen(width: int) -> None:
    reason = "size must be a whole number of slots from 1 to 4, not 9"
    lines = drawn(a_status(2, failures=(a_failure(reason),)), width=width)

    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert all(word in text for word in reason.split())


def test_the_first_line_tells_what_is_amiss() -> None:
    first = drawn(a_status(3, late=2, admission="PAUSED", line=7))[0]

    assert first == "spo: 3 of 600 slots taken, 7 in line, 2 overdue, paused: nothing is admitted"


def test_free_slots_that_the_first_in_line_cannot_use_are_told() -> None:
    seen = status_of(Row(occupied=9, waiting=23))

    assert drawn(seen)[0] == "spo: 9 of 14 slots taken, 23 in line (5 free, the first in line needs more)"
    assert "in line 23, " in summary_line(seen)
    assert ", 5 free, the first in line needs more" in summary_line(seen)
    assert seen.as_json()["headNeedsMoreThan"] == 5


@pytest.mark.parametrize(
    "seen",
    [
        status_of(Row(occupied=9)),
        status_of(Row(occupied=14, waiting=3)),
        status_of(Row(occupied=9, waiting=3, wake_up_requested_at=NOW)),
        status_of(Row(occupied=9, waiting=3), admission="PAUSED"),
        status_of(Row(occupied=15, waiting=3)),
    ],
    ids=["nothing waits", "full", "about to be loaded", "paused", "draining"],
)
def test_free_slots_are_not_explained_by_the_line_when_they_are_free_for_another_reason(seen: Status) -> None:
    assert seen.too_few_slots == 0
    assert "needs more" not in drawn(seen)[0] + summary_line(seen)
    assert seen.as_json()["headNeedsMoreThan"] is None


def test_the_age_of_the_oldest_is_at_most_what_the_row_allows() -> None:
    # CloudWatch still tells the age of an item that has left the line.
    assert status_of(Row(occupied=14, waiting=1, last_left_sent_at=NOW - 20)).oldest_waiting_secs == 20
    assert status_of(Row(occupied=14, waiting=1, last_left_sent_at=NOW - 900)).oldest_waiting_secs == 300
    assert status_of(Row(occupied=14, waiting=1)).oldest_waiting_secs == 300
    assert status_of(Row(occupied=14, last_left_sent_at=NOW - 20)).oldest_waiting_secs is None
    unknown = status_of(Row(occupied=14, waiting=1, last_left_sent_at=NOW - 20), told=None)
    assert unknown.oldest_waiting_secs is None


def test_the_ages_are_marked_as_older_than_the_numbers_beside_them() -> None:
    (heading,) = [line for line in drawn(a_status(line=1)) if line.startswith("QUEUE")]

    assert heading.split(maxsplit=2) == ["QUEUE", "MESSAGES", "OLDEST, AS OF SOME MINUTES AGO"]


def throttled(*counts: int, used: float | None = None) -> tuple[ThrottledRequests, ...]:
    """So many requests of each quota."""
    names = ("BakingTableName", "ItemStatesArn", "BakeItemsFunctionName", "ItemRemovedFunctionName")
    quotas = quotas_of(Stack("spo", {name: name for name in names}))
    return tuple(
        ThrottledRequests(quota, count, used) for quota, count in zip(quotas, counts, strict=False) if count
    )


def test_the_quota_that_limits_the_oven_is_told_below_the_first_line_with_what_to_do() -> None:
    seen = a_status(3, throttled=throttled(1312, 57, used=0.98))

    text = " ".join(" ".join(drawn(seen)).split())
    assert (
        "0 in line DynamoDB throttled 1,312 writes of the Baking Table in the last 5 minutes, with 98 % of "
        "the write units of the row used. If it lasts, deploy a second oven: docs/scaling.md Step Functions "
        "throttled 57 StartExecution requests of the account in the last 5 minutes"
    ) in text
    assert summary_line(seen).endswith(
        ", DynamoDB throttled 1,312 writes, Step Functions throttled 57 StartExecution requests"
    )
    told = json.loads(json.dumps(seen.as_json()))["throttled"]
    assert told[0] == {
        "quota": "write units of the row", "throttled": 1312, "withinSecs": 300, "used": 0.98,
        "note": seen.throttled[0].in_words(),
    }  # fmt: skip


def test_an_oven_that_no_quota_limits_says_nothing_of_quotas() -> None:
    seen = a_status(3)

    assert "throttled" not in " ".join(drawn(seen)) + summary_line(seen)
    assert seen.as_json()["throttled"] == []


@pytest.mark.parametrize(("counts", "height"), [((3,), 24), ((3, 1, 1, 1), 30)], ids=["one", "all"])
def test_a_status_with_quotas_used_up_fits_on_the_screen(counts: tuple[int, ...], height: int) -> None:
    lines = drawn(a_status(500, throttled=throttled(*counts, used=1)), height=height)

    assert len(lines) < height - 1


def test_a_paused_oven_tells_that_failed_items_keep_their_slots() -> None:
    note = "Paused: an item that fails or is removed keeps its slots until oven resume."
    assert note in drawn(a_status(3, admission="PAUSED"))
    assert note not in drawn(a_status(3))
    assert note not in drawn(a_status(0, admission="PAUSED"))


def test_an_oven_of_lowered_capacity_is_said_to_drain() -> None:
    assert drawn(a_status(601))[0] == "spo: 601 of 600 slots taken, 0 in line, draining"


def test_the_plain_line_has_the_numbers() -> None:
    assert summary_line(a_status(3, late=1, admission="PAUSED", line=7)) == (
        "3 of 600 slots, baking 3, in line 7, new 0, baked 0, dead 0, overdue 1, paused"
    )
    assert summary_line(a_status()) == "0 of 600 slots, baking 0, in line 0, new 0, baked 0, dead 0"


def test_the_age_of_the_oldest_grows_between_two_questions_and_an_empty_line_has_none() -> None:
    assert a_status(line=1).oldest_waiting_secs == 124
    assert a_status(line=0).oldest_waiting_secs is None
    assert any("about 2 min 4 s" in line for line in drawn(a_status(line=1)))


def test_an_age_that_nobody_knows_is_called_so() -> None:
    (letters,) = [line for line in drawn(a_status(failures=(a_failure("x"),))) if line.startswith("dead")]

    assert letters.split() == ["dead", "letters", "1", "not", "known", "yet"]


def test_the_json_of_a_status_has_every_item_and_what_is_overdue() -> None:
    told = json.loads(json.dumps(a_status(500, late=1, failures=(a_failure("x"),)).as_json()))

    assert len(told["items"]) == 500
    assert told["items"][0] == {
        "id": "item-0", "size": 1, "until": NOW - 100, "bakesSecs": 0, "overdue": True,
        "held": False, "extensions": None, "leaseEnded": False, "holder": None,
    }  # fmt: skip
    assert (told["capacity"], told["occupied"], told["admission"]) == (600, 500, "open")
    assert told["failures"][0]["facts"] == {"reason": "x"}


# Held items


def holding(*items: BakingItem, baking: int = 0) -> Status:
    """The status of an oven with these held items, and others that bake."""
    others = tuple(BakingItem(f"item-{n}", 1, NOW + 1000 + n) for n in range(baking))
    seen = a_status()
    taken = sum(item.size for item in (*items, *others))
    return replace(seen, occupied=taken, baking=(*sorted(items, key=lambda item: item.until), *others))


def held(
    n: int,
    *,
    secs: float = 60,
    extensions: int = 0,
    ended: bool = False,
    size: int = 1,
    holder: str | None = None,
) -> BakingItem:
    lease = Lease(size, NOW + secs, extensions, ended)
    return replace(BakingItem.of(f"held-{n}", lease), holder=holder)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (held(1, secs=42), "is held, its lease ends in 42 s"),
        (held(1, secs=42, extensions=1), "is held, its lease ends in 42 s, extended 1 time"),
        (held(1, secs=42, extensions=3), "is held, its lease ends in 42 s, extended 3 times"),
        (held(1, secs=42, holder=""), "is held, its lease ends in 42 s"),
        (held(1, secs=42, holder="anna@ci"), "is held by anna@ci, its lease ends in 42 s"),
        (held(1, secs=0), "is held, its lease ended"),
        (held(1, secs=-7, extensions=3), "is held, its lease ended 7 s ago, extended 3 times"),
        (held(1, secs=-7, holder="anna@ci"), "is held by anna@ci, its lease ended 7 s ago"),
        (held(1, secs=1, ended=True), "is held, its lease ended"),
    ],
)
def test_of_a_held_item_is_told_by_whom_until_when_and_how_often_it_was_extended(
    item: BakingItem, told: str
) -> None:
    assert bakes(item, NOW) == told


def test_the_slots_of_held_items_are_told_and_the_lease_that_ends_first_is_on_top() -> None:
    seen = holding(held(1, secs=50, size=3), held(2, secs=10, extensions=4), baking=2)
    lines = drawn(seen)

    assert lines[0] == "spo: 6 of 600 slots taken (4 held), 0 in line"
    begin = next(n for n, line in enumerate(lines) if line.startswith("HELD"))
    told = [line.strip().split(maxsplit=2) for line in lines]
    assert told[begin + 1] == [
        "held-2", "1", "is held, its lease ends in 10 s, extended 4 times",
    ]  # fmt: skip
    assert told[begin + 2] == ["held-1", "3", "is held, its lease ends in 50 s"]
    assert lines[begin + 4].split() == ["IN", "THE", "OVEN", "SLOTS"]
    assert [line.split()[0] for line in lines[begin + 5 : begin + 7]] == ["item-0", "item-1"]
    assert summary_line(seen).endswith(", held 4 slots")


def test_without_held_items_nothing_is_told_of_holding() -> None:
    seen = a_status(3)

    assert not any("HELD" in line or "held" in line for line in drawn(seen))
    assert "held" not in summary_line(seen)
    assert seen.as_json()["held"] == 0


def test_at_most_ten_lines_tell_of_held_items() -> None:
    lines = drawn(holding(*(held(n, secs=60 + n) for n in range(30)), baking=1), terminal=False)

    shown = [line for line in lines if line.startswith("held-")]
    assert [line.split()[0] for line in shown] == [f"held-{n}" for n in range(9)]
    assert "and 21 more in 21 slots; the last lease ends in 1 min 29 s (all: --json)" in lines


@pytest.mark.parametrize("height", [20, 24, 50])
@pytest.mark.parametrize("baking", [0, 1, 500])
@pytest.mark.parametrize("count", [1, 3, 30])
@pytest.mark.parametrize("holder", [None, "runner@a-host-of-a-long-name-in-a-cloud.example.com"])
def test_a_status_with_held_items_fits_on_the_screen(
    count: int, baking: int, height: int, holder: str | None
) -> None:
    lines = drawn(holding(*(held(n, holder=holder) for n in range(count)), baking=baking), height=height)

    assert len(lines) < height - 1
    assert any(line.startswith("held-0") for line in lines)


def test_a_held_item_whose_lease_has_ended_is_told_in_the_first_line_and_to_programs() -> None:
    seen = holding(held(1, secs=-2, size=2), held(2, secs=1, ended=True), held(3))

    assert drawn(seen)[0] == "spo: 4 of 600 slots taken (4 held), 0 in line, 2 leases ended"
    assert "leases ended 2" in summary_line(seen)
    told = {item["id"]: item for item in seen.as_json()["items"]}
    assert {item_id: item["leaseEnded"] for item_id, item in told.items()} == {
        "held-1": True, "held-2": True, "held-3": False,
    }  # fmt: skip
    assert seen.as_json()["held"] == 4
    assert told["held-3"] | {"held": True, "extensions": 0, "until": NOW + 60} == told["held-3"]


def test_an_extended_item_is_not_overdue_however_long_it_was_held() -> None:
    assert holding(held(1, secs=20, extensions=900)).overdue == []


# Steering


def test_an_oven_of_the_first_version_says_what_it_takes_to_pause_it() -> None:
    nowhere = local("http://127.0.0.1:1")

    with pytest.raises(DeploymentError) as refused:
        steering.pause(nowhere, Stack("spo", {"NewItemsQueueUrl": "url"}))

    assert str(refused.value) == (
        "the stack spo was made by version 1.0.0, which cannot pause: "
        "bring it up to date with oven deploy --stack spo"
    )
