"""How Ctrl-C and SIGTERM end a command that goes on until they come."""

import signal
import sys
import threading

INTERRUPTED = 130
TERMINATED = 143
"""The exit codes after SIGINT and SIGTERM, as shells have them."""


def exit_when_terminated() -> None:
    """Have SIGTERM end what was begun, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def stopped() -> threading.Event:
    """Set by either: for whom they are no trouble, but the end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
