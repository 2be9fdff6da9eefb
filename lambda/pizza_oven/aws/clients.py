"""How the SDK's clients are set up to fail fast, and their errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pizza_oven.errors import ServiceError

CONFIG = Config(
    # A request that hangs is tried again twice while the function has time, which is 10 s. The longest
    # answer asked for, a long poll of 1 s, comes well within 2 s.
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Executions of a batch are started side by side.
    max_pool_connections=10,
)


@contextmanager
def service_errors(doing: str) -> Iterator[None]:
    """Raise what the SDK raises, after its retries, as a ServiceError that says what was being done."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise ServiceError(f"{doing}: {error}") from error
