"""The status of an oven: what bakes, what waits, and what failed recently."""

from dataclasses import dataclass
from typing import Any

from pizza_oven.row import Row
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.decision_log import LATE_SECS, LogEntry, read_entries
from serverless_pizza_oven.operations.holder_lookup import MOST_LOOKED_UP, description_of, with_holders
from serverless_pizza_oven.operations.measured_status import MeasuredStatus, measured_status
from serverless_pizza_oven.operations.throttling import ThrottledRequests
from serverless_pizza_oven.queue_client import count_messages

FAILURE_SECS = 3600
"""How far back failures are shown."""

FAILURES = ("rejected", "failed")
"""The decisions that are failures."""

MOST_FAILURES = 20

BACKGROUND_SECS = 10
"""How old the background may be. It changes slowly, and its requests cost more."""


@dataclass(frozen=True, slots=True)
class QueueDepths:
    """About how many messages each queue holds: visible, in flight and delayed."""

    new: int
    """Items and triggers."""
    line: int
    baked: int
    dead: int


@dataclass(frozen=True, slots=True)
class BackgroundStatus:
    """The part of the status that is not read each second."""

    at: float
    """When it was read, in seconds since the epoch."""
    stack: Stack
    measured: MeasuredStatus
    failures: tuple[LogEntry, ...]
    """Failures of the last hour, the newest first."""


@dataclass(frozen=True, slots=True)
class Status:
    """The status of an oven at a moment."""

    at: float
    """In seconds since the epoch."""
    occupied: int
    """In slots."""
    waiting: int
    """Items in line, as the row counts them."""
    baking: tuple[BakingItem, ...]
    """The next to come out first."""
    depths: QueueDepths
    background: BackgroundStatus
    too_few_slots: int = 0
    """See `too_few_slots`."""
    head_sent_after: float = 0
    """The first in line was enqueued after this moment, in seconds since the epoch. 0 if that is unknown."""

    @property
    def stack(self) -> str:
        """The name of the stack."""
        return self.background.stack.name

    @property
    def capacity(self) -> int:
        """In slots."""
        return self.background.stack.capacity

    @property
    def is_paused(self) -> bool:
        """Whether nothing is admitted."""
        return self.background.stack.is_paused

    @property
    def oldest_waiting_secs(self) -> float | None:
        """About the age of the oldest item in line. None if there is none, or if it is unknown.

        CloudWatch tells it, and may be minutes behind: it may tell the age of an item that has left the line.
        So it is at most the time since the first in line can have been enqueued, by the row.
        """
        if not self.depths.line or not self.waiting:
            return None
        told = self._by_now(self.background.measured.oldest_waiting_secs)
        if told is None or not self.head_sent_after:
            return told
        return min(told, round(max(self.at - self.head_sent_after, 0), 1))

    @property
    def oldest_dead_secs(self) -> float | None:
        """The age of the oldest dead letter. None if there is none, or if it is unknown."""
        return self._by_now(self.background.measured.oldest_dead_secs) if self.depths.dead else None

    @property
    def throttled(self) -> tuple[ThrottledRequests, ...]:
        """The quotas that limited the oven in the last minutes, by CloudWatch."""
        return self.background.measured.throttled

    @property
    def overdue(self) -> list[BakingItem]:
        """Items that should be out by now."""
        return [item for item in self.baking if item.is_overdue(self.at)]

    @property
    def held(self) -> list[BakingItem]:
        """Items that are held. The lease that ends first comes first."""
        return [item for item in self.baking if item.is_held]

    @property
    def held_slots(self) -> int:
        """The slots of the items that are held."""
        return sum(item.size for item in self.held)

    @property
    def ended_leases(self) -> list[BakingItem]:
        """Held items whose leases have ended: their slots are about to be freed."""
        return [item for item in self.baking if item.has_ended(self.at)]

    def _by_now(self, secs: float | None) -> float | None:
        return None if secs is None else round(secs + self.at - self.background.measured.at, 1)

    def as_json(self) -> dict[str, Any]:
        """Times are in seconds since the epoch. `occupied` and `held` are slots."""
        return {
            "stack": self.stack,
            "at": round(self.at, 3),
            "capacity": self.capacity,
            "occupied": self.occupied,
            "held": self.held_slots,
            "waiting": self.waiting,
            "headNeedsMoreThan": self.too_few_slots or None,
            "admission": "paused" if self.is_paused else "open",
            "items": [
                {
                    "id": item.id,
                    "size": item.size,
                    "until": item.until,
                    "bakesSecs": round(max(item.until - self.at, 0), 3),
                    "overdue": item.is_overdue(self.at),
                    "held": item.is_held,
                    "extensions": item.extensions,
                    "leaseEnded": item.has_ended(self.at),
                    "holder": item.holder or None,
                }
                for item in self.baking
            ],
            "queues": {
                "newItems": self.depths.new,
                "waitingItems": self.depths.line,
                "bakedItems": self.depths.baked,
                "deadLetters": self.depths.dead,
            },
            "oldestWaitingSecs": self.oldest_waiting_secs,
            "oldestDeadLetterSecs": self.oldest_dead_secs,
            "throttled": [requests.as_json() for requests in self.throttled],
            "failures": [line.as_json() for line in self.background.failures],
        }


