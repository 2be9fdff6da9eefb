"""The status of an oven in use, as operators see it."""

import contextlib
import itertools
import json
import re
import signal
import subprocess
import time
from collections.abc import Sequence

import pytest

from pizza_oven.item import ItemRelease, LeaseExtension
from pizza_oven.reconciling import OVERDUE_AFTER_SECS
from pizza_oven.row import Lease
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.deployment.teardown import destroy
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.decision_log import LogEntry, follow_entries, read_entries
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_item
from serverless_pizza_oven.operations.status import (
    BACKGROUND_SECS,
    FAILURE_SECS,
    MOST_FAILURES,
    Status,
    status,
)
from serverless_pizza_oven.operations.watching import watch
from tests.patience import PATIENCE_SECS, eventually
from tests.stack.clients import Client, ids, pizza
from tests.stack.commands import OVEN, RUN_SECS, environment
from tests.stack.commands import oven as run
from tests.stack.conftest import NewOven
from tests.stack.contents import contents
from tests.stack.ovens import TestOven


class EnoughError(Exception):
    """Raised to end an endless command."""


def at(oven: TestOven) -> Sequence[str]:
    return "--endpoint-url", oven.endpoint_url


def look(oven: TestOven) -> Status:
    return status(oven.aws, oven.stack, time.time())


def look_at_rest(oven: TestOven) -> Status:
    """A status while New Items is empty: without a message that was just handled or is from the pilot
    light."""
    looks: list[Status] = []

    def is_at_rest() -> bool:
        looks.append(look(oven))
        return looks[-1].depths.new == 0

    eventually("no message is under way", is_at_rest)
    return looks[-1]


# The status


def test_a_status_agrees_with_the_row_and_the_queues(new_oven: NewOven) -> None:
    # A new one: CloudWatch tells the age of the head a minute late, and so those of earlier tests.
    oven = new_oven(14)
    client, begun = Client(oven), time.time()
    baking = [pizza("seen-late", secs=900, size=8), pizza("seen-soon", secs=600, size=6)]
    client.send(*baking)
    client.wait_until_baking(*ids(baking))
    client.send(pizza("seen-next", size=14), pizza("seen-last"))
    client.wait_until_waiting(2)
    client.send_bodies(["no item"])
    eventually("the letter is there", lambda: contents(oven.aws, oven.stack).dead == 1)

    seen = look_at_rest(oven)

    row, there = client.row(), contents(oven.aws, oven.stack)
    assert (seen.capacity, seen.occupied, seen.waiting) == (14, 14, 2)
    assert [(item.id, item.size) for item in seen.baking] == [("seen-soon", 6), ("seen-late", 8)]
    assert {item.id: item.until for item in seen.baking} == {i: r.until for i, r in row.leases.items()}
    depths = seen.depths
    assert (depths.new, depths.line, depths.baked, depths.dead) == (0, 2, there.baked, 1)
    assert seen.oldest_waiting_secs is not None
    assert 0 < seen.oldest_waiting_secs < time.time() - begun
    assert seen.oldest_dead_secs is not None
    assert not seen.is_paused

    for item_id in ids(baking):
        client.stop_baking(item_id, "Test", "over")
    client.collect_until_quiet()
    empty = look(oven)
    assert (empty.occupied, empty.waiting, empty.baking, empty.oldest_waiting_secs) == (0, 0, (), None)


def test_the_failures_of_late_come_with_their_reasons_the_newest_first(
    oven: TestOven, client: Client
) -> None:
    for item_id in ("wrong-1", "wrong-2"):
        client.send(pizza(item_id, size=99))
        eventually("it is rejected", lambda: item_id in _failed(look(oven)))  # noqa: B023 - called here

    seen = look(oven)
    assert _failed(seen)[:2] == ["wrong-2", "wrong-1"]
    assert seen.background.failures[0].facts["reason"] == "size must be a whole number of slots from 1 to 14"
    client.collect_until_quiet()


