"""The `oven` command with standard streams that are full, closed, or in a small encoding."""

import io
import os
import shlex
import subprocess
import sys

import pytest

from serverless_pizza_oven.cli.command_table import all_commands
from serverless_pizza_oven.cli.streams import make_streams_whole

OVEN = shlex.join([sys.executable, "-c", "from serverless_pizza_oven.cli import main; main()"])


def oven(arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command in a shell. Returns its exit code, and what it printed to both streams."""
    ended = subprocess.run(
        ["sh", "-c", f"{OVEN} {arguments}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [("--version", "1"), ("cost --json", ""), ("cost --json", "1"), ("logs --help", "")],
)
def test_a_full_disk_is_told_in_one_line(command: str, unbuffered: str) -> None:
    told = oven(f"{command} >/dev/full", PYTHONUNBUFFERED=unbuffered)

    assert told == (1, "", "oven: standard output took no more: No space left on device\n")


def test_a_closed_standard_output_is_as_a_full_disk() -> None:
    assert oven("cost >&-") == (1, "", "oven: standard output took no more: Bad file descriptor\n")


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_the_work_goes_on_where_nobody_can_be_told_of_it(stream: str) -> None:
    assert oven(f"no-such-command {stream}") == (2, "", "")


def test_a_closed_standard_input_is_an_empty_one() -> None:
    read = (
        "import sys; from serverless_pizza_oven.cli import streams; "
        "streams.make_streams_whole(); print([*sys.stdin])"
    )

    ended = subprocess.run(
        ["sh", "-c", f"{shlex.join([sys.executable, '-c', read])} <&-"], capture_output=True, check=True
    )

    assert ended.stdout == b"[]\n"


def test_a_reader_who_goes_ends_the_command_in_silence() -> None:
    assert oven("cost --json | true") == (0, "", "")


INTERRUPTED = """
import os, signal, sys, threading, time
from serverless_pizza_oven.cli.output import write_lines
from serverless_pizza_oven.cli.streams import make_streams_whole

out, into = os.pipe()
os.dup2(into, 1)
make_streams_whole()
got, writing, interrupted = b"", False, 0

def read():
    # It has a line while the writer is still on its way back from writing it.
    global got
    while True:
        read = os.read(out, 4096)
        os.kill(os.getpid(), signal.SIGINT)
        got += read

def interrupt(*_):
    if writing:
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
threading.Thread(target=read, daemon=True).start()
n = 0
# On a busy machine it may be long until an interrupt comes during a write.
while n < 200 or not interrupted:
    try:
        writing = True
        write_lines([str(n)])
        writing = False
    except KeyboardInterrupt:
        writing, interrupted = False, interrupted + 1
    while got.count(b"\\n") <= n:
        time.sleep(0.001)
    n += 1
lines = [int(line) for line in got.split()]
sys.exit(f"{interrupted > 0} {lines == [*range(n)]}")
"""


def test_who_interrupts_gets_nothing_twice() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)

    assert ended.stderr == "True True\n"


def test_letters_that_an_encoding_lacks_are_replaced() -> None:
    code, out, err = oven("status --help", PYTHONIOENCODING="ascii")

    assert (code, err) == (0, "")
    assert "?" in out


OF_ALL_COMMANDS = """
import contextlib
from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.command_table import PANELS, CommandGroup

for command in [command for commands in PANELS.values() for command in commands]:
    of_group = [each.name for each in command.commands] if isinstance(command, CommandGroup) else []
    for name in [[command.name], *([command.name, each] for each in of_group)]:
        with contextlib.suppress(SystemExit):
            main([*name, "--help"])
"""


def test_every_help_can_be_printed_in_the_plainest_locale() -> None:
    """There Python's standard output takes bytes that it could not decode, but no letter that ASCII lacks."""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ended = subprocess.run(
        [sys.executable, "-c", OF_ALL_COMMANDS],
        env={**os.environ, **locale},
        capture_output=True,
        check=True,
    )

    assert ended.stderr == b""
    assert ended.stdout.count(b"Usage: oven ") == len(list(all_commands())) + 1
    assert ended.stdout.isascii()


ASKS = """
import contextlib, typer
from serverless_pizza_oven.cli.messages import confirm
from serverless_pizza_oven.cli.streams import make_streams_whole

make_streams_whole()
with contextlib.suppress(typer.Exit):
    confirm("Go on?", "Nothing was made.")
"""


def test_an_answer_in_bytes_that_are_no_text_is_no_yes() -> None:
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"y\xe4\n")

    ended = subprocess.run(
        [sys.executable, "-c", ASKS],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
    )

    os.close(keyboard)
    os.close(terminal)
    assert ended.stderr == "Go on? [y/N]: Nothing was made.\n"


def test_streams_that_somebody_has_replaced_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)

    make_streams_whole()

    assert sys.stdout is mine
