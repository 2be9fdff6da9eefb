"""What may go wrong, and how often."""

from dataclasses import dataclass
from enum import Enum
from math import gcd

MILLION = 1_000_000
"""Rates are whole millionths."""


class Fault(Enum):
    """What may happen to a request. The value names its rate."""

    CRASH_BEFORE = "crash_before"
    """The function dies before the request is sent."""
    CRASH_AFTER = "crash_after"
    """The function dies before the answer comes."""
    HANG = "hang"
    """No answer comes until the function is timed out; the request takes effect up to a minute later."""
    REFUSED = "refused"
    """Throttled, or an error of the service's own, at every try."""
    UNANSWERED = "unanswered"
    """It takes effect, and is told to have failed."""
    LATE = "late"
    """It is told to have failed, and takes effect within a minute."""
    REPEATED = "repeated"
    """The answer is lost; the SDK asks again, a moment later."""
    LATE_DUPLICATE = "late_duplicate"
    """The first try, given up by the SDK, takes effect within a minute after the second."""
    PARTIAL = "partial"
    """Of a request of several entries, the first few take effect; the others fail."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The rates, from 0 to 1: of a request, of a message, of an event, whatever it is about."""

    crash_before: float = 0.0
    crash_after: float = 0.0
    hang: float = 0.0
    refused: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    repeated: float = 0.0
    late_duplicate: float = 0.0
    partial: float = 0.0

    # What AWS never promised to be otherwise.
    slow: float = 0.0
    """A request takes seconds."""
    message_twice: float = 0.0
    """A message of New Items is delivered once more, perhaps after it was deleted."""
    out_of_order: float = 0.0
    """The next message of New Items is any of those there."""
    false_empty: float = 0.0
    """A short poll of the line comes back empty although it is not, or with less than there is."""
    stale_count: float = 0.0
    """The line is counted as it was up to a minute ago."""
    stale_describe: float = 0.0
    """An execution is described as it was some seconds ago."""
    event_lost: float = 0.0
    event_twice: float = 0.0
    task_twice: float = 0.0
    """Item Removed is invoked twice at once for an item."""
    skewed_clock: float = 0.0
    """A function instance whose clock is up to a second off."""


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
"""Much worse than AWS ever was."""

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
"""What AWS's own documents allow, without anything breaking."""


class ActiveFaults:
    """The faults of a simulation, which may cease."""

    def __init__(self, rates: Faults) -> None:
        self.rates = rates
        of_request = {fault: getattr(rates, fault.value) for fault in Fault}
        self.total = sum(of_request.values())
        """How likely a request is to suffer any fault."""
        parts = {fault: round(rate * MILLION) for fault, rate in of_request.items()}
        unit = gcd(*parts.values()) or 1
        self.likely = [fault for fault, count in parts.items() for _ in range(count // unit)]
        """Its faults, each as often as is likely."""

    def cease(self) -> None:
        """From now on all goes well."""
        self.rates = NONE
        self.total = 0
