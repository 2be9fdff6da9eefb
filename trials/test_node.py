"""The client for Node in docs/clients.md, with the AWS SDK for JavaScript that npm brings."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.local.emulator import free_port
from tests.stack.commands import environment, running_local_oven

PAGE = Path(__file__).parents[1] / "docs" / "clients.md"
PROGRAM = re.compile(
    r"^```js\n(.*?)^```$.*?`(\S+)` of the SDK:\n\n```console\n\$ node order.mjs\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
INSTALL = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
SECS = 300


def test_the_program_of_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    if missing := [tool for tool in ("node", "npm") if not shutil.which(tool)]:
        pytest.skip(f"there is no {' and no '.join(missing)} on this machine")
    found = PROGRAM.search(PAGE.read_text())
    assert found
    program, version, printed = found.groups()
    folder = tmp_path / "order"
    folder.mkdir()
    (folder / "order.mjs").write_text(program)
    subprocess.run([*INSTALL, f"@aws-sdk/client-sqs@{version}"], cwd=folder, check=True, timeout=SECS)

    port = free_port()
    with running_local_oven(port, tmp_path) as local:
        local.printed_until("export AWS_DEFAULT_REGION")
        settings = environment(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
            AWS_ACCESS_KEY_ID=LOCAL_CREDENTIAL,
            AWS_SECRET_ACCESS_KEY=LOCAL_CREDENTIAL,
            AWS_REGION=LOCAL_REGION,
        )
        ran = subprocess.run(
            ["node", "order.mjs"],
            cwd=folder,
            env=settings,
            capture_output=True,
            text=True,
            timeout=SECS,
            check=False,
        )

    assert (ran.returncode, ran.stdout) == (0, printed), ran.stderr
