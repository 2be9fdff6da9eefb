"""Which AWS a command uses, and the errors if there is none."""

import itertools
import re
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, SSLError

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.cli.options import connect
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.endpoints import is_on_this_machine
from serverless_pizza_oven.errors import AwsError, DeploymentError, UsageError
from serverless_pizza_oven.operations.watching import watch
from serverless_pizza_oven.queue_client import count_messages
from serverless_pizza_oven.sdk_errors import aws_errors
from tests.unit.strangers import PAGE, stranger

Patch = pytest.MonkeyPatch

SETTINGS = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"),
)
NO_STACKS = b"<Response><DescribeStacksResult><Stacks/></DescribeStacksResult></Response>"
NO_SUCH_STACK = (
    b"<Response><Error><Code>ValidationError</Code><Message>spo does not exist</Message></Error></Response>"
)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: Patch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")


def a_stack(url: str) -> Stack:
    outputs = ("NewItemsQueueUrl", "WaitingItemsQueueUrl", "BakedItemsQueueUrl", "NewItemsDLQUrl")
    return Stack("spo", dict.fromkeys(outputs, f"{url}/0/queue") | {"BakingTableName": "table"})


# Which AWS is used


@pytest.mark.parametrize(
    "text",
    [
        "here",
        "http://",
        "ftp://here",
        "http://localhost:99999",
        "http://here:port",
        "http://exa mple",
        "http://[::1",
    ],
)
def test_an_endpoint_that_is_no_url_is_wrong_usage(text: str) -> None:
    words = re.escape(f"an endpoint is a URL, such as http://127.0.0.1:4566, not {text}")
    with pytest.raises(UsageError, match=words):
        local(text)
    with pytest.raises(UsageError, match=words):
        connect(text, None, None)


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:4566", "http://localhost:1/", "http://[::1]:4566", "https://a.b"]
)
def test_an_endpoint_may_be_any_url_of_a_host(text: str) -> None:
    assert local(text).endpoint_url == text


def test_an_emulator_is_asked_in_the_region_that_was_named() -> None:
    assert connect("http://here", None, "eu-west-1").region == "eu-west-1"
    assert connect("http://here", None, None).region == "us-east-1"


def test_an_emulator_needs_no_region_whatever_credentials_there_are(monkeypatch: Patch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    assert connect("http://here", None, None).region == "us-east-1"
    assert connect("http://here", None, "eu-west-1").region == "eu-west-1"
    with pytest.raises(AwsError, match="no AWS region is set"):
        connect(None, None, None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert connect("http://here", None, None).region == "eu-west-2"


# What is none


def test_where_nothing_answers_the_address_is_named_and_what_may_be_the_matter() -> None:
    with pytest.raises(AwsError) as refused, aws_errors("asking"):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/")

    assert str(refused.value) == (
        "nothing answers at http://127.0.0.1:4566: is oven local still running? "
        "If it came from AWS_ENDPOINT_URL, unset that"
    )


@pytest.mark.parametrize(
    "host", ["sts.eu-west-1.amazonaws.com", "sqs.us-east-1.api.aws", "sts.eusc-de-east-1.amazonaws.eu"]
)
def test_nobody_is_sent_to_an_oven_local_where_it_is_aws_that_does_not_answer(host: str) -> None:
    with pytest.raises(AwsError, match="asking: Could not connect"), aws_errors("asking"):
        raise EndpointConnectionError(endpoint_url=f"https://{host}/")


def test_who_speaks_tls_to_a_server_of_plain_http_is_told_so() -> None:
    with pytest.raises(AwsError, match="so say http:// instead of https://"), aws_errors("asking"):
        raise SSLError(endpoint_url="https://here", error=OSError("[SSL: WRONG_VERSION_NUMBER] wrong"))
    with pytest.raises(AwsError) as refused, aws_errors("asking"):
        raise SSLError(endpoint_url="https://here", error=OSError("certificate verify failed"))
    assert "http://" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, PAGE, "text/html"),
        (404, PAGE, "text/html"),
        (200, b"<html/>", "text/html"),
        (200, b"{}", "application/json"),
        (200, NO_STACKS, "text/xml"),
    ],
)
def test_a_server_that_is_no_aws_is_called_so(status: int, body: bytes, kind: str) -> None:
    with stranger(status, body, kind) as url, pytest.raises(AwsError) as refused:
        find_stack(local(url), "spo")

    said = re.sub(r", by \w+Error\(.*?\)", "", str(refused.value))
    assert said == (
        f"looking for the stack spo at {url}: "
        "what answers there is no AWS (see --endpoint-url and AWS_ENDPOINT_URL)"
    )


def test_a_server_that_fails_is_called_so_with_what_it_was_asked() -> None:
    page = b"<!doctype html><title>500 Internal Server Error</title>"
    with stranger(500, page) as url, pytest.raises(AwsError) as refused:
        find_stack(local(url), "spo")

    assert str(refused.value) == (
        f"looking for the stack spo at {url}: the server failed at DescribeStacks (HTTP 500), "
        "and it is no AWS (see --endpoint-url, AWS_ENDPOINT_URL)"
    )


def test_an_answer_without_the_depth_of_a_queue_is_an_error() -> None:
    with (
        stranger() as url,
        pytest.raises(AwsError, match=rf"counting {url}/queue: .* no AWS, by KeyError\('Attributes'\) \(see"),
    ):
        count_messages(local(url), f"{url}/queue")


def test_a_stack_that_is_not_there_has_its_name_and_region_questioned_first(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Aws, "account", lambda _: "1")

    with (
        stranger(400, NO_SUCH_STACK, "text/xml") as url,
        pytest.raises(DeploymentError) as refused,
    ):
        find_stack(local(url), "spo")

    assert str(refused.value) == (
        f"there is no stack spo in account 1, region us-east-1, at {url}: "
        "check --stack and --region, or deploy one with oven deploy --stack spo"
    )


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("http://127.8.8.8", True),
        (None, False),
        ("https://sqs.eu-west-1.amazonaws.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://10.0.0.1:4566", False),
        ("http://localhost@evil.example", False),
    ],
)
def test_only_an_endpoint_on_this_machine_is_on_this_machine(url: str | None, is_here: bool) -> None:
    assert is_on_this_machine(url) is is_here


# Who keeps an eye on it


def test_who_watches_an_oven_goes_on_whatever_answers() -> None:
    with stranger() as url:
        seen = watch(local(url), a_stack(url), itertools.count().__next__, lambda _: None)
        reasons = [next(seen) for _ in range(2)]

    assert all(isinstance(reason, AwsError) and "is no AWS" in str(reason) for reason in reasons)


def test_who_watches_an_oven_goes_on_after_an_error_that_nobody_thought_of() -> None:
    no_account: Any = None
    seen = watch(no_account, a_stack("http://here"), itertools.count().__next__, lambda _: None)

    reasons = [next(seen) for _ in range(2)]

    assert all(isinstance(reason, AwsError) for reason in reasons)
    assert str(reasons[0]).startswith("AttributeError: 'NoneType' object has no attribute")
