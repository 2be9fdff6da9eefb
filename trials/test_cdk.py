"""A stack of the AWS CDK that includes the packaged template, as docs/deploy.md shows it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from serverless_pizza_oven.deployment.release import Release
from tests.stack.commands import environment

PAGE = Path(__file__).parents[1] / "docs" / "deploy.md"
PROGRAM = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
SECS = 600


def test_the_cdk_program_of_the_page_has_the_oven_with_its_code_and_its_capacity(tmp_path: Path) -> None:
    if missing := [tool for tool in ("node", "npm") if not shutil.which(tool)]:
        pytest.skip(f"there is no {' and no '.join(missing)} on this machine")
    program = PROGRAM.search(PAGE.read_text())
    assert program
    (tmp_path / "app.js").write_text(program[1])
    (tmp_path / "oven.yml").write_bytes(
        Release.present().packaged_template("s3://artifacts/oven.zip").content
    )
    subprocess.run([*INSTALL, "aws-cdk-lib", "constructs"], cwd=tmp_path, check=True, timeout=SECS)

    subprocess.run(
        ["node", "app.js"], cwd=tmp_path, env=environment(), check=True, timeout=SECS, capture_output=True
    )

    (synthesized,) = (tmp_path / "cdk.out").glob("*.template.json")
    template = json.loads(synthesized.read_text())
    function = template["Resources"]["BakeItems"]["Properties"]
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    assert function["CodeUri"] == "s3://artifacts/oven.zip"
    assert function["Environment"]["Variables"]["CAPACITY"] == "50"
