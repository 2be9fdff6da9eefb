"""Keeps a lease while its holder works: extends it, and tells when it may be over.

An extension is a message, so nothing tells its sender what became of it. The keeper reads the row until the
lease ends later. It trusts no answer but this, and no clock but its own.
"""

import threading
from collections.abc import Callable

from pizza_oven.item import LeaseExtension
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.hold_requests import HoldRequests
from serverless_pizza_oven.operations.hold_timing import HoldTiming, LeaseTerm, term_of

FIRST_CONFIRM_SECS = 0.3
"""When the row is read after an extension was sent. Then after twice the time, up to a second."""

MOST_PAUSE_SECS = 1.0
"""Between two reads, and between two attempts while AWS does not answer."""

MOST_WATCH_SECS = 5.0
"""A pause may be as much longer as the machine is suspended meanwhile."""


class LeaseKeeper:
    """Extends one lease at each third of it, in a thread of its own, until it is stopped or lost."""

    def __init__(
        self,
        requests: HoldRequests,
        item_id: str,
        lease_secs: int,
        term: LeaseTerm,
        *,
        at_most_secs: float | None,
        warn_secs: float,
        on_lost: Callable[[], object],
        timing: HoldTiming,
    ) -> None:
        """The lease counts as lost `warn_secs` before it ends, and `at_most_secs` from now.

        `on_lost` is called once, in a thread of the keeper, or of the caller that asks for the reason.
        """
        self._requests = requests
        self._item_id = item_id
        self._lease_secs = lease_secs
        self._term = term
        self._warn_secs = warn_secs
        self._limit_secs = at_most_secs
        self._limit_at = None if at_most_secs is None else timing.now() + at_most_secs
        self._on_lost = on_lost
        self._timing = timing
        self._over = threading.Event()
        """Set once the lease is lost, or the keeper is stopped."""
        self._lock = threading.Lock()
        self._trouble = ""
        self._reason = ""

    @property
    def until(self) -> float:
        """When the lease ends unless it is extended, in seconds since 1970 by AWS's clock."""
        return self._term.until

    @property
    def secs_left(self) -> float:
        """For how long the slots are surely held, by the holder's own clock. Not below 0."""
        return 0.0 if self._reason else max(self._lost_at - self._timing.now(), 0.0)

    @property
    def lost_reason(self) -> str:
        """Why the lease counts as lost. Empty while it is held. It is right even if no thread runs."""
        if not self._reason and not self._over.is_set() and self._timing.now() >= self._lost_at:
            self._lose(self._why_over())
        return self._reason

    def start(self) -> None:
        """Start the threads. They end with the process, if they are not stopped."""
        for work in (self.keep, self.watch):
            threading.Thread(target=work, name=f"{work.__name__} {self._item_id}", daemon=True).start()

    def stop(self) -> None:
        """Extend no more. What was lost by now stays so."""
        _ = self.lost_reason
        self._over.set()

    def keep(self) -> None:
        """Extend the lease until it is lost, or the keeper is stopped."""
        every = self._lease_secs / 3
        pause = every
        while not self._timing.pause(self._over, pause):
            pause = every if self._extend(every) else min(MOST_PAUSE_SECS, every / 4)

    def watch(self) -> None:
        """Tell when the lease is lost, even while a request of `keep` hangs."""
        while not self._timing.pause(self._over, min(self.secs_left, MOST_WATCH_SECS)):
            _ = self.lost_reason

    @property
    def _lost_at(self) -> float:
        lost_at = self._term.ends_at - self._warn_secs
        return lost_at if self._limit_at is None else min(lost_at, self._limit_at)

    def _why_over(self) -> str:
        if self._limit_at is not None and self._timing.now() >= self._limit_at:
            return f"it was held for {self._limit_secs:g} s, the most that was allowed"
        trouble = f": {self._trouble}" if self._trouble else ""
        return f"no extension of its lease of {self._lease_secs} s was confirmed in time{trouble}"

    def _extend(self, within_secs: float) -> bool:
        """Send an extension, and read the row until it took effect. False if it did not in time."""
        before, give_up_at = self._term.until, self._timing.now() + within_secs
        try:
            self._requests.send(LeaseExtension(self._item_id, self._lease_secs).body)
        except AwsError as error:
            self._trouble = str(error)
            return False
        pause = min(FIRST_CONFIRM_SECS, within_secs / 4)
        while self._timing.now() < give_up_at:
            if self._timing.pause(self._over, pause):
                return True
            pause = min(pause * 2, MOST_PAUSE_SECS)
            if self._confirm(before):
                return True
        return False

    def _confirm(self, before: float) -> bool:
        """Read the row. True if the lease ends later than before, or for long not, or is gone."""
        asked_at = self._timing.now()
        try:
            seen = self._requests.look(self._item_id)
        except AwsError as error:
            self._trouble = str(error)
            return False
        term = term_of(seen, asked_at)
        if term is None:
            self._lose("its slots were freed: it was released or removed, or its lease ran out")
            return True
        self._trouble = ""
        with self._lock:
            if not self._over.is_set():
                self._term = term
        # Somebody may have extended it for longer than this holder would.
        return term.until > before or term.until - seen.read_before > self._lease_secs

    def _lose(self, reason: str) -> None:
        with self._lock:
            if self._over.is_set():
                return
            self._reason = reason
            self._over.set()
        self._on_lost()
