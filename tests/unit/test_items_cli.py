"""What the commands that move items refuse before any request, and their messages if AWS refuses."""

import json
import os
import threading
from pathlib import Path

import pytest

from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.deployment.stack import Stack
from tests.unit.mortal_sqs import Sqs

Capture = pytest.CaptureFixture[str]
WHICH = "oven: missing the ids of dead letters, or --all (oven dlq list shows the ids)"
BOTH = "oven: --all means every dead letter: ids do not go with it"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["send"],
            "oven: missing --bake SECS for one item, or --item or --file (see oven send --help)",
        ),
        (["send", "--id", "a"], "oven: missing --bake SECS"),
        (
            ["send", "--item", "{}", "--bake", "1"],
            "oven: --item and --bake do not go together",
        ),
        (
            ["send", "--file", "-", "--item", "{}"],
            "oven: --item and --file do not go together",
        ),
        (["send", "--file", "-", "--field", "a=1"], "oven: --file and --field do not go together"),
        (["send", "--file", "nowhere.jsonl"], "oven: --file nowhere.jsonl: No such file or directory"),
        (["send", "--file", "."], "oven: --file .: Is a directory"),
        (["send", "--bake", "1", "--field", "a"], "oven: --field takes NAME=VALUE, not 'a'"),
        (["send", "--bake", "1", "--field", "id=a"], "oven: --field id=... has an option of its own: --id"),
        (
            ["send", "--bake", "1", "--field", "size=1"],
            "oven: --field size=... has an option of its own: --size",
        ),
        (
            ["collect", "--follow", "--wait", "3"],
            "oven: --follow waits until Ctrl-C: --wait does not go with it",
        ),
        (
            ["collect", "--n", "0"],
            "oven: --n takes a whole number, 1 or more, not 0 (see oven collect --help)",
        ),
        (["dlq", "redrive"], WHICH),
        (["dlq", "redrive", "--all", "a"], BOTH),
        (["dlq", "redrive", "a", "--set", "size"], "oven: --set takes NAME=VALUE, not 'size'"),
        (
            ["dlq", "redrive", "--all", "--set", "id=b"],
            "oven: --set id=... has an option of its own: --new-id",
        ),
        (["send", "--item", "", "--file", "a"], "oven: --item and --file do not go together"),
        (["send", "--file", ""], "oven: --file : No such file or directory"),
        (["dlq", "redrive", "a", "--new-id", ""], "oven: the id of an item must be 1 to 80 characters"),
        (["dlq", "discard"], WHICH),
        (["dlq", "discard", "--all", "a"], BOTH),
        (["remove"], "oven: Missing argument 'ID'"),
        (["send", "--bake", "1"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (["collect"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (["dlq", "list"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (["dlq", "redrive", "a"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (["dlq", "discard", "a"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (["remove", "a"], "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    arguments: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert not said.out
    (told,) = said.err.splitlines()
    assert told.startswith(line)


NO_TEXT = os.fsdecode(b"note=caf\xe9")


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "--bake", "1", "--field", NO_TEXT],
        ["send", "--item", NO_TEXT],
        ["send", "--id", NO_TEXT, "--bake", "1"],
        ["dlq", "redrive", "a", "--set", NO_TEXT],
        ["dlq", "redrive", NO_TEXT],
        ["deploy", "--stack", "spo", "--parameter", NO_TEXT],
        ["simulate", "--bake", NO_TEXT],
    ],
)
def test_an_argument_that_is_no_text_is_refused_and_sent_nowhere(
    arguments: list[str], sqs: Sqs, capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "oven: the argument note=caf\\xe9 is no text in utf-8, the encoding of this terminal\n"
    )
    assert sqs.requests == []


def test_the_name_of_a_file_need_not_be_text(sqs: Sqs, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    file.write_text('{"id": "a", "bakingTimeSecs": 0}\n')

    main(["send", "--file", str(file)])

    assert capsys.readouterr().out == "a\n"


# What is said where SQS does not take all


STACK = Stack("spo", {"NewItemsQueueUrl": "new", "BakingTableCapacityCount": "14"})


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    """The queue New Items that the command finds."""
    sqs = Sqs("new")
    monkeypatch.setattr(Target, "find", lambda _: (sqs.account, STACK))
    return sqs


def send(*arguments: str) -> object:
    """Run the command. Returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["send", *arguments])
    return ended.value.code


def test_who_sends_a_file_is_told_which_were_sent_and_to_send_it_again(
    sqs: Sqs, tmp_path: Path, capsys: Capture
) -> None:
    sqs.refused = lambda body: '"i3"' in body
    file = tmp_path / "items.jsonl"
    file.write_text("".join(f'{{"id": "i{n}", "bakingTimeSecs": 0}}\n' for n in range(12)))

    assert send("--file", str(file)) == 3

    said = capsys.readouterr()
    assert said.out.split() == [f"i{n}" for n in range(10) if n != 3]
    assert said.err.splitlines() == [
        "9 items sent for sure. Send the same again: what was sent bakes once.",
        "oven: sending to new: InternalError: ",
    ]


def test_who_sends_a_whole_item_is_told_to_send_the_same_again(sqs: Sqs, capsys: Capture) -> None:
    sqs.refused = lambda _: True

    assert send("--item", '{"id": "a", "bakingTimeSecs": 1}') == 3
    assert send("--item", "") == 2

    told, *_, empty = capsys.readouterr().err.splitlines()
    assert told == "0 items sent for sure. Send the same again: it bakes once."
    assert empty.startswith("oven: the message is not JSON")


def test_an_empty_id_is_refused_and_not_replaced(sqs: Sqs, capsys: Capture) -> None:
    assert send("--bake", "1", "--id", "") == 2

    assert capsys.readouterr().err.endswith('not ""; nothing was sent\n')
    assert sqs.requests == []


def test_who_sends_an_item_without_an_id_is_told_the_id_to_send_it_again_with(
    sqs: Sqs, capsys: Capture
) -> None:
    bodies = []

    def refused(body: str) -> bool:
        bodies.append(json.loads(body))
        return True

    sqs.refused = refused

    assert send("--bake", "1") == 3

    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith(
        f"0 items sent for sure. Send it again, with --id {bodies[0]['id']}: it bakes once.\n"
    )


def test_who_interrupts_a_file_is_told_how_far_it_went(sqs: Sqs, tmp_path: Path, capsys: Capture) -> None:
    def refused(body: str) -> bool:
        if '"i10"' in body:
            raise KeyboardInterrupt
        return False

    sqs.refused = refused
    file = tmp_path / "items.jsonl"
    file.write_text("".join(f'{{"id": "i{n}", "bakingTimeSecs": 0}}\n' for n in range(12)))

    assert send("--file", str(file)) == 130

    said = capsys.readouterr()
    assert len(said.out.split()) == 10
    assert said.err.splitlines() == [
        "10 items sent for sure. Send the same again: what was sent bakes once.",
        "Interrupted.",
    ]


def test_the_lines_of_a_pipe_before_a_bad_one_are_sent_and_counted(
    sqs: Sqs, tmp_path: Path, capsys: Capture
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(
        target=lambda: fifo.write_text('{"id": "good", "bakingTimeSecs": 0}\nno json\n{"id": "late"}\n')
    )
    writer.start()

    assert send("--file", str(fifo)) == 2

    writer.join()
    said = capsys.readouterr()
    assert said.out == "good\n"
    assert said.err.startswith(f"1 item sent before a bad line.\noven: {fifo}:2: the message is not JSON")
