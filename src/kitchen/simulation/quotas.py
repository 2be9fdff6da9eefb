"""What AWS allows of each thing in a second, and what happened when that was reached."""

from dataclasses import dataclass

from kitchen.simulation.loop import SECOND, Loop


@dataclass(slots=True)
class TokenBucket:
    """Allows `rate` a second, and as many as `burst` at once after a rest."""

    loop: Loop
    name: str
    rate: int
    burst: int
    refused: int = 0
    first_refusal: int | None = None
    """When, in microseconds since the epoch."""
    _tokens: int = 0
    """In millionths: what a microsecond adds at a rate of 1."""
    _filled: int = 0

    def __post_init__(self) -> None:
        self._tokens = self.burst * SECOND
        self._filled = self.loop.now

    def take(self, count: int = 1) -> bool:
        """Take `count`, or nothing: False is a throttle."""
        self._fill()
        if self._tokens < count * SECOND:
            self._refuse()
            return False
        self._tokens -= count * SECOND
        return True

    def reserve(self, count: int = 1) -> int:
        """Take `count` in any case. Returns after how many microseconds they are there."""
        self._fill()
        self._tokens -= count * SECOND
        if self._tokens >= 0:
            return 0
        self._refuse()
        return -self._tokens // self.rate

    def _fill(self) -> None:
        self._tokens = min(self._tokens + (self.loop.now - self._filled) * self.rate, self.burst * SECOND)
        self._filled = self.loop.now

    def _refuse(self) -> None:
        self.refused += 1
        if self.first_refusal is None:
            self.first_refusal = self.loop.now


@dataclass(frozen=True, slots=True)
class Quotas:
    """Each in units a second; with a burst where AWS names one. All but those of the row can be raised."""

    row_writes: int = 1_000
    """Write units of one row: an item cannot be spread over partitions
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""
    row_reads: int = 3_000
    line_requests: int = 300
    """Of each action on a FIFO queue (https://docs.aws.amazon.com/general/latest/gr/sqs-service.html)."""
    starts: int = 300
    starts_burst: int = 1_300
    """StartExecution, in the three largest regions
    (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""
    describes: int = 15
    describes_burst: int = 300
    transitions: int = 5_000
    transitions_burst: int = 5_000
    """Beyond it an execution is not refused, but late
    (https://docs.aws.amazon.com/step-functions/latest/dg/troubleshooting-general.html)."""
    concurrency: int = 1_000
    """Function instances at work
    (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


LARGE_REGION = Quotas()
"""us-east-1, us-west-2 and eu-west-1."""

OTHER_REGION = Quotas(
    starts=150, starts_burst=800, describes=10, describes_burst=250, transitions=800, transitions_burst=800
)
"""Everywhere else."""

_PLENTY = 1_000_000

UNLIMITED = Quotas(
    row_writes=_PLENTY,
    row_reads=_PLENTY,
    line_requests=_PLENTY,
    starts=_PLENTY,
    starts_burst=_PLENTY,
    describes=_PLENTY,
    describes_burst=_PLENTY,
    transitions=_PLENTY,
    transitions_burst=_PLENTY,
)
"""The embedded AWS never throttles."""
