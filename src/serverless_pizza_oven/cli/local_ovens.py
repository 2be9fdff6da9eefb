"""The ovens that `oven local` runs on this machine: recorded in files, so that other commands find them.

Only addresses of this machine are recorded, and only those are read: a record cannot lead a command to AWS.
"""

import contextlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from serverless_pizza_oven.endpoints import is_on_this_machine

FOLDER = "serverless-pizza-oven"

CONNECT_SECS = 0.5


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """An oven that `oven local` runs."""

    endpoint_url: str
    stack: str


def records_folder(environment: Mapping[str, str]) -> Path:
    """Where this user's records are: in XDG_RUNTIME_DIR, or else in a folder for temporary files.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime) / FOLDER if runtime else Path(tempfile.gettempdir()) / f"{FOLDER}-{os.getuid()}"


@contextlib.contextmanager
def recorded(folder: Path, record: LocalRecord) -> Iterator[None]:
    """Have a record while the block runs. Where it cannot be written, nothing is recorded."""
    file = folder / f"{os.getpid()}.json"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(folder):
            file.write_text(json.dumps(asdict(record)))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
            folder.rmdir()


def running_ovens(folder: Path) -> list[LocalRecord]:
    """The ovens that run. Records that a killed process left behind are passed over."""
    with contextlib.suppress(OSError):
        if _is_ours(folder):
            found = [_read(file) for file in sorted(folder.glob("*.json"))]
            return [record for record in found if record and _answers(record.endpoint_url)]
    return []


def _is_ours(folder: Path) -> bool:
    """Whether only this user can have written there: others might lead commands to a server of theirs."""
    status = folder.lstat()
    closed = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and closed


def _read(file: Path) -> LocalRecord | None:
    try:
        os.kill(int(file.stem), 0)
        content = json.loads(file.read_text())
        record = LocalRecord(str(content["endpoint_url"]), str(content["stack"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return record if is_on_this_machine(record.endpoint_url) else None


def _answers(endpoint_url: str) -> bool:
    parts = urlsplit(endpoint_url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), CONNECT_SECS):
            return True
    except (OSError, ValueError):
        return False
