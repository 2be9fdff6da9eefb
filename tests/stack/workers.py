"""The processes in which the embedded AWS runs the functions, and their violent ends."""

import contextlib
import random
import signal
import time
from collections.abc import Iterator

from tests.stack.clients import eventually
from tests.stack.ovens import TestOven, local_session
from tests.stack.processes import children, send_signal


class Workers:
    """The processes that run a function of an oven."""

    def __init__(self, oven: TestOven, function: str) -> None:
        """The `function` is BakeItems or ItemRemoved."""
        self._oven = oven
        self._name = oven.stack.outputs[f"{function}FunctionName"]
        self._log_group = oven.stack.outputs[f"{function}LogGroup"]

    def pids(self) -> list[int]:
        """Those there are now, idle ones included."""
        return sorted(children(self._oven.emulator, f"-{self._name}-"))

    def wait_for(self, count: int) -> None:
        """Wait until there are so many."""
        eventually(f"{count} processes run {self._name}", lambda: len(self.pids()) >= count)

    def kill_one(self) -> bool:
        """Kill one at random, whatever it is doing. Returns whether there was one."""
        pids = self.pids()
        return bool(pids) and send_signal(random.choice(pids), signal.SIGKILL)

    @contextlib.contextmanager
    def killed_at_work(self) -> Iterator[None]:
        """Freeze them, and kill each a few milliseconds into the work that the block gives it."""
        pids = self.pids()
        for pid in pids:
            send_signal(pid, signal.SIGSTOP)
        yield
        for n, pid in enumerate(pids):
            send_signal(pid, signal.SIGCONT)
            time.sleep(0.004 * n)
            send_signal(pid, signal.SIGKILL)

    def deaths(self) -> int:
        """How many invocations ended by the death of their worker, as the log says."""
        logs = local_session().client("logs", endpoint_url=self._oven.endpoint_url)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self._log_group)
        return sum("Worker process died" in event["message"] for page in pages for event in page["events"])
