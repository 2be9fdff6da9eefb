"""`oven demo` as a person runs it: the installed command, in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.queue_client import count_messages
from tests.ports import free_port
from tests.stack.commands import RUN_SECS

OVEN = Path(sys.executable).parent / "oven"
FOREIGN = 30


@pytest.fixture(scope="module")
def shared_oven() -> Iterator[LocalOven]:
    """An oven that others use, too: its queue holds their baked items."""
    with running_oven(free_port()) as oven:
        for n in range(0, FOREIGN, 10):
            oven.aws.sqs.send_message_batch(
                QueueUrl=oven.stack.baked_items,
                Entries=[{"Id": str(i), "MessageBody": f'{{"id": "foreign-{n + i}"}}'} for i in range(10)],
            )
        yield oven


@contextlib.contextmanager
def demo(*options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A running demo, without a terminal and without the user's AWS settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [OVEN, "demo", *options],
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def foreign_ids_on_offer(oven: LocalOven) -> set[str]:
    """The ids of all items that can be received from Baked Items."""
    found: set[str] = set()
    while received := oven.aws.sqs.receive_message(
        QueueUrl=oven.stack.baked_items, MaxNumberOfMessages=10, VisibilityTimeout=60
    ).get("Messages"):
        found |= {json.loads(message["Body"])["id"] for message in received}
    return found


def queue_options(oven: LocalOven) -> list[str]:
    stack = oven.stack
    return ["--in", stack.new_items, "--waiting", stack.waiting_items, "--out", stack.baked_items]


def test_on_its_own_it_bakes_every_pizza_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo("--n", "20", "--bake", "1-1", "--json", "--capacity", "7", TMPDIR=str(tmp_path)) as process:
        printed, progress = process.communicate(timeout=RUN_SECS)

    assert process.returncode == 0, progress
    outcome: dict[str, Any] = json.loads(printed)
    assert outcome["ok"]
    assert (outcome["baked"], outcome["capacity"], outcome["idealSeconds"]) == (20, 7, 3)
    assert outcome["seconds"] >= 3
    assert "out " in progress
    assert progress.splitlines()[-1].startswith("Next: oven local runs an oven to play with.")
    assert "\x1b" not in printed + progress
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_take_their_own_pizzas_and_leave_those_of_others(shared_oven: LocalOven) -> None:
    short = ["--n", "20", "--bake", "1-1"]
    with (
        demo(*short, AWS_ENDPOINT_URL=shared_oven.endpoint_url) as one,
        demo(*short, *queue_options(shared_oven)) as other,
    ):
        outputs = [process.communicate(timeout=RUN_SECS) for process in (one, other)]

    for process, (printed, progress) in zip((one, other), outputs, strict=True):
        assert process.returncode == 0, progress
        assert "Baked    20 of 20 pizzas" in printed
        assert "DLQ      none of these pizzas" in printed
    assert count_messages(shared_oven.aws, shared_oven.stack.baked_items) == FOREIGN
    assert foreign_ids_on_offer(shared_oven) == {f"foreign-{n}" for n in range(FOREIGN)}


def test_interrupted_it_says_what_is_still_where_and_gives_back_what_it_held() -> None:
    with running_oven(free_port()) as oven:
        oven.aws.sqs.send_message(QueueUrl=oven.stack.baked_items, MessageBody='{"id": "foreign"}')
        with demo("--n", "20", "--bake", "60-60", "--json", *queue_options(oven)) as process:
            assert process.stderr is not None
            while "out 0 of 20" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
            printed, progress = process.communicate(timeout=RUN_SECS)

        assert process.returncode == 130, progress
        assert "Interrupted: in " in progress
        assert "out 0 of 20. The oven goes on" in progress
        assert not json.loads(printed)["ok"]
        assert foreign_ids_on_offer(oven) == {"foreign"}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--n", "0"], 2, "oven: --n must be from 1 to 100000 pizzas, not 0\n"),
        (["--bake", "5-2"], 2, "oven: --bake 5-2: the first number must not be above the second\n"),
        (["--endpoint-url", "here"], 2, "oven: an endpoint is a URL"),
        (["--stack", "spo", "--region", "eu-west-1"], 3, "no AWS credentials found"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    options: list[str], code: int, words: str, tmp_path: Path
) -> None:
    with demo(*options, HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true") as process:
        printed, progress = process.communicate(timeout=RUN_SECS)

    assert process.returncode == code
    assert words in progress
    assert progress.count("\n") == 1
    assert not printed


def test_a_queue_or_a_stack_that_is_not_there_is_told_in_one_line(shared_oven: LocalOven) -> None:
    queues = queue_options(shared_oven)
    wrong = [*queues[:-1], f"{shared_oven.stack.baked_items}-not"]
    for options, words in [(wrong, "there is no queue"), (["--stack", "none"], "there is no stack none")]:
        with demo("--n", "1", *options, AWS_ENDPOINT_URL=shared_oven.endpoint_url) as process:
            printed, progress = process.communicate(timeout=RUN_SECS)

        assert process.returncode in (3, 4)
        assert words in progress
        assert not printed


def test_commands_take_turns_for_the_slots() -> None:
    with demo("--hold", "--n", "3", "--bake", "1", "--capacity", "1", "--json") as process:
        out, told = process.communicate(timeout=RUN_SECS)

    assert process.returncode == 0, told
    outcome = json.loads(out)
    assert (outcome["ok"], outcome["commands"], outcome["atOnce"], outcome["failed"]) == (True, 3, 1, 0)
    assert told.count(" waits for 1 slot of ") == 3
    assert told.count(" works for 1 s") == told.count(" is done") == 3
