"""Every command of the documentation, typed as a reader would, page by page, against an oven on this machine.

A block that is to be run has the language `console`. Its commands begin with `$ `, what follows is their
output, in which `...` stands for text that differs each time. A command succeeds, unless the next one is
`echo $?`. A block whose first line is a comment with the name of a file is that file.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION, Aws, local
from serverless_pizza_oven.deployment.stack import find_stack
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.operations.steering import trigger
from serverless_pizza_oven.queue_client import count_messages
from tests.patience import PATIENCE_SECS, eventually
from tests.ports import free_port
from tests.stack.commands import OVEN, RUN_SECS, environment, running_local_oven
from tests.stack.consoles import Typed, answers, files_in, typed_in
from tests.stack.quick_oven import quick_oven

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TYPED = {str(page.relative_to(ROOT)): list(typed_in(page)) for page in PAGES}

DEPLOYS = {"docs/deploy.md"}
"""Pages that begin with an account in which there is no oven yet."""

SIMULATOR = "python -m serverless_pizza_oven.simulator"

NOT_RUN = {
    "make demo": "tests/stack/test_demo_run.py runs the demo",
    f"{SIMULATOR} search --schedules 10000 --faults rough": "a minute; 800 are in the tests",
    f"{SIMULATOR} explore --crashes 1": "minutes; tests/simulation goes a part of the ways",
    f"{SIMULATOR} explore --refusals 1": "minutes; tests/simulation goes a part of the ways",
    "python -m benchmarks.scaling": "a minute",
    "python -m pictures.scaling": "a minute, and it writes into docs/images",
    "oven check --stack spo": "a minute or two; tests/stack/test_check.py runs it",
    "sam build && sam deploy": "trials/test_sam.py runs it, with the real SAM CLI",
    "node order.mjs": "trials/test_node.py runs it, with the AWS SDK that npm brings",
}
"""Commands that no test here runs, and why."""

FOREIGN_TOOLS = ("jq",)
"""A page that uses one is not run where it is missing; in CI that fails."""

GOES_ON = re.compile(r"^oven (local|view)\b|--(follow|watch|view)\b")
"""Commands that go on until Ctrl-C."""

LOOKS = re.compile(r"^oven (status|item|logs|dlq)\b")
"""Commands that change nothing."""

PATH = f"{Path(OVEN).parent}{os.pathsep}{os.environ['PATH']}"
"""Where `oven` and `python` are."""

PORT = "127.0.0.1:4566"
"""Where `oven local` is in the documentation. In the tests it may be anywhere."""

SHELL = """
if [ -e .shell ]; then . ./.shell; fi
set -o allexport
(exit {status})
{command}
status=$?
{{ export -p; declare -f; }} > .shell
exit $status
"""

AWS_CLI = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
"""This is version 1, which ignores AWS_ENDPOINT_URL for SQS. The documentation is for version 2."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "page", [page for page, typed in TYPED.items() if any(one.command not in NOT_RUN for one in typed)]
)
def test_every_command_of_a_page_does_what_the_page_says(page: str, tmp_path: Path) -> None:
    missing = [tool for tool in used_by(page) if not shutil.which(tool, path=PATH)]
    if missing:
        no_tool = f"the page uses {' and '.join(missing)}, which this machine has not"
        pytest.fail(no_tool) if "CI" in os.environ else pytest.skip(no_tool)
    port = free_port()
    with account(page, port, tmp_path) as (settings, hello):
        reader = Reader(tmp_path / "reader", port, settings, hello)
        reader.save(files_in(ROOT / page))
        for typed, following in zip(TYPED[page], [*TYPED[page][1:], None], strict=True):
            if typed.command not in NOT_RUN:
                reader.type(typed, may_fail=following is not None and following.command == "echo $?")


def test_each_command_that_is_not_run_is_in_a_page() -> None:
    commands = {typed.command for page in TYPED.values() for typed in page}

    assert not NOT_RUN.keys() - commands


