"""Processes on this machine."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its command line."""

    pid: int
    parent: int
    command: str


def processes() -> Iterator[Process]:
    """All processes that run now."""
    if Path("/proc/self/stat").exists():
        for folder in Path("/proc").glob("[0-9]*"):
            # It may end at any time.
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                yield Process(
                    int(folder.name), parent, (folder / "cmdline").read_text().replace("\0", " ").strip()
                )
        return
    listing = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        pid, parent_pid, command = line.split(maxsplit=2)
        yield Process(int(pid), int(parent_pid), command)


def children(pid: int, mark: str = "") -> set[int]:
    """The children of a process whose command lines contain `mark`."""
    return {found.pid for found in processes() if found.parent == pid and mark in found.command}


def send_signal(pid: int, number: signal.Signals) -> bool:
    """Signal a process. Returns whether it was still there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
