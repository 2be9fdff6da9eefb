"""`sam build && sam deploy` by the real SAM CLI, with samconfig.toml as it is, to the embedded AWS."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.local.emulator import free_port, running_emulator
from tests.stack.commands import environment, oven, running_local_oven

ROOT = Path(__file__).parents[1]
SAM = Path(sys.prefix) / "sam" / "bin" / "sam"
SAM_SECS = 300

Sam = Callable[..., str]


SIGNED_IN = {
    "AWS_DEFAULT_REGION": LOCAL_REGION,
    "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
    "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
}


@pytest.fixture
def sam(tmp_path: Path) -> Sam:
    """Runs the SAM CLI against an endpoint, in a copy of the files that it needs."""
    if subprocess.run(["python3.13", "-V"], capture_output=True, check=False).returncode:
        pytest.skip("there is no python3.13 in the PATH, which sam build wants for the functions")
    copy, own = tmp_path / "copy", tmp_path / "own"
    shutil.copytree(ROOT / "lambda", copy / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yml", "samconfig.toml"):
        shutil.copy(ROOT / name, copy)
    own.mkdir()
    # Without this it asks the network for a newer version of itself.
    (own / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}))
    settings = {**SIGNED_IN, "SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(own)}

    def run(endpoint_url: str, *arguments: str, answer: str = "") -> str:
        done = subprocess.run(
            [SAM, *arguments],
            cwd=copy,
            env=environment(**settings, AWS_ENDPOINT_URL=endpoint_url),
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SAM_SECS,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_what_the_sam_cli_builds_and_deploys_bakes_and_is_removed(sam: Sam) -> None:
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        sam(endpoint_url, "build")
        # The emulator speaks plain HTTP.
        sam(endpoint_url, "deploy", "--parameter-overrides", "RefusePlainHttp=false", answer="y\n")

        check_it_bakes(endpoint_url)

        sam(endpoint_url, "delete", "--no-prompts")
        gone = oven("status", "--stack", "spo", "--endpoint-url", endpoint_url)
        assert "there is no stack spo" in gone.stderr


def test_the_sam_cli_brings_an_oven_of_oven_local_up_to_date(sam: Sam, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "oven").mkdir()
    with running_local_oven(port, tmp_path / "oven") as local:
        local.printed_until("export AWS_DEFAULT_REGION")
        endpoint_url = f"http://127.0.0.1:{port}"
        sam(endpoint_url, "build")
        said = sam(endpoint_url, "deploy", answer="y\n")
        assert "Successfully created/updated stack - spo" in said

        check_it_bakes(endpoint_url)

        destroyed = oven("destroy", "--stack", "spo", "--yes", "--endpoint-url", endpoint_url)
        assert destroyed.returncode == 0, destroyed.stderr


def check_it_bakes(endpoint_url: str) -> None:
    to = ("--stack", "spo", "--endpoint-url", endpoint_url)
    sent = oven("send", "--id", "by-sam", "--bake", "1", *to)
    assert sent.returncode == 0, sent.stderr
    baked = oven("collect", "--n", "1", "--wait", "20", *to)
    assert json.loads(baked.stdout) == {"id": "by-sam", "bakingTimeSecs": 1}
