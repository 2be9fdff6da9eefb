"""How Ctrl-C and SIGTERM end commands that run until then."""

import signal
import sys
import threading

INTERRUPTED = 130
TERMINATED = 143
"""The exit codes after SIGINT and SIGTERM, as in shells: 128 and the number of the signal."""


def exit_when_terminated() -> None:
    """Make SIGTERM raise SystemExit, so that context managers clean up, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def stopped() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set: they end the command, and are no error."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
