"""Ports of this machine for servers under test."""

import itertools
import os
import random
import socket

from serverless_pizza_oven.local.emulator import HOST

FIRST, EACH = 12_000, 1_000
"""Each worker of a test run has so many of its own, all below those that the system hands out by itself."""

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_NUMBERS = itertools.count(random.randrange(EACH))


def free_port() -> int:
    """A port that nothing listens on, and that nobody takes in the seconds before its server does."""
    return next(port for n in _NUMBERS if _is_free(port := FIRST + _WORKER % 20 * EACH + n % EACH))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
