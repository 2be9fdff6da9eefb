"""Lambda: the processes that run the functions, which MiniStack calls workers."""

import fcntl
import functools
import hashlib
import tempfile
import termios
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LATE_OUTPUT_SECS = 1
"""How long an invocation's log waits for output that was written and not read yet."""


def poll_queues_quickly(lambda_service: Any) -> None:
    """Poll a queue again 20 ms after an empty poll, not 50: AWS is about as quick."""
    lambda_service._ESM_IDLE_WAKE_GAP_SECONDS = 0.02


def report_invocations(lambda_service: Any, report: Callable[[str], None]) -> None:
    """Call `report` with the function's name at the start of each invocation, whoever asks for it."""
    dispatch = lambda_service._execute_function_dispatch

    @functools.wraps(dispatch)
    def reported(func: Any, config: dict[str, Any], *rest: Any) -> Any:
        report(config["FunctionName"])
        return dispatch(func, config, *rest)

    lambda_service._execute_function_dispatch = reported


def log_all_output(lambda_runtime: Any) -> None:
    """Close the log of an invocation once all its output was read. MiniStack closes it after 5 ms."""
    collect = lambda_runtime.Worker._drain_stderr_bounded

    @functools.wraps(collect)
    def collected(worker: Any, **waits: float) -> Any:
        give_up = time.monotonic() + LATE_OUTPUT_SECS
        while worker._proc and _has_unread(worker._proc.stderr) and time.monotonic() < give_up:
            time.sleep(0.001)
        return collect(worker, **waits)

    lambda_runtime.Worker._drain_stderr_bounded = collected


def _has_unread(pipe: Any) -> bool:
    return fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)) != bytes(4)


def finish_invocations_before_update(lambda_runtime: Any) -> None:
    """Kill a worker that an update makes obsolete once it is idle. MiniStack kills it at work."""
    kill = lambda_runtime.kill_workers

    def kill_when_idle(worker: Any) -> None:
        give_up = time.monotonic() + worker.config["Timeout"]
        while worker.in_use and time.monotonic() < give_up:
            time.sleep(0.02)
        kill([worker])

    def kill_the_idle(workers: Sequence[Any]) -> None:
        at_work = [worker for worker in workers if worker.in_use]
        for worker in at_work:
            threading.Thread(target=kill_when_idle, args=[worker], daemon=True).start()
        kill([worker for worker in workers if worker not in at_work])

    lambda_runtime.kill_workers = kill_the_idle


def unpack_packages_once(lambda_runtime: Any) -> None:
    """Let all workers of a package share one unpacked copy, which is compiled once."""
    unpacked: dict[bytes, str] = {}
    lock = threading.Lock()

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_rest: Any) -> None:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).digest()
            with lock:
                if digest not in unpacked:
                    folder = tempfile.mkdtemp(prefix="package-")
                    super().extractall(folder)
                    unpacked[digest] = folder
            # MiniStack removes this folder with the worker: that removes the link alone.
            Path(path).rmdir()
            Path(path).symlink_to(unpacked[digest])

    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
