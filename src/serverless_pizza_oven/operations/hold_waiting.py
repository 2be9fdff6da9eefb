"""Waits until an item that is held has its slots.

Each look is one consistent read of one row, that is one read request unit for each 4 KB of the row, and about
70 leases are 4 KB. An hour of looking each second costs about $0.0005 for such a row
(https://aws.amazon.com/dynamodb/pricing/on-demand/). A row takes 3,000 read units a second
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
"""

import threading
from dataclasses import dataclass

from pizza_oven.execution import Execution
from pizza_oven.item import Item
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.hold_errors import HoldError, HoldRefusedError, NotHeldInTimeError
from serverless_pizza_oven.operations.hold_requests import HoldRequests
from serverless_pizza_oven.operations.hold_timing import HoldTiming, LeaseTerm, term_of
from serverless_pizza_oven.sdk_errors import may_pass
from serverless_pizza_oven.text import duration

FIRST_LOOK_SECS = 0.5
"""Items that find free slots are loaded within about this time."""

LOOK_EVERY_SECS = 1.0
"""And up to a quarter longer, so that many holders do not look at the same moment."""

DESCRIBE_EVERY_SECS = 15.0
"""How often the execution of an item without slots is looked up: it has one if it was cancelled. 15 such
requests a second are allowed (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

FIRST_DESCRIBE_SECS = 3.0
"""When it is looked up first: an id that was used before is told soon."""

NO_WAIT_SECS = 10.0
"""How long an item that is not to wait may take to get slots that are free."""

OUTAGE_SECS = 300.0
"""After this time without an answer, the waiting ends with the error of the last request."""


@dataclass(slots=True)
class SlotWaiter:
    """Sends an item and waits until it has slots."""

    requests: HoldRequests
    item: Item
    capacity: int
    give_up: threading.Event
    """Ends the wait with a HoldError."""
    timing: HoldTiming
    tried_to_send: bool = False
    """Whether the item may be in the oven."""
    describe_at: float = 0
    answered_at: float = 0
    """When a request succeeded last."""

    def wait(self, at_most_secs: float | None) -> LeaseTerm:
        """Send the item, and return its term once it has slots. With 0 seconds, slots must be free now.

        Raises NotHeldInTimeError after `at_most_secs`, HoldRefusedError and HoldError; and AwsError for a
        request that AWS refuses, or if nothing answers for OUTAGE_SECS. The item may wait on: release it.
        """
        if at_most_secs == 0:
            self._check_room()
        began = self.answered_at = self.timing.now()
        self.describe_at = began + FIRST_DESCRIBE_SECS
        is_sent, pause = self._send(), FIRST_LOOK_SECS
        patience = NO_WAIT_SECS if at_most_secs == 0 else at_most_secs
        while True:
            left = None if patience is None else began + patience - self.timing.now()
            if left is not None and left <= 0:
                raise NotHeldInTimeError(f"{self.item.id} has no slots after {duration(patience or 0)}")
            if self.timing.pause(self.give_up, pause if left is None else min(pause, left)):
                raise HoldError(f"{self.item.id} is not waited for any more")
            pause = LOOK_EVERY_SECS * (1 + self.timing.random() / 4)
            is_sent = is_sent or self._send()
            if term := self._look():
                return term

    def _check_room(self) -> None:
        seen = self.requests.look(self.item.id)
        free = max(self.capacity - seen.occupied, 0)
        if seen.waiting > 0 or free < self.item.size:
            raise NotHeldInTimeError(
                f"{self.item.id} needs {self.item.size} of {self.capacity} slots, and {free} are free "
                f"(items in line: {seen.waiting}); nothing was sent"
            )

    def _send(self) -> bool:
        """Send the item. False if that may have failed. A second copy of it is dropped by the oven."""
        self.tried_to_send = True
        try:
            self.requests.send(self.item.body)
        except AwsError as error:
            self._check_outage(error)
            return False
        return True

    def _look(self) -> LeaseTerm | None:
        asked_at = self.timing.now()
        try:
            term = term_of(self.requests.look(self.item.id), asked_at)
            self.answered_at = asked_at
            if term is None and asked_at < self.describe_at:
                return None
            self.describe_at = asked_at + DESCRIBE_EVERY_SECS * (1 + self.timing.random() / 4)
            # A lease alone is not enough. That of an item which was cancelled, or whose id was used before,
            # is taken back once its execution cannot be started.
            execution = self.requests.describe(self.item.id)
        except AwsError as error:
            self._check_outage(error)
            return None
        if execution is not None:
            check_is_held(self.item, execution)
        is_held = term is not None and execution is not None and term.ends_at > self.timing.now()
        return term if is_held else None

    def _check_outage(self, error: AwsError) -> None:
        if not may_pass(error) or self.timing.now() - self.answered_at > OUTAGE_SECS:
            raise error


def check_is_held(item: Item, execution: Execution) -> None:
    """Raises HoldRefusedError unless the execution is that of this very item, and runs."""
    if execution.cancelled is not None:
        reason = execution.cancelled or "it was released before it had slots"
    elif execution.body not in ("", item.body):
        reason = "its id was used before, and an id is used once in 90 days"
    elif not execution.running:
        reason = f"it ended as {execution.status}{f': {execution.cause}' if execution.cause else ''}"
    else:
        return
    raise HoldRefusedError(f"{item.id} is not held: {reason}")
