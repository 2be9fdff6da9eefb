"""Time as a holder has it: its own clock, its pauses, and what it knows of the end of its lease."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from serverless_pizza_oven.operations.hold_requests import LeaseSighting

CLOCK_SKEW_SECS = 1
"""How far the clock of a function may be ahead of DynamoDB's."""


def steady_secs() -> float:
    """Seconds by a clock that is never set, and that goes on while the machine is suspended.

    On Linux CLOCK_MONOTONIC stops meanwhile, and CLOCK_BOOTTIME does not
    (https://man7.org/linux/man-pages/man2/clock_gettime.2.html).
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class HoldTiming:
    """Time and chance."""

    now: Callable[[], float] = steady_secs
    """Seconds, from any moment on."""
    pause: Callable[[threading.Event, float], bool] = threading.Event.wait
    """Waits so many seconds, or until the event is set, and returns whether it is."""
    random: Callable[[], float] = random.random
    """A number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class LeaseTerm:
    """Until when slots are held, unless the lease is extended."""

    until: float
    """In seconds since 1970, as the row has it."""
    ends_at: float
    """By the holder's own clock, and early enough whatever the clocks of AWS say."""


def term_of(sighting: LeaseSighting, asked_at: float) -> LeaseTerm | None:
    """The term of a lease that was read by a request made at `asked_at`, by the holder's clock.

    No wall clock of the holder is in it: it may be wrong. AWS answered after `asked_at`, so what was left of
    the lease then was at least what was left when it answered. None if there is no lease, or if it has ended.
    """
    if sighting.lease is None or sighting.lease.ended:
        return None
    until = sighting.lease.until
    return LeaseTerm(until, asked_at + until - sighting.read_before - CLOCK_SKEW_SECS)
