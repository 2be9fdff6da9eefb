"""Runs a command that must not outlive this process, as it may need slots that this process holds.

The command is in a process group of its own, whose leader is a guard: a shell that waits for the end of a
pipe. The kernel closes the pipe when this process ends, however it ends, and the guard ends the group.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

POLL_SECS = 0.05

PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""Signals that the command gets in place of this process."""

_GUARD = """trap '' TERM INT HUP QUIT USR1 USR2 TSTP
echo
if ! read -r _; then kill -CONT 0; kill -TERM 0; sleep "$1"; kill -KILL 0; fi"""
"""It ignores what the group is sent but for SIGKILL. A line on the pipe ends it: the command has ended."""


class GuardedCommand:
    """A command in a process group of its own, which is ended when this process ends."""

    def __init__(
        self, arguments: Sequence[str], kill_after_secs: float, environment: Mapping[str, str]
    ) -> None:
        """Between SIGTERM and SIGKILL are `kill_after_secs`."""
        self._arguments = arguments
        self._kill_after_secs = kill_after_secs
        self._environment = environment
        self._group: int | None = None
        """Of the command, while it runs."""
        self._starting = threading.Lock()
        self._kill_at: float | None = None
        """When what is left of the command is killed, by `time.monotonic`. None while it may run."""
        self._ended = threading.Event()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def run(self) -> int:
        """Run it to its end. Returns its exit code; 128 and the number of the signal that ended it.

        Raises OSError if it cannot be run.
        """
        guard = subprocess.Popen(  # noqa: S603 - no word of the command is in it
            ["/bin/sh", "-c", _GUARD, "guard", str(math.ceil(self._kill_after_secs))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        # If this block is left by an error, the pipe is closed without a word, and the guard ends the group.
        with guard:
            assert guard.stdout is not None  # noqa: S101
            # Now it ignores signals.
            guard.stdout.readline()
            try:
                with _terminal_of(guard.pid):
                    code = self._run_in_group(guard.pid)
            except OSError:
                # Nothing runs in the group.
                guard.communicate(b"\n")
                raise
            # It may have been killed with the group.
            with contextlib.suppress(BrokenPipeError):
                guard.communicate(b"\n")
        if self._kill_at is not None:
            self._kill_rest(guard.pid, self._kill_at)
        return code

    def pass_on(self, number: int) -> bool:
        """Send a signal to the command. False if it does not run."""
        group = self._group
        if group is None:
            return False
        _signal(group, number)
        return True

    def end(self) -> None:
        """End the command: SIGTERM, then SIGKILL. Returns when it has ended. It is not started afterwards."""
        with self._starting:
            self._kill_at = time.monotonic() + self._kill_after_secs
        if self.pass_on(signal.SIGTERM):
            # One that is stopped handles no signal.
            self.pass_on(signal.SIGCONT)
            if not self._ended.wait(self._kill_after_secs):
                self.pass_on(signal.SIGKILL)

    def _kill_rest(self, group: int, kill_at: float) -> None:
        """Kill what the command left in its group, at that time."""
        while _signal(group, 0):
            if time.monotonic() >= kill_at:
                _signal(group, signal.SIGKILL)
                return
            time.sleep(POLL_SECS)

    def _run_in_group(self, group: int) -> int:
        with self._starting:
            if self._kill_at is not None:
                return 128 + signal.SIGTERM
            process = subprocess.Popen(  # noqa: S603 - what it runs is the user's choice
                self._arguments, process_group=group, env=dict(self._environment)
            )
            self._group = group
        try:
            process.returncode = _wait(process.pid, group)
        finally:
            self._group = None
            self._ended.set()
        return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _wait(pid: int, group: int) -> int:
    """Wait for the end of a process. If Ctrl-Z stops it all the same, it goes on at once."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        if os.WSTOPSIG(status) == signal.SIGTSTP:
            _signal(group, signal.SIGCONT)


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group. False if there is nobody in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers with the latter if all that is left has ended and was not waited for.
        return False
    return True


@contextlib.contextmanager
def _terminal_of(group: int) -> Iterator[None]:
    """Let a process group read from the terminal, as a shell does, and get Ctrl-C from it."""
    own = os.getpgrp()
    try:
        terminal = sys.__stdin__.fileno() if sys.__stdin__ else -1
        is_ours = os.tcgetpgrp(terminal) == own
    except OSError:
        is_ours = False
    if not is_ours:
        yield
        return
    # A process in the background that takes the terminal back is sent SIGTTOU. The command inherits that it
    # ignores SIGTSTP: stopped by Ctrl-Z, it would hold slots for nothing.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTTOU, signal.SIGTSTP)}
    try:
        os.tcsetpgrp(terminal, group)
        yield
    finally:
        os.tcsetpgrp(terminal, own)
        for number, handler in before.items():
            signal.signal(number, handler)
