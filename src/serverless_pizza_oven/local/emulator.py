"""Starts and stops the embedded AWS."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.errors import KitchenError
from serverless_pizza_oven.local.server import FOLDER_VARIABLE

HOST = "127.0.0.1"
START_SECS = 60
STOP_SECS = 10


class PortTakenError(KitchenError):
    """Something else listens on the port."""


class EmulatorError(KitchenError):
    """The embedded AWS did not start."""


@contextlib.contextmanager
def running_emulator(port: int, *, enforce_iam: bool = False) -> Iterator[str]:
    """Serve the embedded AWS on 127.0.0.1 while the block runs. Yields its endpoint URL.

    Whatever happens, no process and no folder of it stays. Raises PortTakenError and EmulatorError.
    """
    _check_free(port)
    folder = Path(tempfile.mkdtemp(prefix="pizza-oven-"))
    log = folder / "log"
    try:
        with log.open("wb") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "serverless_pizza_oven.local.server"],
                env=_environment(port, folder, enforce_iam=enforce_iam),
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=log_file,
                # Ctrl-C is for us; we end the emulator when we are done with it.
                start_new_session=True,
            )
        try:
            endpoint_url = f"http://{HOST}:{port}"
            _wait_until_ready(endpoint_url, process, log)
            yield endpoint_url
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


def _environment(port: int, folder: Path, *, enforce_iam: bool) -> dict[str, str]:
    # None of the user's AWS settings: the functions inherit this environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": LOCAL_REGION,
        "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        # Each process of a function would compile all that it imports anew.
        "PYTHONDONTWRITEBYTECODE": "",
        # Services that would listen on ports of their own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        # The functions inherit that, too, and would say nothing.
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
        FOLDER_VARIABLE: str(folder),
    }
    if enforce_iam:
        environment["AUTH"] = "true"
    return environment


def _wait_until_ready(endpoint_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"{endpoint_url}/_ministack/health", timeout=1).close()  # noqa: S310
            return
        time.sleep(0.05)
    last_words = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise EmulatorError(f"the embedded AWS did not start: {last_words or f'no answer in {START_SECS} s'}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
