"""Which AWS to talk to: an account of the user's, or an emulator at an endpoint URL."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    MissingDependencyException,
    NoCredentialsError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

from serverless_pizza_oven.credentials import open_session
from serverless_pizza_oven.errors import AwsError, UsageError
from serverless_pizza_oven.extras import needs_extra

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

LOCAL_REGION = "us-east-1"
LOCAL_CREDENTIAL = "test"
"""The emulator takes this for the access key and for the secret of its own account."""

NOBODY = "nobody"
"""An access key, and a secret, that nobody has."""

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
_EMULATOR_CONFIG = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
"""Who forgot to start it is told so in 2 s or so, not in 7."""


class Aws:
    """One account and region, and the clients for it."""

    def __init__(
        self, session: boto3.Session, endpoint_url: str | None = None, *, use_tls: bool = True
    ) -> None:
        """The `endpoint_url` is that of an emulator; without one it is AWS itself, spoken to over TLS.

        Raises UsageError where it is no URL.
        """
        if endpoint_url is not None and not _is_url(endpoint_url):
            raise UsageError(f"an endpoint is a URL, such as http://127.0.0.1:4566, not {endpoint_url}")
        session.events.register("before-parse", _refuse_failure_pages)
        self._session = session
        self.endpoint_url = endpoint_url
        self._use_tls = use_tls
        self._config = _EMULATOR_CONFIG if endpoint_url else _CONFIG
        if is_on_this_machine(endpoint_url):
            # HTTP_PROXY and the like are for other machines.
            self._config = self._config.merge(Config(proxies={}))

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self._session.client("cloudformation", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        return self._session.client("cloudwatch", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client(
            "dynamodb", endpoint_url=self.endpoint_url, config=self._config, use_ssl=self._use_tls
        )

    @cached_property
    def events(self) -> "EventBridgeClient":
        return self._session.client("events", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def iam(self) -> "IAMClient":
        return self._session.client("iam", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def lambda_functions(self) -> "LambdaClient":
        return self._session.client("lambda", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return self._session.client("logs", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def s3(self) -> "S3Client":
        return self._session.client("s3", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def service_quotas(self) -> Any:
        return self._session.client("service-quotas", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self._session.client(
            "sqs", endpoint_url=self.endpoint_url, config=self._config, use_ssl=self._use_tls
        )

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return self._session.client("stepfunctions", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def sts(self) -> "STSClient":
        return self._session.client("sts", endpoint_url=self.endpoint_url, config=self._config)

    def over_plain_http(self) -> "Aws":
        """The same account, whose SQS and DynamoDB are asked without TLS."""
        return Aws(self._session, self.endpoint_url, use_tls=False)

    def as_nobody(self) -> "Aws":
        """The same place with made-up credentials: AWS, and an emulator that enforces IAM, refuse those."""
        return Aws(boto3.Session(NOBODY, NOBODY, region_name=self.region), self.endpoint_url)

    @property
    def region(self) -> str:
        return self._session.region_name

    @property
    def whereabouts(self) -> str:
        """Where requests go, in words."""
        return f"at {self.endpoint_url}" if self.endpoint_url else f"in {self.region}"

    def account(self) -> str:
        """The number of the account. Raises AwsError where nobody is signed in."""
        with aws_errors("asking who is signed in"):
            return self.sts.get_caller_identity()["Account"]


def signed_in(
    profile: str | None, region: str | None, endpoint_url: str | None = None, cache: Path | None = None
) -> Aws:
    """The account that a profile signs in to, or the environment if none is named.

    Credentials of assumed roles are kept in `cache`, if that is named. An emulator needs no region to be
    found: without one it is LOCAL_REGION. Raises AwsError where there is no such profile, or no region, and
    UsageError where the endpoint is no URL.
    """
    try:
        session = open_session(profile, region, cache)
    except BotoCoreError as error:
        raise AwsError(f"{error}: see ~/.aws/config, or name another profile") from error
    if not session.region_name and endpoint_url:
        session = open_session(profile, LOCAL_REGION, cache)
    if not session.region_name:
        raise AwsError("no AWS region is set: --region NAME, or set AWS_DEFAULT_REGION")
    return Aws(session, endpoint_url)


def local(endpoint_url: str, region: str | None = None) -> Aws:
    """The account of an emulator on this machine, whatever credentials the user may have for AWS.

    Without a region it is LOCAL_REGION. Raises UsageError where the endpoint is no URL.
    """
    session = boto3.Session(
        aws_access_key_id=LOCAL_CREDENTIAL,
        aws_secret_access_key=LOCAL_CREDENTIAL,
        region_name=region or LOCAL_REGION,
    )
    return Aws(session, endpoint_url)


def _is_url(text: str) -> bool:
    """Whether the SDK can ask there."""
    try:
        parts = urlsplit(text)
        # It is read when it is asked for.
        _ = parts.port
    except ValueError:
        return False
    is_host = is_valid_endpoint_url(text) or is_valid_ipv6_endpoint_url(text)
    return parts.scheme in ("http", "https") and bool(is_host)


def is_on_this_machine(endpoint_url: str | None) -> bool:
    """Whether it is an emulator here, and surely not AWS."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class FailurePageError(BotoCoreError):
    """A server failed, and answered with a web page, as AWS does not. The SDK cannot read it."""

    fmt = (
        "the server failed at {operation} (HTTP {status}), and it is no AWS "
        "(see --endpoint-url, AWS_ENDPOINT_URL)"
    )


def _refuse_failure_pages(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Raise FailurePageError, which says what answered what. The parser's own error does not."""
    status, headers = response_dict["status_code"], response_dict["headers"]
    is_page = headers.get("content-type", "").startswith("text/html")
    if status >= 500 and is_page and operation_model.service_model.protocol == "query":
        raise FailurePageError(operation=operation_model.name, status=status)


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Raise what the SDK raises as an AwsError that says what was being done.

    So it is with what the block does not find in an answer.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise AwsError(f"{doing}: nobody is signed in to AWS: aws configure, or --profile NAME") from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        url = str(error.kwargs.get("endpoint_url", "")).rstrip("/")
        if not is_on_this_machine(url):
            raise AwsError(f"{doing}: {error}") from error
        raise AwsError(
            f"nothing answers at {url}: is oven local still running? "
            "If it came from AWS_ENDPOINT_URL, unset that"
        ) from error
    except SSLError as error:
        speaks_http = "WRONG_VERSION_NUMBER" in str(error)
        advice = ": it seems to speak plain HTTP, so say http:// instead of https://" if speaks_http else ""
        raise AwsError(f"{doing}: {error}{advice}") from error
    except (ResponseParserError, LookupError) as error:
        missing = f", by {error!r}" if isinstance(error, LookupError) else ""
        raise AwsError(
            f"{doing}: what answers there is no AWS{missing} (see --endpoint-url and AWS_ENDPOINT_URL)"
        ) from error
    except FailurePageError as error:
        raise AwsError(f"{doing}: {error}") from error
    except MissingDependencyException as error:
        # The AWS Common Runtime, in which botocore has the signatures of `aws login`.
        raise needs_extra("the profile", "login") from error
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"{doing}: {error}") from error
