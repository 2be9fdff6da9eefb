"""How long tests wait for events. They never wait for a fixed time."""

import time
from collections.abc import Callable

PATIENCE_SECS = 300
"""The longest wait for an event that must come, in seconds.

It is far longer than the event takes, also on a busy machine. Only a failing test waits that long.
"""

_PAUSE_SECS = 0.2


def eventually(what: str, condition: Callable[[], object]) -> None:
    """Wait until the condition holds. Fails when it does not within PATIENCE_SECS."""
    give_up = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < give_up, f"not within {PATIENCE_SECS} s: {what}"
        time.sleep(_PAUSE_SECS)
