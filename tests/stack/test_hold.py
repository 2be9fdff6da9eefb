"""`oven hold` on the local stack: what it exits with, and what becomes of its command and its slots."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import eventually
from tests.stack import commands
from tests.stack.clients import Client
from tests.stack.commands import OVEN, RUN_SECS, environment
from tests.stack.ovens import TestOven, running_test_oven
from tests.stack.processes import processes
from tests.stack.test_access import new_user, policy

CAPACITY = 4


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    with running_test_oven(CAPACITY) as running:
        yield running


@pytest.fixture(scope="module")
def settings(oven: TestOven) -> dict[str, str]:
    """Of a holder, who may do no more than the policy of the documentation allows."""
    return {**new_user(oven, policy("holder", oven)), "AWS_ENDPOINT_URL": oven.endpoint_url}


@pytest.fixture
def client(oven: TestOven) -> Client:
    client = Client(oven)
    client.clear()
    return client


class Shell:
    """Runs `oven`, as a holder or as the owner of the stack."""

    def __init__(self, oven: TestOven, settings: dict[str, str]) -> None:
        self._settings = settings
        self._owner = {"AWS_ENDPOINT_URL": oven.endpoint_url}

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [OVEN, *arguments],
            env=environment(**self._settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.begin(*arguments)
        printed, said = process.communicate(timeout=RUN_SECS)
        return process.returncode, printed, said

    def item(self, item_id: str) -> dict[str, Any]:
        """As the owner sees it."""
        found: dict[str, Any] = json.loads(
            commands.oven("item", item_id, "--json", settings=self._owner).stdout
        )
        return found


@pytest.fixture
def shell(oven: TestOven, settings: dict[str, str]) -> Shell:
    return Shell(oven, settings)


def test_a_command_runs_in_its_slots_and_its_exit_code_is_passed_on(shell: Shell, client: Client) -> None:
    script = 'echo "$OVEN_HOLD_ID runs"; exit 7'

    code, printed, said = shell.run("hold", "--id", "cli-runs", "--size", "2", "--", "sh", "-c", script)

    assert (code, printed) == (7, "cli-runs runs\n")
    assert said == "cli-runs waits for 2 slots of spo.\ncli-runs holds 2 slots of spo.\n"
    client.collect_until_quiet()
    assert (client.baked, client.dead) == ([], [])
    told = shell.item("cli-runs")
    assert (told["state"], told["held"], "@" in told["holder"]) == ("released", True, True)


def test_slots_that_are_not_free_in_time_have_an_exit_code(shell: Shell, client: Client) -> None:
    client.hold("cli-full")

    late = shell.run("hold", "--id", "cli-late", "--wait", "1", "--", "echo", "ran")
    at_once = shell.run("hold", "--no-wait", "-E", "9", "--", "echo", "ran")
    client.let_go("cli-full")
    client.collect_until_quiet()

    assert late[:2] == (75, "")
    assert "cli-late has no slots after 1 s" in late[2]
    assert at_once[:2] == (9, "")
    assert "needs 1 of 4 slots, and 0 are free" in at_once[2]
    assert "waits" not in at_once[2]
    assert shell.item("cli-late")["state"] == "cancelled"
    assert client.dead == []


def test_a_command_is_ended_when_its_time_is_over(shell: Shell, client: Client) -> None:
    code, _, said = shell.run("hold", "--lease", "20", "--at-most", "1", "--", "sleep", "600")

    assert code == 124
    assert "it was held for 1 s, the most that was allowed" in said
    client.collect_until_quiet()


def test_somebody_else_extends_a_lease_and_releases_it(shell: Shell, client: Client, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    process = shell.begin(
        "hold", "--id", "cli-shared", "--lease", "10", "--", "sh", "-c", f"echo >{ran}; sleep 600"
    )
    eventually("it runs", ran.exists)

    extended = shell.run("extend", "cli-shared", "--secs", "20")
    held = shell.item("cli-shared")
    released = shell.run("release", "cli-shared")
    said = process.communicate(timeout=RUN_SECS)[1]

    assert extended[0] == 0, extended[2]
    assert extended[1].startswith("cli-shared is held until ")
    assert (held["state"], held["extensions"] >= 1) == ("baking", True)
    assert released[:2] == (0, "A release of cli-shared is on its way to spo.\n")
    assert process.returncode == 124
    assert "its slots were freed" in said
    client.collect_until_quiet()
    assert shell.run("extend", "cli-shared")[0] == 1


def test_ctrl_c_while_it_waits_cancels_the_item(shell: Shell, client: Client) -> None:
    client.hold("cli-blocks")
    process = shell.begin("hold", "--id", "cli-interrupted", "--", "echo", "ran")
    client.wait_until_waiting(1)

    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=RUN_SECS)
    client.let_go("cli-blocks")
    client.collect_until_quiet()

    assert (process.returncode, printed) == (143, "")
    assert shell.item("cli-interrupted")["state"] == "cancelled"


def test_a_killed_holder_takes_its_command_along_and_its_slots_come_back(
    shell: Shell, client: Client, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    script = f"echo $$ >{pid_file}; exec sleep 600"
    process = shell.begin("hold", "--id", "cli-killed", "--lease", "5", "--", "sh", "-c", script)
    eventually("it runs", lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    pid = int(pid_file.read_text())

    process.kill()
    process.communicate()

    eventually("the command has ended", lambda: pid not in {found.pid for found in processes()})
    eventually("its slots are free", lambda: client.row().occupied == 0)
    client.collect_until_quiet()
    (letter,) = client.dead
    assert letter.reason.startswith("held for 5 s")
    assert shell.item("cli-killed")["state"] == "expired"
