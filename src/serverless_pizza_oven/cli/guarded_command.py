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
from collections.abc import Iterator, Mapping, Sequence

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
        self._is_unwanted = False
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
            self._is_unwanted = True
        if self.pass_on(signal.SIGTERM):
            # One that is stopped handles no signal.
            self.pass_on(signal.SIGCONT)
            if not self._ended.wait(self._kill_after_secs):
                self.pass_on(signal.SIGKILL)

    def _run_in_group(self, group: int) -> int:
        with self._starting:
            if self._is_unwanted:
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
    """Wait for the end of a process. Ctrl-Z stops it no longer than that: it would hold slots for nothing."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        if os.WSTOPSIG(status) == signal.SIGTSTP:
            _signal(group, signal.SIGCONT)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


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
    # Who takes a terminal back from the background is sent this.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, group)
        yield
    finally:
        os.tcsetpgrp(terminal, own)
        signal.signal(signal.SIGTTOU, before)
