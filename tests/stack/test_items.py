"""The commands that move items, run as users run them: with pipes, files and by hand, and killed."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from serverless_pizza_oven import Oven
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.operations.item_lookup import ItemStage, find_item
from serverless_pizza_oven.operations.steering import pause, resume
from serverless_pizza_oven.queue_client import count_messages
from tests.patience import PATIENCE_SECS, eventually
from tests.ports import free_port
from tests.stack.clients import pizza
from tests.stack.commands import OVEN, RUN_SECS, environment, oven
from tests.stack.quick_oven import quick_oven

CAPACITY = 4


@pytest.fixture(scope="module")
def running() -> Iterator[LocalOven]:
    with running_oven(free_port(), capacity=CAPACITY) as made:
        yield made


class OvenUser:
    """An oven, and the command that knows it."""

    def __init__(self, running: LocalOven) -> None:
        self.running = running
        self.settings = {"AWS_ENDPOINT_URL": running.endpoint_url}
        self._sqs = running.aws.sqs

    def oven(self, *arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        return oven(*arguments, answer=answer, settings=self.settings)

    def shell(self, line: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        """Run a line in a shell that knows `oven`."""
        return subprocess.run(
            ["bash", "-c", line.replace("oven ", f"{quick_oven()} ")],
            env=environment(**self.settings),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=RUN_SECS,
            check=False,
        )

    def begin(self, *arguments: str, **streams: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [OVEN, *arguments], env=environment(**self.settings), stderr=subprocess.DEVNULL, **streams
        )

    def put(self, queue_url: str, *bodies: str) -> None:
        """Messages that are there, whoever sent them."""
        for n in range(0, len(bodies), 10):
            entries: Any = [{"Id": str(k), "MessageBody": b} for k, b in enumerate(bodies[n : n + 10])]
            self._sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)

    def baked(self, count: int) -> list[Any]:
        """Collect that many items with the command."""
        collected = self.oven("collect", "--n", str(count), "--wait", str(PATIENCE_SECS))
        assert collected.returncode == 0, collected.stderr
        return [json.loads(line) for line in collected.stdout.splitlines()]

    def rests(self) -> bool:
        """Whether no item bakes and no message is in the queues: all items are out."""
        aws, stack = self.running.aws, self.running.stack
        return not count_messages(aws, stack.new_items) and not read_row(aws, stack).occupied

    def place(self, item_id: str) -> ItemStage:
        """Where an item is."""
        return find_item(self.running.aws, self.running.stack, item_id, time.time()).stage

    def letters(self) -> list[Any]:
        """The dead letters."""
        return [json.loads(line) for line in self.oven("dlq", "list", "--json").stdout.splitlines()]


@pytest.fixture
def user(running: LocalOven) -> Iterator[OvenUser]:
    """The shared oven. Its tests have item ids of their own, and leave its queues empty."""
    user = OvenUser(running)
    yield user
    for url in (running.stack.baked_items, running.stack.dead_letters):
        running.aws.sqs.purge_queue(QueueUrl=url)


def lines(items: Sequence[object]) -> str:
    return "".join(f"{json.dumps(item)}\n" for item in items)


def ids(items: Sequence[Any]) -> list[str]:
    return sorted(item["id"] for item in items)


# oven send and oven collect


def test_an_item_from_options_is_told_by_its_id_and_comes_out_as_it_was_sent(user: OvenUser) -> None:
    sent = user.oven(
        "send", "--id", "by-hand", "--bake", "1", "--size", "2", "--field", "table=7", "--field", "for=Zoë 🍕"
    )

    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "by-hand\n", "1 item sent.\n")
    assert user.baked(1) == [{"id": "by-hand", "bakingTimeSecs": 1, "size": 2, "table": 7, "for": "Zoë 🍕"}]


def test_an_item_without_an_id_gets_one_of_its_own_each_time(user: OvenUser) -> None:
    printed = [user.oven("send", "--bake", "0").stdout.strip() for _ in range(2)]
    assert ids(user.baked(2)) == sorted(printed)
    assert len(set(printed)) == 2


def test_a_file_is_sent_and_collected_line_by_line(user: OvenUser, tmp_path: Path) -> None:
    items = [pizza(f"of-file-{n}", n=n) for n in range(25)]
    (tmp_path / "items.jsonl").write_text("\ufeff" + lines(items).replace("\n", "\r\n\r\n"))

    sent = user.shell("oven send --file items.jsonl", tmp_path)

    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.splitlines() == [item["id"] for item in items]
    assert sent.stderr == "25 items sent.\n"
    assert sorted(user.baked(25), key=lambda item: int(item["n"])) == items


def test_a_file_with_one_bad_line_is_not_sent_at_all(user: OvenUser, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(lines([pizza("good"), pizza("too-big", size=CAPACITY + 1)]))

    for command in ("oven send --file bad.jsonl", "oven send --file - < bad.jsonl"):
        sent = user.shell(command, tmp_path)

        assert (sent.returncode, sent.stdout) == (2, "")
        assert "jsonl:2: size" in sent.stderr or "standard input:2: size" in sent.stderr
        assert "from 1 to 4, not 5" in sent.stderr
    assert user.oven("collect").stdout == ""


def test_a_pipe_is_sent_as_it_comes_until_a_bad_line(user: OvenUser) -> None:
    process = user.begin("send", "--file", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(lines([pizza("early")]).encode())
    process.stdin.flush()

    assert process.stdout.readline() == b"early\n"
    assert ids(user.baked(1)) == ["early"]
    process.stdin.write(b"no json\n")
    process.stdin.close()
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait(RUN_SECS) == 2


def test_all_is_sent_though_nobody_reads_the_ids_to_the_end(user: OvenUser, tmp_path: Path) -> None:
    items = [pizza(f"unread-{n:03}{'x' * 60}") for n in range(200)]
    (tmp_path / "items.jsonl").write_text(lines(items))

    sent = user.shell('oven send --file items.jsonl | head -1; echo "${PIPESTATUS[0]}"', tmp_path)

    assert sent.stdout == f"{items[0]['id']}\n0\n"
    assert ids(user.baked(200)) == ids(items)


def test_a_paused_oven_takes_items_and_says_that_they_wait(user: OvenUser) -> None:
    aws, stack = user.running.aws, user.running.stack
    pause(aws, stack)
    try:
        sent = user.oven("send", "--id", "patient", "--bake", "0")
    finally:
        resume(aws, stack)

    assert sent.stdout == "patient\n"
    assert "The oven is paused: the items stay in New Items until oven resume --stack spo" in sent.stderr
    assert ids(user.baked(1)) == ["patient"]


def test_who_follows_gets_what_comes_and_ends_by_ctrl_c(user: OvenUser) -> None:
    process = user.begin("collect", "--follow", stdout=subprocess.PIPE)
    assert process.stdout
    user.oven("send", "--id", "followed", "--bake", "1")

    assert json.loads(process.stdout.readline())["id"] == "followed"
    process.send_signal(signal.SIGINT)
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait(RUN_SECS) == 130


def test_what_a_full_disk_did_not_take_is_still_there(user: OvenUser, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no full disk to be had")
    user.put(user.running.stack.baked_items, *(json.dumps(pizza(f"kept-{n}")) for n in range(15)))

    collected = user.shell("oven collect > /dev/full", tmp_path)

    assert collected.returncode == 1
    assert collected.stderr == "oven: standard output took no more: No space left on device\n"
    assert len(user.baked(15)) == 15


def test_what_nobody_would_read_is_still_there(user: OvenUser, tmp_path: Path) -> None:
    user.put(user.running.stack.baked_items, *(json.dumps(pizza(f"shy-{n}")) for n in range(15)))

    collected = user.shell("oven collect | true; exit ${PIPESTATUS[0]}", tmp_path)

    assert (collected.returncode, collected.stderr) == (1, "")
    assert len(user.baked(15)) == 15


# oven dlq list, oven dlq redrive, oven remove


def test_a_rejected_item_is_listed_mended_and_baked(user: OvenUser) -> None:
    user.put(user.running.stack.new_items, json.dumps(pizza("large", size=9, crust="thin")), "no json")
    eventually("both are dead letters", lambda: len(user.letters()) == 2)

    listed = user.oven("dlq", "list")
    refused = user.oven("dlq", "redrive", "large", "--set", "size=5")
    mended = user.oven("dlq", "redrive", "large", "--set", "size=3")

    assert "size must be a whole number of slots from 1 to 4, not 9" in listed.stdout
    assert "the message is not JSON" in listed.stdout
    assert refused.returncode == 1
    assert refused.stderr == (
        "oven: large is still malformed: size must be a whole number of slots from 1 to 4, not 5; "
        "nothing was sent\n"
    )
    assert (mended.returncode, mended.stdout, mended.stderr) == (0, "sent   large\n", "")
    assert user.baked(1) == [pizza("large", size=3, crust="thin")]
    assert [letter["body"] for letter in user.letters()] == ["no json"]


def test_what_cannot_be_baked_stays_and_is_an_error(user: OvenUser) -> None:
    user.put(user.running.stack.dead_letters, "no json", json.dumps(pizza("given-up")))

    redriven = user.oven("dlq", "redrive", "--all")

    assert redriven.returncode == 1
    assert "sent   given-up\n" in redriven.stdout
    assert ": the message is not JSON" in redriven.stdout
    assert (
        redriven.stderr == "oven: 1 of 2 dead letters stay: send such an item anew with oven send --item, "
        "then discard its letter with oven dlq discard\n"
    )
    assert ids(user.baked(1)) == ["given-up"]


def test_an_item_is_removed_becomes_a_dead_letter_and_bakes_under_a_new_id(user: OvenUser) -> None:
    user.oven("send", "--id", "early-out", "--bake", "3600", "--size", "4")
    user.oven("send", "--id", "next", "--bake", "0")
    eventually("one bakes", lambda: user.place("early-out") is ItemStage.BAKING)
    eventually("one waits", lambda: user.place("next") is ItemStage.IN_LINE)

    removed = user.oven("remove", "early-out")
    again = user.oven("remove", "early-out")

    assert removed.returncode == 0, removed.stderr
    assert removed.stdout.startswith("early-out is out of the oven, and a dead letter")
    assert again.returncode == 1
    assert "its baking failed" in again.stderr
    assert ids(user.baked(1)) == ["next"]
    (letter,) = user.letters()
    assert letter["reason"] == "its baking ended as ABORTED: Oven.Removed: oven remove took it out"
    assert letter["redrive"] == "new id"

    redriven = user.oven("dlq", "redrive", "early-out", "--set", "bakingTimeSecs=0")
    assert redriven.stdout == "sent   early-out as early-out.redrive-1\n"
    assert user.baked(1) == [pizza("early-out.redrive-1", size=4)]


def test_an_item_that_waits_is_removed_and_becomes_a_dead_letter_when_it_is_first_in_line(
    user: OvenUser,
) -> None:
    user.oven("send", "--id", "before", "--bake", "3600", "--size", "4")
    user.oven("send", "--id", "not-wanted", "--bake", "3600")
    eventually("one bakes", lambda: user.place("before") is ItemStage.BAKING)
    eventually("one waits", lambda: user.place("not-wanted") is ItemStage.IN_LINE)

    removed = user.oven("remove", "not-wanted")
    told = user.oven("item", "not-wanted")
    again = user.oven("remove", "not-wanted")
    user.oven("remove", "before")

    assert removed.returncode == 0, removed.stderr
    assert removed.stdout == (
        "not-wanted is cancelled. It becomes a dead letter when it is the first in line.\n"
    )
    assert "was cancelled" in told.stdout
    assert again.returncode == 1
    assert "is cancelled already" in again.stderr
    eventually("it is a dead letter", lambda: len(user.letters()) == 2)
    letter = next(letter for letter in user.letters() if letter["id"] == "not-wanted")
    assert letter["reason"] == "it was removed by oven remove while it waited"
    assert letter["redrive"] == "new id"
    assert read_row(user.running.aws, user.running.stack).occupied == 0
    assert user.oven("dlq", "discard", "--all", "--yes").returncode == 0


def test_while_the_oven_is_paused_every_command_tells_that_a_removed_item_keeps_its_slots(
    user: OvenUser,
) -> None:
    aws, stack = user.running.aws, user.running.stack
    user.oven("send", "--id", "held", "--bake", "3600", "--size", "4")
    eventually("it bakes", lambda: user.place("held") is ItemStage.BAKING)
    pause(aws, stack)
    try:
        removed = user.oven("remove", "held")
        again = user.oven("remove", "held")
        told = user.oven("item", "held")
        listed = user.oven("dlq", "list")
        status = user.oven("status")
    finally:
        resume(aws, stack)

    follows = "it frees its slots and becomes a dead letter after oven resume --stack spo"
    assert (removed.returncode, removed.stdout) == (0, f"held does not bake any more; {follows}.\n")
    assert (again.returncode, again.stderr) == (1, f"oven: held does not bake any more; {follows}\n")
    assert told.stdout.endswith(f"ABORTED: Oven.Removed: oven remove took it out; {follows}.\n")
    assert "There are no dead letters." in listed.stderr
    assert "items that fail or are removed are listed here after oven resume --stack spo" in listed.stderr
    assert "an item that fails or is removed keeps its slots until oven resume" in status.stdout
    eventually("its slots are free", lambda: read_row(aws, stack).occupied == 0)
    assert [letter["id"] for letter in user.letters()] == ["held"]


def test_a_letter_that_is_thrown_away_is_printed_first_and_the_others_stay(user: OvenUser) -> None:
    user.put(user.running.stack.dead_letters, json.dumps(pizza("hopeless")), "no json")

    unasked = user.oven("dlq", "discard", "--all")
    thrown = user.oven("dlq", "discard", "hopeless")

    assert unasked.returncode == 2
    assert unasked.stderr == "oven: not a terminal: say --yes\n"
    assert (thrown.returncode, thrown.stderr) == (0, "1 dead letter discarded.\n")
    assert json.loads(thrown.stdout)["body"] == json.dumps(pizza("hopeless"))
    assert [letter["body"] for letter in user.letters()] == ["no json"]

    assert user.oven("dlq", "discard", "--all", "--yes").returncode == 0
    assert user.oven("dlq", "list").stderr == "There are no dead letters.\n"


def test_an_unknown_item_cannot_be_removed(user: OvenUser) -> None:
    removed = user.oven("remove", "nobody")
    assert removed.returncode == 1
    assert removed.stderr == (
        "oven: nobody is not in the oven: it was never sent, or it waits in New Items. "
        "oven release cancels it there\n"
    )


# Killed


LONG = "x" * 60
"""Makes ids so long that a small pipe holds only some of them: so the command is killed before its last
one."""


def kill_after_a_line(user: OvenUser, *arguments: str) -> list[str]:
    """Kill a command when it has printed its first line. Returns all whole lines that it printed."""
    process = user.begin(*arguments, stdout=subprocess.PIPE, pipesize=4096)
    assert process.stdout
    printed = process.stdout.readline()
    process.kill()
    printed += process.stdout.read()
    process.stdout.close()
    assert process.wait(RUN_SECS) == -signal.SIGKILL, "it came to its end before"
    return printed.decode().rpartition("\n")[0].splitlines()


def test_a_file_whose_sending_was_killed_is_sent_again_and_bakes_once(user: OvenUser, tmp_path: Path) -> None:
    items = [pizza(f"resent-{n}-{LONG}", secs=0) for n in range(200)]
    (tmp_path / "items.jsonl").write_text(lines(items))

    kill_after_a_line(user, "send", "--file", str(tmp_path / "items.jsonl"))
    again = user.oven("send", "--file", str(tmp_path / "items.jsonl"))

    assert again.returncode == 0, again.stderr
    assert ids(user.baked(200)) == ids(items)
    eventually("nothing more comes", user.rests)
    assert user.oven("collect").stdout == ""


def test_what_a_killed_collect_did_not_print_comes_again(user: OvenUser, tmp_path: Path) -> None:
    items = [pizza(f"collected-{n}", topping="x" * 2000) for n in range(100)]
    user.put(user.running.stack.baked_items, *map(json.dumps, items))

    printed = kill_after_a_line(user, "collect")
    (tmp_path / "baked").write_text("\n".join([*printed, '{"id": "cut-o']))
    again = user.shell(f"oven collect --n 100 --wait {PATIENCE_SECS} >> baked", tmp_path)

    assert again.returncode == 0, again.stderr
    assert 0 < len(printed) < 100
    lines_now = (tmp_path / "baked").read_text().splitlines()
    assert lines_now.pop(len(printed)) == '{"id": "cut-o'
    assert {json.loads(line)["id"] for line in lines_now} == {item["id"] for item in items}


def test_dead_letters_whose_redrive_was_killed_go_back_and_bake_once(user: OvenUser) -> None:
    items = [pizza(f"redriven-{n}-{LONG}", secs=0) for n in range(100)]
    user.put(user.running.stack.dead_letters, *map(json.dumps, items))

    kill_after_a_line(user, "dlq", "redrive", "--all")
    at_once = user.oven("dlq", "redrive", "--all")

    # On a busy machine they are visible again before the second command receives.
    assert at_once.stdout or "were received by another command" in at_once.stderr

    def all_went_back() -> bool:
        user.oven("dlq", "redrive", "--all")
        return user.oven("dlq", "list").stderr == "There are no dead letters.\n"

    eventually("the dead one's letters went back, too", all_went_back)
    assert ids(user.baked(100)) == ids(items)
    eventually("nothing more comes", user.rests)
    assert user.oven("collect").stdout == ""


# The client


def test_the_client_sends_sees_and_collects(user: OvenUser) -> None:
    mine = Oven.local(user.running.endpoint_url)
    items = [pizza(f"client-{n}") for n in range(6)]

    mine.send(pizza("client-hold", secs=3600, size=mine.capacity))
    eventually("the oven is full", lambda: mine.status().occupied == mine.capacity)
    mine.send(items[0])
    mine.send_many(items[1:])
    eventually("they wait", lambda: mine.status().waiting == 6)
    user.oven("remove", "client-hold")
    baked = list(mine.results(most=6, wait_secs=PATIENCE_SECS))

    assert sorted(baked, key=lambda item: str(item["id"])) == items
    eventually("the oven is empty", lambda: mine.status().occupied == 0)


def test_a_result_whose_handling_failed_comes_again(user: OvenUser) -> None:
    mine = Oven.local(user.running.endpoint_url)
    mine.send(pizza("handled-twice"))

    def handle_badly() -> None:
        for _ in mine.results(most=1, wait_secs=PATIENCE_SECS, handling_secs=1):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        handle_badly()
    assert ids(list(mine.results(most=1, wait_secs=PATIENCE_SECS))) == ["handled-twice"]
