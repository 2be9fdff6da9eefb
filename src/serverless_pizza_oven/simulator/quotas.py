"""The rates that AWS allows, and how often each was exceeded."""

from dataclasses import dataclass, replace

from serverless_pizza_oven.simulator.loop import SECOND, Loop


@dataclass(slots=True)
class TokenBucket:
    """Allows `rate` units a second, and `burst` units at once after a rest."""

    loop: Loop
    name: str
    rate: int
    burst: int
    refused: int = 0
    first_refusal: int | None = None
    """In microseconds since 1970."""
    taken: int = 0
    """Units that were taken."""
    _full_at: int = 0
    """When it will be full again, in microseconds times the rate, which is a whole number."""
    _last_refusal: int = 0
    _taken_at_first: int = 0
    _taken_at_last: int = 0

    @property
    def used(self) -> float | None:
        """The share of the rate that was taken from the first refusal to the last. None within a second."""
        span = self._last_refusal - (self.first_refusal or 0)
        if self.refused < 2 or span < SECOND:
            return None
        return (self._taken_at_last - self._taken_at_first) * SECOND / (self.rate * span)

    def take(self, count: int = 1) -> bool:
        """Take `count` units. If fewer are left, takes none and returns False: the request is throttled."""
        now = self.loop.now * self.rate
        full_at = max(self._full_at, now) + count * SECOND
        if full_at - now > self.burst * SECOND:
            self._refuse()
            return False
        self._full_at = full_at
        self.taken += count
        return True

    def reserve(self, count: int = 1) -> int:
        """Take `count` units, in advance if necessary. Returns how many microseconds to wait for them."""
        now = self.loop.now * self.rate
        self._full_at = max(self._full_at, now) + count * SECOND
        self.taken += count
        missing = self._full_at - now - self.burst * SECOND
        if missing <= 0:
            return 0
        self._refuse()
        return missing // self.rate

    def _refuse(self) -> None:
        self.refused += 1
        self._last_refusal, self._taken_at_last = self.loop.now, self.taken
        if self.first_refusal is None:
            self.first_refusal, self._taken_at_first = self.loop.now, self.taken


@dataclass(frozen=True, slots=True)
class Quotas:
    """Units a second, and bursts where AWS documents them. AWS can raise all except the quotas of the row."""

    row_writes: int = 1_000
    """Write units of one row: an item cannot be spread over partitions
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""
    row_reads: int = 3_000
    """Read units of one row."""
    line_requests: int = 300
    """Requests of each action on a FIFO queue (https://docs.aws.amazon.com/general/latest/gr/sqs-service.html)."""
    starts: int = 300
    """StartExecution a second."""
    starts_burst: int = 1_300
    """StartExecution at once, after a rest
    (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""
    describes: int = 15
    """DescribeExecution a second."""
    describes_burst: int = 300
    """DescribeExecution at once, after a rest."""
    transitions: int = 5_000
    """State transitions a second."""
    transitions_burst: int = 5_000
    """State transitions at once, after a rest; beyond it an execution is not refused but delayed
    (https://docs.aws.amazon.com/step-functions/latest/dg/troubleshooting-general.html)."""
    concurrency: int = 1_000
    """Busy function instances
    (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


LARGE_REGION = Quotas()
"""us-east-1, us-west-2 and eu-west-1."""

OTHER_REGION = Quotas(
    starts=150, starts_burst=800, describes=10, describes_burst=250, transitions=800, transitions_burst=800
)
"""All other regions."""

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
"""No throttling, as in the embedded AWS."""
