"""The processes in which the embedded AWS runs the functions. Tests kill them."""

import contextlib
import random
import signal
import time
from collections.abc import Iterator

from tests.patience import eventually
from tests.stack.logs import Function, log_lines
from tests.stack.ovens import TestOven
from tests.stack.processes import children, send_signal

MOST_AT_ONCE = 5
"""How many Bake Items functions work at once: the template's `MaximumConcurrency`."""


class Workers:
    """The processes that run a function of an oven."""

    def __init__(self, oven: TestOven, function: Function) -> None:
        self._oven = oven
        self._function = function
        self._name = oven.stack.outputs[f"{function}FunctionName"]

    def pids(self) -> list[int]:
        """Those there are now, idle ones included."""
        return sorted(children(self._oven.emulator, f"-{self._name}-"))

    def wait_for(self, count: int) -> None:
        """Wait until there are that many."""
        eventually(f"{count} processes run {self._name}", lambda: len(self.pids()) >= count)

    def kill_one(self) -> bool:
        """Kill one at random, whatever it is doing. Returns whether there was one."""
        pids = self.pids()
        return bool(pids) and send_signal(random.choice(pids), signal.SIGKILL)

    def invocations(self) -> int:
        """How many have begun so far."""
        return int(self._oven.counts()["invocations"].get(self._name, 0))

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the existing workers receive work, but suspend them until the end of the block."""
        pids = self._freeze()
        yield
        for pid in pids:
            send_signal(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def killed_at_work(self) -> Iterator[None]:
        """Freeze them, and kill each a few milliseconds into the work that the block gives it.

        A worker may have finished before; how far it got is random. `deaths` counts those killed while they
        worked.
        """
        pids = self._freeze()
        yield
        for pid in pids:
            send_signal(pid, signal.SIGCONT)
            time.sleep(random.uniform(0, 0.03))
            send_signal(pid, signal.SIGKILL)

    def _freeze(self) -> list[int]:
        # Not as many as are allowed: a worker that is frozen while it starts never frees its place.
        pids = self.pids()[: MOST_AT_ONCE - 1]
        for pid in pids:
            send_signal(pid, signal.SIGSTOP)
        return pids

    def deaths(self) -> int:
        """How many invocations ended by the death of their worker, as the log says."""
        return sum("Worker process died" in line for line in log_lines(self._oven, self._function))
