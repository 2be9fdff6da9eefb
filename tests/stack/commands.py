"""Runs the `oven` command in its own process, as users do."""

import contextlib
import os
import signal
import socket
import subprocess
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Empty, Queue

from tests.patience import PATIENCE_SECS
from tests.stack.quick_oven import quick_oven

OVEN = str(Path(sysconfig.get_path("scripts")) / "oven")

RUN_SECS = PATIENCE_SECS
"""Longer than any command under test takes, in seconds."""


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process without its AWS settings, and with `settings`."""
    # Wide, so that the lines of help and errors do not break.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # XDG_RUNTIME_DIR is where `oven local` would be found that runs on this machine.
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "COLUMNS": "200",
        "XDG_RUNTIME_DIR": os.devnull,
    }
    return {**plain, **nowhere, **settings}


def oven(
    *arguments: str, answer: str = "", settings: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        [quick_oven(), *arguments],
        input=answer,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=RUN_SECS,
        check=False,
    )


class LocalOvenCommand:
    """A running `oven local`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def printed_until(self, start: str) -> str:
        """What it prints on its standard output, until a line that starts so."""
        lines: list[str] = []
        while not lines or not lines[-1].startswith(start):
            try:
                lines.append(self._lines.get(timeout=RUN_SECS))
            except Empty:
                raise AssertionError(f"no line {start}... came, but: {lines}") from None
        return "".join(lines)

    def end(self, number: signal.Signals) -> int:
        """Signal it, and wait for its exit code."""
        self._process.send_signal(number)
        return self._process.wait(RUN_SECS)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)


@contextlib.contextmanager
def running_local_oven(
    port: int, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> Iterator[LocalOvenCommand]:
    """Run `oven local`, with its temporary files in `folder` and with `settings` in its environment."""
    process = subprocess.Popen(
        [OVEN, "local", "--port", str(port), *arguments],
        env=environment(TMPDIR=str(folder), **(settings or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield LocalOvenCommand(process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(RUN_SECS)
        assert process.stdout
        process.stdout.close()


def is_open(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
