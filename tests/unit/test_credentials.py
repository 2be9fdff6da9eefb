"""Credentials of profiles: assumed roles, whose credentials are kept, and `aws login`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from pathlib import Path

import botocore.credentials
import pytest
from botocore.credentials import AssumeRoleProvider

from serverless_pizza_oven.aws import signed_in
from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.options import connect
from serverless_pizza_oven.errors import AwsError
from tests.unit.strangers import stranger

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

CONFIG = """
[profile operator]
role_arn = arn:aws:iam::123456789012:role/operator
source_profile = me
mfa_serial = arn:aws:iam::123456789012:mfa/me
region = eu-west-1

[profile me]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = secret

[profile browser]
login_session = arn:aws:iam::123456789012:user/me
region = eu-west-1
"""

STS = """
<Response>
<AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/operator/s</Arn>
<AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>{expiration}</Expiration></Credentials>
</AssumeRoleResult>
<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>
</Response>
"""
"""The answers of STS to both requests."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    """A home directory with profiles, and no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "config").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def prompts(monkeypatch: Patch) -> Iterator[list[str]]:
    """What was asked for: codes of an MFA device. STS gives credentials for an hour."""
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return "123456"

    asks = partialmethod(AssumeRoleProvider.__init__, prompter=typed)
    monkeypatch.setattr(AssumeRoleProvider, "__init__", asks)
    body = STS.format(expiration=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    with stranger(200, body.encode(), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        yield asked


def account_of_operator() -> str:
    """The account that a command finds, each time as in a new process."""
    return connect(None, "operator", None).account()


def test_an_mfa_code_is_asked_for_once_while_the_credentials_of_the_role_are_valid(
    home: Path, prompts: list[str]
) -> None:
    assert [account_of_operator() for _ in range(3)] == ["123456789012"] * 3

    assert prompts == ["Enter MFA code for arn:aws:iam::123456789012:mfa/me: "]
    (kept,) = (home / ".aws" / "cli" / "cache").iterdir()
    assert json.loads(kept.read_text())["Credentials"]["AccessKeyId"] == "ASIAASSUMED"
    assert kept.stat().st_mode & 0o077 == 0


def test_credentials_that_cannot_be_kept_are_used_all_the_same(home: Path, prompts: list[str]) -> None:
    (home / ".aws").write_text("a file, so that no directory can be made there")

    assert [account_of_operator() for _ in range(2)] == ["123456789012"] * 2
    assert len(prompts) == 2


def test_a_profile_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(AwsError, match=r"nobody.* could not be found: see ~/.aws/config"):
        connect(None, "nobody", "eu-west-1")
    with pytest.raises(AwsError, match=r"nobody.* could not be found: see ~/.aws/config"):
        signed_in("nobody", "eu-west-1")


def test_a_profile_of_aws_login_says_which_extra_it_needs(monkeypatch: Patch, capsys: Capture) -> None:
    monkeypatch.setattr(botocore.credentials, "EC", None)

    with pytest.raises(SystemExit) as ended:
        main(["status", "--stack", "spo", "--profile", "browser"])

    assert ended.value.code == 5
    assert capsys.readouterr().err == (
        "oven: the profile needs the extra login: pip install 'serverless-pizza-oven[login]'\n"
    )