def test_the_quota_that_limits_the_oven_is_told_by_the_metrics_of_its_table(new_oven: NewOven) -> None:
    throttled = new_oven(1)
    table = throttled.stack.table
    throttled.aws.cloudwatch.put_metric_data(
        Namespace="AWS/DynamoDB",
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": "TableName", "Value": table}], "Value": value}
            for name, value in (("WriteThrottleEvents", 312), ("ConsumedWriteCapacityUnits", 58_800))
        ],
    )

    told = run("status", "--stack", throttled.stack.name, *at(throttled))

    assert "DynamoDB throttled 312 writes of the Baking Table in the last 5 minutes, with " in told.stdout
    assert "If it lasts, deploy a second oven: docs/scaling.md" in " ".join(told.stdout.split())


def test_who_watches_learns_of_new_failures_and_keeps_the_earlier_ones(
    oven: TestOven, client: Client
) -> None:
    client.send(pizza("old-wrong", size=99))
    eventually("it is rejected", lambda: "old-wrong" in _failed(look(oven)))
    first = look(oven)
    client.send(pizza("new-wrong", size=99))
    eventually("it is rejected", lambda: "new-wrong" in _failed(look(oven)))

    soon = status(oven.aws, oven.stack, first.at + BACKGROUND_SECS - 1, first)
    later = status(oven.aws, oven.stack, first.at + BACKGROUND_SECS, soon)
    last = status(oven.aws, oven.stack, first.at + FAILURE_SECS + BACKGROUND_SECS, later)

    assert _failed(soon) == _failed(first)
    assert _failed(later) == ["new-wrong", *_failed(first)][:MOST_FAILURES]
    assert _failed(last) == []
    client.collect_until_quiet()


def _failed(seen: Status) -> list[str | None]:
    return [line.item_id for line in seen.background.failures]


def test_oven_status_tells_it_in_tables_and_as_one_object(oven: TestOven, client: Client) -> None:
    client.send(pizza("told", secs=600, size=3))
    client.wait_until_baking("told")

    tables = run("status", *at(oven))
    told = run("status", "--json", *at(oven))

    assert tables.returncode == 0, tables.stderr
    assert tables.stdout.startswith("spo: 3 of 14 slots taken, 0 in line\n")
    assert any(line.split()[:3] == ["told", "3", "bakes"] for line in tables.stdout.splitlines())
    (item,) = json.loads(told.stdout)["items"]
    assert (item["id"], item["size"], item["overdue"]) == ("told", 3, False)
    client.stop_baking("told", "Test", "over")
    client.collect_until_quiet()


def test_oven_status_tells_which_items_are_held_by_whom_and_how_often_they_were_extended(
    oven: TestOven, client: Client
) -> None:
    client.send(pizza("kept", secs=600, size=3, hold=True, holder="anna@ci"))
    client.wait_until_baking("kept")
    client.send_bodies([LeaseExtension("kept", 900).body])
    eventually("it is extended", lambda: client.row().leases["kept"].extensions == 1)

    tables = run("status", *at(oven))
    told = json.loads(run("status", "--json", *at(oven)).stdout)

    assert tables.stdout.startswith("spo: 3 of 14 slots taken (3 held), 0 in line\n")
    (line,) = [line for line in tables.stdout.splitlines() if line.startswith("kept")]
    assert line.split()[:6] == ["kept", "3", "is", "held", "by", "anna@ci,"]
    assert line.endswith("extended 1 time")
    (item,) = told["items"]
    assert (told["held"], item["held"], item["extensions"], item["leaseEnded"]) == (3, True, 1, False)
    assert item["holder"] == "anna@ci"
    client.send_bodies([ItemRelease("kept").body])
    eventually("its slots are free", lambda: not client.row().leases)


