"""What AWS allows of each thing in a second, and what happened when that was reached."""

from dataclasses import dataclass, replace

from serverless_pizza_oven.simulator.loop import SECOND, Loop


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
    _full_at: int = 0
    """When it will be full again, in microseconds times the rate: so it is a whole number."""

    def take(self, count: int = 1) -> bool:
        """Take `count`, or nothing: False is a throttle."""
        now = self.loop.now * self.rate
        full_at = max(self._full_at, now) + count * SECOND
        if full_at - now > self.burst * SECOND:
            self._refuse()
            return False
        self._full_at = full_at
        return True

    def reserve(self, count: int = 1) -> int:
        """Take `count` in any case. Returns after how many microseconds they are there."""
        now = self.loop.now * self.rate
        self._full_at = max(self._full_at, now) + count * SECOND
        missing = self._full_at - now - self.burst * SECOND
        if missing <= 0:
            return 0
        self._refuse()
        return missing // self.rate

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

NEW_ACCOUNT = replace(OTHER_REGION, concurrency=10)
"""An account whose quotas AWS has not raised yet: 10 function instances at work, and the lower quotas of Step
Functions. AWS raises both with use, and on request
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

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
