"""The faults of a simulation, and how often they happen."""

from dataclasses import dataclass
from enum import Enum
from math import gcd

MILLION = 1_000_000
"""Rates are whole millionths."""


class Fault(Enum):
    """A fault of one request. The value is the name of its rate."""

    CRASH_BEFORE = "crash_before"
    """The function is killed before the request is sent."""
    CRASH_AFTER = "crash_after"
    """The function is killed after the request took effect, before its answer arrives."""
    HANG = "hang"
    """No answer arrives until the function times out. The request takes effect up to a minute later."""
    REFUSED = "refused"
    """Every attempt is throttled, or fails by an error of the service. It takes no effect."""
    UNANSWERED = "unanswered"
    """It takes effect, and the answer says that it failed."""
    LATE = "late"
    """The answer says that it failed, and it takes effect within a minute."""
    REPEATED = "repeated"
    """It takes effect, its answer is lost, and the SDK sends it again."""
    LATE_DUPLICATE = "late_duplicate"
    """The first attempt, abandoned by the SDK, takes effect within a minute after the second."""
    PARTIAL = "partial"
    """The first few entries of a batch take effect. The others fail."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates from 0 to 1: for each request, or for whatever else the fault happens to."""

    crash_before: float = 0.0
    crash_after: float = 0.0
    hang: float = 0.0
    refused: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    repeated: float = 0.0
    late_duplicate: float = 0.0
    partial: float = 0.0

    # AWS documents that these happen, and promises no less.
    slow: float = 0.0
    """A request takes up to 4 s longer."""
    message_twice: float = 0.0
    """A message of New Items is delivered once more within a minute, even if it was deleted."""
    out_of_order: float = 0.0
    """New Items delivers any of its messages next."""
    false_empty: float = 0.0
    """A short poll of the line returns fewer messages than there are, or none."""
    stale_count: float = 0.0
    """The count of the line is up to a minute old."""
    stale_describe: float = 0.0
    """The description of an execution is up to 5 s old."""
    event_lost: float = 0.0
    """The event that an execution failed is lost."""
    event_twice: float = 0.0
    """That event arrives twice, within half a minute."""
    task_twice: float = 0.0
    """Item Removed is invoked twice for an item, at the same time."""
    skewed_clock: float = 0.0
    """The clock of a function instance is up to a second off."""


NONE = Faults()

ROUGH = Faults(
    crash_before=0.01,
    crash_after=0.01,
    hang=0.01,
    refused=0.01,
    unanswered=0.01,
    late=0.01,
    repeated=0.01,
    late_duplicate=0.01,
    partial=0.01,
    slow=0.01,
    message_twice=0.03,
    out_of_order=0.2,
    false_empty=0.2,
    stale_count=0.5,
    stale_describe=0.5,
    event_lost=0.3,
    event_twice=0.1,
    task_twice=0.05,
    skewed_clock=0.5,
)
"""Far more faults than on AWS."""

MILD = Faults(
    slow=0.03,
    message_twice=0.05,
    out_of_order=0.3,
    false_empty=0.3,
    stale_count=0.5,
    stale_describe=0.5,
    event_twice=0.2,
    task_twice=0.1,
    skewed_clock=0.5,
)
"""Only what AWS's documents allow while all services work."""


class ActiveFaults:
    """The faults of a simulation, until they are stopped."""

    def __init__(self, rates: Faults) -> None:
        self.rates = rates
        of_request = {fault: getattr(rates, fault.value) for fault in Fault}
        self.total = sum(of_request.values())
        """The probability that any fault happens to a request."""
        parts = {fault: round(rate * MILLION) for fault, rate in of_request.items()}
        unit = gcd(*parts.values()) or 1
        self.likely = [fault for fault, count in parts.items() for _ in range(count // unit)]
        """The faults of a request, each as often as its rate demands."""

    def stop(self) -> None:
        """Let no more faults happen."""
        self.rates = NONE
        self.total = 0
