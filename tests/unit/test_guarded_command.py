"""A command that does not outlive its guardian: how it runs, and how it is ended."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serverless_pizza_oven.cli.guarded_command import GuardedCommand
from tests.patience import eventually

GUARDIAN = """
import os, signal, sys
from serverless_pizza_oven.cli.guarded_command import PASSED_ON, GuardedCommand
command = GuardedCommand(sys.argv[1:], 1, os.environ)
for number in PASSED_ON:
    signal.signal(number, lambda number, _: command.pass_on(number))
code = command.run()
print("code", code, flush=True)
"""


def guarded(script: str, kill_after_secs: float = 5) -> GuardedCommand:
    return GuardedCommand(["sh", "-c", script], kill_after_secs, os.environ)


def is_there(pid: int) -> bool:
    """Whether a process runs. One that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_in(path: Path) -> int:
    eventually("a process has begun", lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def end_once_it_runs(command: GuardedCommand, pid_file: Path) -> None:
    def end() -> None:
        pid_in(pid_file)
        command.end()

    threading.Thread(target=end).start()


@pytest.fixture
def begin() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a process with a guarded command in it."""
    begun: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", GUARDIAN, "sh", "-c", script, "sh", *arguments]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_code_is_that_of_the_command(script: str, code: int) -> None:
    assert guarded(script).run() == code


def test_it_has_its_environment_and_standard_input(capfd: pytest.CaptureFixture[str]) -> None:
    assert GuardedCommand(["sh", "-c", "echo $MARK"], 5, {**os.environ, "MARK": "x y"}).run() == 0
    assert capfd.readouterr().out == "x y\n"


def test_a_command_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        GuardedCommand(["no-such-command"], 5, os.environ).run()


def test_what_it_leaves_in_the_background_is_left_alone(tmp_path: Path) -> None:
    assert guarded(f"sleep 60 & echo $! > {tmp_path}/pid").run() == 0

    pid = pid_in(tmp_path / "pid")
    assert is_there(pid)
    os.kill(pid, signal.SIGKILL)


def test_it_is_ended_by_sigterm(tmp_path: Path) -> None:
    command = guarded(f"trap 'echo >{tmp_path}/asked; exit 3' TERM; echo $$ >{tmp_path}/pid; sleep 60 & wait")
    end_once_it_runs(command, tmp_path / "pid")

    assert command.run() == 3
    assert (tmp_path / "asked").exists()


def test_it_is_killed_with_its_children_if_it_ignores_sigterm(tmp_path: Path) -> None:
    command = guarded(f"trap '' TERM; sh -c 'sleep 60; true' & echo $! >{tmp_path}/pid; wait", 0.2)
    end_once_it_runs(command, tmp_path / "pid")

    assert command.run() == 137
    eventually("its child is gone, too", lambda: not is_there(pid_in(tmp_path / "pid")))


def test_what_it_leaves_when_it_is_ended_is_killed(tmp_path: Path) -> None:
    stubborn = f"sh -c 'trap \"\" TERM; echo $$ >{tmp_path}/pid; sleep 60; true' & wait"
    command = guarded(stubborn, 0.5)
    end_once_it_runs(command, tmp_path / "pid")

    assert command.run() == 143
    eventually("its child is gone, too", lambda: not is_there(pid_in(tmp_path / "pid")))


def test_it_is_not_started_once_it_was_ended(tmp_path: Path) -> None:
    command = guarded(f"touch {tmp_path}/ran")
    command.end()

    assert command.run() == 143
    assert not (tmp_path / "ran").exists()


def test_it_ends_when_its_guardian_is_killed(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[str]"]
) -> None:
    polite = begin('sh -c "sleep 60; true" & echo $! >"$1"; wait', str(tmp_path / "polite"))
    stubborn = begin('trap "" TERM; echo $$ >"$1"; while :; do sleep 1; done', str(tmp_path / "stubborn"))
    pids = [pid_in(tmp_path / "polite"), pid_in(tmp_path / "stubborn")]

    began = time.monotonic()
    polite.kill()
    stubborn.kill()

    eventually("both are gone", lambda: not any(map(is_there, pids)))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(
    number: signal.Signals, tmp_path: Path, begin: Callable[..., "subprocess.Popen[str]"]
) -> None:
    name = number.name.removeprefix("SIG")
    process = begin(
        f'trap "exit 9" {name}; echo $$ >"$1"; while :; do sleep 0.1; done', str(tmp_path / "pid")
    )
    pid_in(tmp_path / "pid")

    process.send_signal(number)

    assert process.communicate()[0] == "code 9\n"


class Terminal:
    """A guarded command in a terminal of its own."""

    def __init__(self, script: str) -> None:
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.execv(sys.executable, [sys.executable, "-c", GUARDIAN, "sh", "-c", script])  # noqa: S606
        self.shown = b""

    def type(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def shows(self, text: bytes) -> None:
        while text not in self.shown:
            self.shown += os.read(self._fd, 1000)

    def close(self) -> None:
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def test_it_reads_from_the_terminal_and_gets_ctrl_c() -> None:
    terminal = Terminal(
        'echo ready; read -r x; echo "got $x"; trap "exit 5" INT; echo again; while :; do sleep 0.1; done'
    )
    terminal.shows(b"ready")
    terminal.type(b"some words\n")
    terminal.shows(b"got some words")
    terminal.shows(b"again")
    terminal.type(b"\x03")
    terminal.shows(b"code 5")
    terminal.close()


def test_ctrl_z_does_not_let_it_hold_slots_for_nothing() -> None:
    terminal = Terminal('echo ready; for n in 1 2 3 4 5; do sleep 0.2; done; echo "went on"')
    terminal.shows(b"ready")
    terminal.type(b"\x1a")
    terminal.shows(b"went on")
    terminal.shows(b"code 0")
    terminal.close()
