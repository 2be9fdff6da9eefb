"""Ports of this machine for servers under test."""

import itertools
import os
import random
import socket

from serverless_pizza_oven.local.emulator import HOST

FIRST, EACH = 12_000, 1_000
"""The number of ports of each worker of a test run, all below the ephemeral ports of the system."""

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_NUMBERS = itertools.count(random.randrange(EACH))


def free_port() -> int:
    """A port that nothing listens on and that no other test takes before the server starts."""
    return next(port for n in _NUMBERS if _is_free(port := FIRST + _WORKER % 20 * EACH + n % EACH))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