def test_a_watch_goes_on_while_the_oven_is_not_there(local_aws: Aws) -> None:
    names = {"QueueNamePrefix": "later", "BakingTableName": "later", "RefusePlainHttp": "false"}
    slept: list[float] = []
    watching = watch(local_aws, Stack("later", {}), itertools.count(time.time()).__next__, slept.append)

    before = next(watching)
    deploy(local_aws, "later", names, lambda _line: None)
    there = [next(watching) for _ in range(2)]
    destroy(local_aws, "later", lambda _line: None)
    after = next(watching)

    assert isinstance(before, ToolError)
    assert "there is no stack later" in str(before)
    assert [seen.capacity for seen in there if isinstance(seen, Status)] == [14, 14]
    assert isinstance(after, ToolError)
    assert len(slept) == 3


@pytest.mark.parametrize(
    ("number", "words", "exit_code"), [(signal.SIGINT, "Interrupted.\n", 130), (signal.SIGTERM, "", 143)]
)
def test_a_signal_ends_a_watch_without_a_traceback(
    number: signal.Signals, words: str, exit_code: int, oven: TestOven
) -> None:
    watching = subprocess.Popen(
        [OVEN, "status", "--watch", *at(oven)],
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout
    first = watching.stdout.readline()
    watching.send_signal(number)
    _, said = watching.communicate(timeout=RUN_SECS)

    assert " of 14 slots, baking " in first
    assert said == words
    assert watching.returncode == exit_code


# Where an item is


def test_an_item_is_found_wherever_it_is(oven: TestOven, client: Client) -> None:
    def where(item_id: str) -> ItemReport:
        return find_item(oven.aws, oven.stack, item_id, time.time())

    def is_at(item_id: str, place: ItemStage) -> bool:
        return where(item_id).stage is place

    client.send(pizza("where-hold", secs=600, size=14))
    client.wait_until_baking("where-hold")
    client.send(pizza("where-next", secs=5, size=2))
    client.send(pizza("where-large", size=99))
    eventually("it is in line", lambda: is_at("where-next", ItemStage.IN_LINE))
    eventually("it is rejected", lambda: is_at("where-large", ItemStage.REJECTED))

    hold = where("where-hold")
    assert hold.stage is ItemStage.BAKING
    assert hold.lease is not None
    assert (hold.lease.size, hold.lease.until) == (14, client.row().leases["where-hold"].until)
    assert where("where-large").reason == "size must be a whole number of slots from 1 to 14"
    assert is_at("where-nobody", ItemStage.UNKNOWN)

    client.stop_baking("where-hold", "Oven.Test", "it was enough")
    eventually("it bakes", lambda: is_at("where-next", ItemStage.BAKING))
    assert where("where-hold").stage is ItemStage.FAILED
    assert where("where-hold").reason == "ABORTED: Oven.Test: it was enough"
    eventually("it has baked", lambda: is_at("where-next", ItemStage.BAKED))
    client.collect_until_quiet()


def test_an_item_that_was_never_started_is_in_the_oven_until_it_is_evicted(
    oven: TestOven, client: Client
) -> None:
    # Too early to be evicted if the pilot light sends a trigger now.
    until = round(time.time() - OVERDUE_AFTER_SECS / 2, 3)
    client.lease_by_hand("where-leased", Lease(2, until))

    leased = find_item(oven.aws, oven.stack, "where-leased", time.time())
    overdue = look(oven).overdue
    client.lease_by_hand("where-leased", Lease(2, until - OVERDUE_AFTER_SECS))
    client.trigger()
    client.collect_until_quiet()
    evicted = find_item(oven.aws, oven.stack, "where-leased", time.time())

    assert leased.stage is ItemStage.BAKING
    assert leased.lease is not None
    assert (leased.lease.size, leased.lease.until) == (2, until)
    assert leased.lease in overdue
    assert evicted.stage is ItemStage.FAILED
    assert evicted.reason == "never started"


def test_sending_and_asking_can_wait_and_a_dropped_copy_is_told(oven: TestOven, client: Client) -> None:
    sent = run("send", "--id", "awaited", "--bake", "5", "--wait", "held", *at(oven))
    out = run("item", "awaited", "--wait", "out", *at(oven))
    again = run("send", "--id", "awaited", "--bake", "1", "--wait", "out", *at(oven))
    client.collect_until_quiet()
    asked = run("item", "awaited", *at(oven))

    assert (sent.returncode, sent.stdout) == (0, "awaited\n")
    assert re.search(r"^awaited (bakes .* more|is coming out), in 1 slot, until ", sent.stderr, re.MULTILINE)
    assert (out.returncode, out.stdout.partition(" at ")[0]) == (0, "awaited came out of the oven")
    assert again.returncode == 0
    assert "This one will be dropped: an id bakes once in 90 days." in again.stderr
    assert re.search(r"^1 copy was dropped, the last at .*: an id bakes once", asked.stdout, re.MULTILINE)


def test_oven_item_exits_with_0_for_a_known_item_and_with_1_for_an_unknown_one(
    oven: TestOven, client: Client
) -> None:
    client.send(pizza("known", secs=0))
    client.collect_until_quiet()

    known = run("item", "known", *at(oven))
    told = run("item", "known", "--json", *at(oven))
    unknown = run("item", "stranger", *at(oven))
    impossible = run("item", "no id", *at(oven))

    assert known.returncode == 0, known.stderr
    assert known.stdout.startswith("known came out of the oven at ")
    assert json.loads(told.stdout)["state"] == "baked"
    assert unknown.returncode == 1
    assert unknown.stdout.startswith("stranger is unknown: ")
    assert "New Items, which cannot be searched" in unknown.stdout
    assert impossible.returncode == 2
    assert impossible.stderr == (
        'oven: the id of an item must be 1 to 80 characters of A-Z a-z 0-9 _ . -, not "no id"\n'
    )


# The logs


def test_the_logs_tell_the_story_of_one_item_through_both_functions(oven: TestOven, client: Client) -> None:
    client.hold("story-hold")
    begin = time.time() - 600
    # For some seconds: it is not out before Bake Items has written that it is in.
    client.send(pizza("story", secs=3))
    client.wait_until_waiting(1)
    client.let_go("story-hold")
    client.collect_until_quiet()
    eventually("the last line is written", lambda: len(_story(oven, begin)) == 3)

    told = run("logs", "--item", "story", "--json", *at(oven))
    read = run("logs", "--item", "story", *at(oven))

    story = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(line["function"], line["decision"]) for line in story] == [
        ("BakeItems", "joined"),
        ("BakeItems", "loaded"),
        ("ItemRemoved", "baked"),
    ]
    assert {line["id"] for line in story} == {"story"}
    assert [line["at"] for line in story] == sorted(line["at"] for line in story)
    assert [line.split()[3:5] for line in read.stdout.splitlines()] == [
        ["joined", "story"],
        ["loaded", "story"],
        ["baked", "story"],
    ]


def _story(oven: TestOven, begin: float) -> list[LogEntry]:
    return read_entries(oven.aws, oven.stack, begin, item_id="story")


def test_who_follows_the_logs_reads_each_line_once(oven: TestOven, client: Client) -> None:
    begin = time.time()
    polls = itertools.count()
    seen: list[LogEntry] = []

    def send_then_wait(_secs: float) -> None:
        poll = next(polls)
        if poll < 2:
            # For some seconds: it is not out before Bake Items has written that it is in.
            client.send(pizza(f"followed-{poll}", secs=3))
            client.collect_until_quiet()
        elif [line.decision for line in seen].count("baked") == 2 or time.time() > begin + PATIENCE_SECS:
            raise EnoughError
        time.sleep(0.1)

    with contextlib.suppress(EnoughError):
        for line in follow_entries(oven.aws, oven.stack, begin, time.time, send_then_wait):
            seen.append(line)  # noqa: PERF402 - those before the end count

    assert [(line.decision, line.item_id) for line in seen] == [
        ("loaded", "followed-0"),
        ("baked", "followed-0"),
        ("loaded", "followed-1"),
        ("baked", "followed-1"),
    ]