def used_by(page: str) -> list[str]:
    """The foreign tools that a page uses."""
    commands = "\n".join(typed.command for typed in TYPED[page])
    return [tool for tool in FOREIGN_TOOLS if re.search(rf"(^|\W){tool} ", commands)]


@contextmanager
def account(page: str, port: int, folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    """The environment in which a page begins, and the output of `oven local`."""
    if page in DEPLOYS:
        with running_emulator(port) as endpoint_url:
            key = {"AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL, "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL}
            yield {"AWS_ENDPOINT_URL": endpoint_url, "AWS_DEFAULT_REGION": LOCAL_REGION, **key}, ""
        return
    (folder / "oven").mkdir()
    with running_local_oven(port, folder / "oven") as command:
        hello = command.printed_until("export AWS_DEFAULT_REGION")
        exports = re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^export (.*)$", hello, re.MULTILINE)))
        warm_up(local(f"http://127.0.0.1:{port}"))
        yield dict(exports), hello


def warm_up(aws: Aws) -> None:
    """Start Bake Items, so that it does not receive a page's second message before the first."""
    stack = find_stack(aws, "spo")
    trigger(aws, stack)
    eventually("the trigger is taken", lambda: not count_messages(aws, stack.new_items))


class Reader:
    """A reader at a terminal in an empty directory, with `oven local` in another terminal."""

    def __init__(self, folder: Path, port: int, settings: dict[str, str], hello: str) -> None:
        folder.mkdir()
        # As in the repository, for pages that name them.
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "docs").symlink_to(ROOT / "docs")
        rc = folder / ".bashrc"
        rc.write_text(AWS_CLI)
        self._environment = environment(
            **settings, PATH=PATH, COLUMNS="100", PYTHONUNBUFFERED="1", BASH_ENV=str(rc)
        )
        self._quick = {**self._environment, "PATH": f"{Path(quick_oven()).parent}{os.pathsep}{PATH}"}
        self._folder, self._port, self._hello = folder, port, hello
        self._status = 0

    def save(self, files: Mapping[str, str]) -> None:
        """Write the files that the page shows."""
        for name, content in files.items():
            (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(content)

    def type(self, typed: Typed, *, may_fail: bool) -> None:
        """Run a command, and see that it does what the page says."""
        expected = self._here(typed.answer)
        command = self._here(typed.command).replace(".venv/bin/oven", "oven")
        if command == "oven local":
            output = self._hello
        elif GOES_ON.search(command):
            assert expected, f"{typed}\ngoes on until Ctrl-C: say what it prints before"
            output = self._watch(command, expected)
        else:
            output = self._run(command)
            ends = time.monotonic() + PATIENCE_SECS
            # The pilot light's trigger is there for a moment, or the line of a log is not there yet.
            while LOOKS.search(command) and not answers(output, expected) and time.monotonic() < ends:
                output = self._run(command)
        assert may_fail or self._status == 0, f"{typed}\nexits with {self._status}:\n{output}"
        assert answers(output, expected), f"{typed}\nsays:\n{output}\nand not:\n{expected}"

    def _here(self, text: str) -> str:
        return text.replace(PORT, f"127.0.0.1:{self._port}")

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", SHELL.format(status=self._status, command=command)],
            cwd=self._folder,
            env=self._quick,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_SECS,
            check=False,
        )
        self._status = done.returncode
        return done.stdout

    def _watch(self, command: str, expected: str) -> str:
        """Run a command until it has said what is expected of it, then end it as Ctrl-C does."""
        said = self._folder / ".said"
        with said.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        ends = time.monotonic() + RUN_SECS
        while not answers(said.read_text(), expected):
            if process.poll() is not None or time.monotonic() > ends:
                break
            time.sleep(0.1)
        found = said.read_text()
        process.send_signal(signal.SIGINT)
        code = process.wait(RUN_SECS)
        self._status = 0 if code in (0, 130, -signal.SIGINT) else code
        return found
