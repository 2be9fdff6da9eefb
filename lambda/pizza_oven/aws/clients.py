"""How the SDK's clients are set up to fail fast, and how their errors become errors of the oven."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pizza_oven.errors import ServiceError, ThrottledError

STARTED_AT_ONCE = 10
"""How many executions are started at the same time. Each takes a connection."""

CONFIG = Config(
    # A request that hangs is tried again twice while the function has time, which is 10 s. The longest
    # answer asked for, a long poll of 1 s, comes well within 2 s.
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Executions of a batch are started side by side.
    max_pool_connections=STARTED_AT_ONCE,
)


ONE_ATTEMPT = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""For Item Removed at the row: what is refused is left to Bake Items at once. And for task tokens: after an
answer is lost, a second attempt would find that the task has ended, and take its owner for gone."""

THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "KmsThrottlingException",
    }
)
"""How services spell that a quota is used up
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)."""


@contextmanager
def service_errors(doing: str) -> Iterator[None]:
    """Raise what the SDK raises after its retries as a ServiceError that says what was being done.

    Raises ThrottledError if the last answer was that a quota is used up.
    """
    try:
        yield
    except (ClientError, BotoCoreError, KeyError) as error:
        # A KeyError: the answer was cut off, and lacks what the SDK or the caller reads from it.
        kind = ThrottledError if error_code(error) in THROTTLES else ServiceError
        raise kind(f"{doing}: {error}") from error


def error_code(error: BaseException | None) -> str:
    """The code of an answer by AWS; empty if no answer came."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
