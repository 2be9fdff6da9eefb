"""Starts and stops the embedded AWS."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.extras import require
from serverless_pizza_oven.local.server import FOLDER_VARIABLE, RESERVE_QUEUES_VARIABLE

HOST = "127.0.0.1"

INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)
"""The environment variables that the emulator inherits: what Python may need to start and to find libraries.

Others would change how the emulator works: settings of AWS and of MiniStack, and proxies, by which its own
requests to this machine would not arrive.
"""

START_SECS = 60
STOP_SECS = 10


class PortTakenError(ToolError):
    """Something else listens on the port."""


class EmulatorError(ToolError):
    """The embedded AWS did not start."""


@contextlib.contextmanager
def running_emulator(
    port: int, *, enforce_iam: bool = False, reserve_queues: bool = False, log: Path | None = None
) -> Iterator[str]:
    """Serve the embedded AWS on 127.0.0.1 while the block runs. Yields its endpoint URL.

    With `reserve_queues` it refuses the name of a deleted queue for a minute, as AWS does. It writes its
    errors to `log`, if that is named. When the block ends, its process and its folder are removed, also after
    an error.

    Raises MissingExtraError, PortTakenError and EmulatorError.
    """
    require("local", "an oven on this machine")
    _check_free(port)
    try:
        folder = Path(tempfile.mkdtemp(prefix="pizza-oven-"))
    except OSError as error:
        raise EmulatorError(f"the embedded AWS has no place for its files: {error}") from error
    log = log or folder / "log"
    try:
        with log.open("wb") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "serverless_pizza_oven.local.server"],
                env=emulator_environment(
                    port, folder, enforce_iam=enforce_iam, reserve_queues=reserve_queues
                ),
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=log_file,
                # Ctrl-C is for us; we end the emulator when we are done with it.
                start_new_session=True,
            )
        try:
            _wait_until_ready(port, process, log)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        # A port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTakenError(
                f"port {port} of {HOST} is taken, perhaps by another local oven: choose another with --port"
            ) from error


def emulator_environment(
    port: int, folder: Path, *, enforce_iam: bool = False, reserve_queues: bool = False
) -> dict[str, str]:
    """Of an emulator that listens on `port` of this machine alone, and keeps what it writes in `folder`."""
    environment = {name: value for name, value in os.environ.items() if name in INHERITED}
    environment |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": LOCAL_REGION,
        "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        # Services that would listen on ports of their own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
        FOLDER_VARIABLE: str(folder),
    }
    if enforce_iam:
        environment["AUTH"] = "true"
    if reserve_queues:
        environment[RESERVE_QUEUES_VARIABLE] = "true"
    return environment


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECS
    while time.monotonic() < give_up and process.poll() is None:
        if _is_healthy(port):
            return
        time.sleep(0.05)
    last_words = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise EmulatorError(f"the embedded AWS did not start: {last_words or f'no answer in {START_SECS} s'}")


def _is_healthy(port: int) -> bool:
    # With a connection that no proxy setting redirects.
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
