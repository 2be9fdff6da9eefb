"""Raises errors of the AWS SDK as errors of the tools, which say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    MissingDependencyException,
    NoCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NetworkError
from botocore.parsers import ResponseParserError

from pizza_oven.aws.clients import THROTTLES
from pizza_oven.errors import ServiceError
from serverless_pizza_oven.endpoints import is_on_this_machine
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.extras import needs_extra


class FailurePageError(BotoCoreError):
    """A server failed and sent a web page, which AWS never does, and which the SDK cannot parse."""

    fmt = (
        "the server failed at {operation} (HTTP {status}), and it is no AWS "
        "(see --endpoint-url, AWS_ENDPOINT_URL)"
    )


def refuse_failure_pages(**event: Any) -> None:
    """Handle the SDK's event `before-parse` by a FailurePageError. The parser's own error says less."""
    operation_model, response = event["operation_model"], event["response_dict"]
    status, headers = response["status_code"], response["headers"]
    is_page = headers.get("content-type", "").startswith("text/html")
    if status >= 500 and is_page and operation_model.service_model.protocol == "query":
        raise FailurePageError(operation=operation_model.name, status=status)


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Raise an error of the SDK as an AwsError that says what was being done, and what to do.

    A LookupError in the block, for a field that is missing in an answer, is raised so, too.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise AwsError(f"{doing}: no AWS credentials found: aws configure, or --profile NAME") from error
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


@contextmanager
def adapter_errors(doing: str) -> Iterator[None]:
    """As `aws_errors`, for requests that the oven's own adapters make: these raise ServiceError.

    A ServiceError that no error of the SDK has caused is raised as it is.
    """
    with aws_errors(doing):
        try:
            yield
        except ServiceError as error:
            raise error.__cause__ or error from None


def may_pass(error: BaseException | None) -> bool:
    """Whether the same request may succeed later: it met a network or a server that failed, or a quota."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or error.response["Error"]["Code"] in THROTTLES
    if isinstance(error, AwsError):
        # Without a cause, SQS refused a part of a batch in every attempt.
        return error.__cause__ is None or may_pass(error.__cause__)
    unreachable = (NetworkError, HTTPClientError, ResponseParserError, FailurePageError)
    return isinstance(error, unreachable) and not isinstance(error, SSLError)
