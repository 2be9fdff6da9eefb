"""`oven deploy` into an unpatched MiniStack, as its authors ship it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serverless_pizza_oven.deployment.emulators import is_local_stack
from serverless_pizza_oven.local.emulator import running_emulator
from tests.ports import free_port
from tests.stack.commands import oven
from tests.unit.strangers import stranger

START_SECS = 60


@pytest.fixture
def stock_emulator(tmp_path: Path) -> Iterator[str]:
    """The URL of an unpatched MiniStack with IAM enforced."""
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "STATE_DIR": str(tmp_path / "state"),
        "TMPDIR": str(tmp_path),
        "AUTH": "true",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen([sys.executable, "-m", "ministack"], env=others | settings) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def deployed(url: str) -> "subprocess.CompletedProcess[str]":
    """Deploy, as soon as the emulator answers."""
    give_up = time.monotonic() + START_SECS
    while (done := oven("deploy", "--endpoint-url", url)).returncode == 3 and time.monotonic() < give_up:
        time.sleep(0.5)
    return done


def test_an_oven_bakes_in_it_and_what_it_lacks_is_told_in_a_line(stock_emulator: str) -> None:
    made = deployed(stock_emulator)

    assert made.returncode == 0, made.stderr
    assert made.stderr.count("This emulator is not oven local: deploying with Alarms=DISABLED") == 1
    assert oven("send", "--id", "margherita", "--bake", "1", "--endpoint-url", stock_emulator).returncode == 0
    baked = oven("collect", "--n", "1", "--wait", "30", "--endpoint-url", stock_emulator)
    assert json.loads(baked.stdout) == {"id": "margherita", "bakingTimeSecs": 1}


def test_the_local_stack_is_told_from_other_servers() -> None:
    with running_emulator(free_port()) as ours, stranger() as other:
        assert is_local_stack(ours)
        assert not is_local_stack(other)
    assert not is_local_stack(f"http://127.0.0.1:{free_port()}")
