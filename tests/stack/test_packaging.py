"""The ways to deploy without `oven deploy`: a packaged template, and the tools that take it."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION, Aws, local
from serverless_pizza_oven.local.emulator import running_emulator
from tests.ports import free_port
from tests.stack.commands import RUN_SECS, environment, oven

ROOT = Path(__file__).parents[2]
AWS_CLI = Path(sys.executable).with_name("aws")

SIGNED_IN = {
    "AWS_DEFAULT_REGION": LOCAL_REGION,
    "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
    "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """An account with a bucket `artifacts`."""
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        aws = local(endpoint_url)
        aws.s3.create_bucket(Bucket="artifacts")
        yield aws


def aws_cli(aws: Aws, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [AWS_CLI, *arguments],
        cwd=folder,
        env=environment(**SIGNED_IN, AWS_ENDPOINT_URL=str(aws.endpoint_url)),
        capture_output=True,
        text=True,
        timeout=RUN_SECS,
        check=False,
    )


def code_uris(template: str) -> set[str]:
    """Where a template has the code of its functions."""
    resources = yaml_parse(template)["Resources"].values()
    return {r["Properties"]["CodeUri"] for r in resources if r["Type"] == "AWS::Serverless::Function"}


def packed_files(aws: Aws, uri: str) -> list[str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_a_packaged_template_stands_alone_and_the_aws_cli_deploys_an_oven_from_it(
    aws: Aws, tmp_path: Path
) -> None:
    at = ("--endpoint-url", str(aws.endpoint_url))
    packaged = oven("package", "--bucket", "artifacts", "--output", str(tmp_path / "oven.yml"), *at)
    assert packaged.returncode == 0, packaged.stderr
    assert packaged.stdout == ""
    (uri,) = code_uris((tmp_path / "oven.yml").read_text())
    folders = {name.partition("/")[0] for name in packed_files(aws, uri)}
    assert {"pizza_oven", "aws_lambda_powertools"} <= folders

    deployed = aws_cli(
        aws,
        *("cloudformation", "deploy", "--template-file", "oven.yml", "--s3-bucket", "artifacts"),
        *("--stack-name", "piped", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--parameter-overrides", "RefusePlainHttp=false", "QueueNamePrefix=piped", "BakingTableName=piped"),
        folder=tmp_path,
    )
    assert deployed.returncode == 0, deployed.stderr
    to = ("--stack", "piped", *at)
    assert oven("send", "--id", "margherita", "--bake", "1", *to).returncode == 0
    baked = oven("collect", "--n", "1", "--wait", "20", *to)
    assert json.loads(baked.stdout) == {"id": "margherita", "bakingTimeSecs": 1}
    raised = oven("capacity", "20", *to)
    assert raised.returncode == 0, raised.stderr


def test_without_a_file_the_template_is_standard_output(aws: Aws) -> None:
    printed = oven("package", "--bucket", "artifacts", "--endpoint-url", str(aws.endpoint_url))

    assert printed.returncode == 0, printed.stderr
    (uri,) = code_uris(printed.stdout)
    assert uri.startswith("s3://artifacts/pizza-oven-")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--bucket", "nobodys"), 4, "there is no bucket nobodys"),
        (
            ("--bucket", "artifacts", "--output", "/nowhere/oven.yml"),
            2,
            "--output /nowhere/oven.yml: No such",
        ),
    ],
)
def test_what_cannot_be_packaged_is_told_in_a_line(
    options: tuple[str, ...], code: int, words: str, aws: Aws
) -> None:
    refused = oven("package", *options, "--endpoint-url", str(aws.endpoint_url))

    assert refused.returncode == code
    assert words in refused.stderr.splitlines()[-1]


def test_the_aws_clis_own_packaging_packs_the_functions_folder_and_nothing_beside_it(
    aws: Aws, tmp_path: Path
) -> None:
    # Its zip has no libraries: docs/deploy.md says so. But it has no secret of the repository either.
    shutil.copytree(ROOT / "lambda", tmp_path / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yml", tmp_path)
    (tmp_path / "secret.env").write_text("password")

    packaged = aws_cli(
        aws,
        *("cloudformation", "package", "--template-file", "template.yml", "--s3-bucket", "artifacts"),
        *("--output-template-file", "packaged.yml"),
        folder=tmp_path,
    )

    assert packaged.returncode == 0, packaged.stderr
    uris = code_uris((tmp_path / "packaged.yml").read_text())
    for uri in uris:
        names = packed_files(aws, uri)
        assert "pizza_oven/functions/bake_items.py" in names
        assert all(name.startswith(("pizza_oven/", "requirements.txt")) for name in names)