def status(aws: Aws, stack: Stack, now: float, earlier: Status | None = None) -> Status:
    """Read the status of an oven with five requests; every 10 s three more, and those for up to 10 holders.

    Once a minute one more asks CloudWatch.
    Pass the last status as `earlier` to use again what is recent enough of it. Raises AwsError and
    DeploymentError.
    """
    background = earlier.background if earlier else None
    is_due = background is None or now - background.at >= BACKGROUND_SECS
    if background is None or is_due:
        background = _background(aws, find_stack(aws, stack.name) if earlier else stack, now, background)
    stack = background.stack
    seen = read_row(aws, stack)
    baking = [BakingItem.of(item_id, lease) for item_id, lease in seen.leases.items()]
    baking.sort(key=lambda item: (item.until, item.id))
    known = earlier.baking if earlier else ()
    most = MOST_LOOKED_UP if is_due else 0
    return Status(
        at=now,
        occupied=seen.occupied,
        waiting=seen.waiting,
        baking=with_holders(baking, known, description_of(aws, stack), most),
        depths=QueueDepths(
            new=count_messages(aws, stack.new_items),
            line=count_messages(aws, stack.waiting_items),
            baked=count_messages(aws, stack.baked_items),
            dead=count_messages(aws, stack.dead_letters),
        ),
        background=background,
        too_few_slots=too_few_slots(seen, stack),
        head_sent_after=seen.last_left_sent_at,
    )


def too_few_slots(row: Row, stack: Stack) -> int:
    """How many slots are free although items wait, since the first in line needs more. 0 if that is not so.

    A pending wake-up is cleared only by a write that proves that the first in line does not fit. While one
    is pending, or the oven is paused, slots are free for another reason.
    """
    if not row.waiting or row.wake_up_requested_at or stack.is_paused:
        return 0
    return row.room(stack.capacity)


def _background(aws: Aws, stack: Stack, now: float, earlier: BackgroundStatus | None) -> BackgroundStatus:
    return BackgroundStatus(
        at=now,
        stack=stack,
        measured=measured_status(aws, stack, now, earlier.measured if earlier else None),
        failures=_failures(aws, stack, now, earlier),
    )


def _failures(aws: Aws, stack: Stack, now: float, earlier: BackgroundStatus | None) -> tuple[LogEntry, ...]:
    """The failures of the last hour. Only what is new since `earlier` is read: a busy log is slow."""
    begin = now - FAILURE_SECS
    since = max(begin, earlier.at - LATE_SECS) if earlier else begin
    known = [entry for entry in earlier.failures if entry.at >= begin] if earlier else []
    found = {entry.key: entry for entry in [*known, *read_entries(aws, stack, since, decisions=FAILURES)]}
    return tuple(sorted(found.values(), key=lambda entry: entry.at, reverse=True)[:MOST_FAILURES])
