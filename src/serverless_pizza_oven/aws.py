"""An AWS account and region, or an emulator at an endpoint URL, and the clients for it."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from serverless_pizza_oven.credentials import given_session, open_session
from serverless_pizza_oven.endpoints import is_on_this_machine, is_url
from serverless_pizza_oven.errors import AwsError, UsageError
from serverless_pizza_oven.sdk_errors import aws_errors, refuse_failure_pages

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
"""The access key, and the secret, of the emulator's own account."""

NOBODY = "nobody"
"""An access key and a secret that do not exist."""

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
_EMULATOR_CONFIG = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
"""Fewer attempts: if the emulator is not running, that is reported in 2 s instead of 7."""


class Aws:
    """One account and region, and the clients for it."""

    def __init__(self, session: Session, endpoint_url: str | None = None, *, use_tls: bool = True) -> None:
        """Without an `endpoint_url` of an emulator this is AWS itself, over TLS unless `use_tls` is false.

        Raises UsageError if the endpoint is not a URL.
        """
        if endpoint_url is not None and not is_url(endpoint_url):
            raise UsageError(f"an endpoint is a URL, such as http://127.0.0.1:4566, not {endpoint_url}")
        session.register("before-parse", refuse_failure_pages)
        self._session = session
        self.endpoint_url = endpoint_url
        self._use_tls = use_tls
        self._config = _EMULATOR_CONFIG if endpoint_url else _CONFIG
        if is_on_this_machine(endpoint_url):
            # HTTP_PROXY and the like are for other machines.
            self._config = self._config.merge(Config(proxies={}))

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._client("dynamodb", use_ssl=self._use_tls)
        return client

    @cached_property
    def events(self) -> "EventBridgeClient":
        client: EventBridgeClient = self._client("events")
        return client

    @cached_property
    def iam(self) -> "IAMClient":
        client: IAMClient = self._client("iam")
        return client

    @cached_property
    def lambda_functions(self) -> "LambdaClient":
        client: LambdaClient = self._client("lambda")
        return client

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def s3(self) -> "S3Client":
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def service_quotas(self) -> Any:
        client: Any = self._client("service-quotas")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs", use_ssl=self._use_tls)
        return client

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        client: SFNClient = self._client("stepfunctions")
        return client

    @cached_property
    def sts(self) -> "STSClient":
        client: STSClient = self._client("sts")
        return client

    def over_plain_http(self) -> "Aws":
        """The same account, with requests to SQS and DynamoDB over plain HTTP."""
        return Aws(self._session, self.endpoint_url, use_tls=False)

    def with_one_attempt(self, timeout_secs: float) -> "Aws":
        """The same account, for requests that are made once and give up after about `timeout_secs`.

        Connecting may take that long, and then each wait for data, too.
        """
        quick = Aws(self._session, self.endpoint_url, use_tls=self._use_tls)
        quick._config = self._config.merge(
            Config(
                retries={"mode": "standard", "total_max_attempts": 1},
                connect_timeout=timeout_secs,
                read_timeout=timeout_secs,
            )
        )
        return quick

    def as_nobody(self) -> "Aws":
        """The same place with made-up credentials, which AWS and an emulator that enforces IAM refuse."""
        return Aws(given_session(NOBODY, NOBODY, self.region), self.endpoint_url)

    def _client(self, service: str, **options: Any) -> Any:
        # By botocore alone: importing boto3 around it takes as long again.
        return self._session.create_client(
            service, endpoint_url=self.endpoint_url, config=self._config, **options
        )

    @property
    def region(self) -> str:
        region: str = self._session.get_config_variable("region")
        return region

    @property
    def whereabouts(self) -> str:
        """Where requests go, in words."""
        return f"at {self.endpoint_url}" if self.endpoint_url else f"in {self.region}"

    def account(self) -> str:
        """The number of the account. Raises AwsError if there are no credentials."""
        with aws_errors("asking who is signed in"):
            return self.sts.get_caller_identity()["Account"]


def signed_in(
    profile: str | None, region: str | None, endpoint_url: str | None = None, cache: Path | None = None
) -> Aws:
    """The account of a profile, or without one, of the SDK's usual credentials.

    Credentials of assumed roles are kept in the folder `cache`, if there is one. The region of an emulator is
    LOCAL_REGION unless another is set. Raises AwsError if there is no such profile, or no region; and
    UsageError if the endpoint is not a URL.
    """
    try:
        session = open_session(profile, region, cache)
    except BotoCoreError as error:
        raise AwsError(f"{error}: see ~/.aws/config, or name another profile") from error
    if not session.get_config_variable("region") and endpoint_url:
        session = open_session(profile, LOCAL_REGION, cache)
    if not session.get_config_variable("region"):
        raise AwsError(
            "no AWS region is set: --region NAME, or set AWS_DEFAULT_REGION; for oven local, --endpoint-url"
        )
    return Aws(session, endpoint_url)


def local(endpoint_url: str, region: str | None = None) -> Aws:
    """The account of an emulator on this machine, regardless of the user's AWS credentials.

    The region is LOCAL_REGION unless another is named. Raises UsageError if the endpoint is not a URL.
    """
    return Aws(given_session(LOCAL_CREDENTIAL, LOCAL_CREDENTIAL, region or LOCAL_REGION), endpoint_url)
