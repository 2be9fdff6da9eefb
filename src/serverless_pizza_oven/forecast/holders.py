"""The holders of a forecast: they wait for slots, extend their leases while they work, and release them.

They do what `Oven.hold` does, without its jitter. Their own requests take no time and never fail.
"""

import json
from dataclasses import dataclass

from pizza_oven.item import Item, ItemRelease, LeaseExtension
from pizza_oven.row import Lease
from serverless_pizza_oven.forecast.recording import RunRecorder
from serverless_pizza_oven.simulator.loop import micros
from serverless_pizza_oven.simulator.world import World

MIN_LEASE_SECS = 5
"""The shortest lease that `Oven.hold` takes."""

DEFAULT_LEASE_SECS = 60
"""That of `Oven.hold`."""

LOOK_SECS = 1.125
"""A holder that waits reads the row so often, on average."""

DESCRIBE_SECS = 16.875
"""And looks up the execution of its item so often, on average."""

MOST_ROUNDS = 2_500
"""About so many rounds fit into the 25,000 events of an execution
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

FIRST_CONFIRM_SECS = 0.3
MOST_CONFIRM_SECS = 1.0
"""After an extension the row is read until it shows it: after 0.3 s, then after twice the time, up to 1 s."""


@dataclass(slots=True)
class HoldUsage:
    """What the holders of a run did."""

    lease_secs: int
    sent: int = 0
    """Items."""
    extensions: int = 0
    releases: int = 0
    looks: int = 0
    """Reads of the row by holders that wait for slots."""
    look_units: int = 0
    """Read units of these."""
    confirmations: int = 0
    """Reads of the row after extensions."""
    confirmation_units: int = 0
    describes: int = 0
    """Executions that were looked up, which is free."""
    lost: int = 0
    """Leases that ended while their holders worked."""
    rounds: int = 0
    """How often an execution found its lease extended, and waited again."""

    @property
    def slots_back_secs(self) -> tuple[float, float]:
        """How long after the death of a holder its slots are free: at least, and at most.

        It extended its lease at each third.
        """
        return self.lease_secs * 2 / 3, float(self.lease_secs)

    @property
    def messages(self) -> int:
        """Messages to New Items."""
        return self.sent + self.extensions + self.releases


@dataclass(slots=True)
class Holding:
    """One holder at work."""

    item_id: str
    is_over: bool = False


class Holders:
    """The senders of a run whose items are held."""

    def __init__(self, world: World, recorder: RunRecorder, lease_secs: int) -> None:
        self.usage = HoldUsage(lease_secs)
        self._world = world
        self._loop = world.loop
        self._recorder = recorder
        self._third = micros(lease_secs) // 3
        self._waiting: dict[str, tuple[int, int]] = {}
        """When the item was sent, and how long its holder works, in microseconds."""
        recorder.on_begun = self._has_slots

    def send(self, item: Item) -> None:
        """Send an item to be held for its baking time. A second sender of the same id does not wait."""
        fields = {"id": item.id, "bakingTimeSecs": self.usage.lease_secs, "size": item.size, "hold": True}
        self.usage.sent += 1
        if self._recorder.send(self._world, item, json.dumps(fields, separators=(",", ":"))):
            self._waiting[item.id] = self._loop.now, micros(item.baking_time_secs)

    def _has_slots(self, item_id: str) -> None:
        sent, work = self._waiting.pop(item_id)
        waited, usage = self._loop.now - sent, self.usage
        looks = max(-(-waited // micros(LOOK_SECS)), 1)
        usage.looks += looks
        usage.look_units += looks * self._read_units()
        # Once more when it finds its slots.
        usage.describes += waited // micros(DESCRIBE_SECS) + 1
        self._loop.call_at(sent + looks * micros(LOOK_SECS), self._work, Holding(item_id), work)

    def _work(self, holding: Holding, work: int) -> None:
        self._loop.call_later(work, self._release, holding)
        self._loop.call_later(self._third, self._extend, holding)

    def _release(self, holding: Holding) -> None:
        if holding.is_over:
            return
        holding.is_over = True
        self.usage.releases += 1
        self._world.send(ItemRelease(holding.item_id).body)

    def _extend(self, holding: Holding) -> None:
        lease = self._lease(holding)
        if lease is None:
            return
        self.usage.extensions += 1
        self._world.send(LeaseExtension(holding.item_id, self.usage.lease_secs).body)
        give_up_at = self._loop.now + self._third
        self._confirm_after(FIRST_CONFIRM_SECS, holding, lease.until, give_up_at)

    def _confirm_after(self, secs: float, holding: Holding, before: float, give_up_at: int) -> None:
        self._loop.call_later(micros(secs), self._confirm, secs, holding, before, give_up_at)

    def _confirm(self, secs: float, holding: Holding, before: float, give_up_at: int) -> None:
        lease = self._lease(holding)
        if lease is None:
            return
        self.usage.confirmations += 1
        self.usage.confirmation_units += self._read_units()
        if lease.until > before:
            self._loop.call_later(self._third, self._extend, holding)
        elif self._loop.now >= give_up_at:
            self._extend(holding)
        else:
            self._confirm_after(min(2 * secs, MOST_CONFIRM_SECS), holding, before, give_up_at)

    def _lease(self, holding: Holding) -> Lease | None:
        """The lease of a holder at work. None if its work is over, or its lease is lost."""
        if holding.is_over:
            return None
        lease = self._world.table.row.leases.get(holding.item_id)
        if lease is None or lease.ended:
            holding.is_over = True
            self.usage.lost += 1
            return None
        return lease

    def _read_units(self) -> int:
        return self._world.operations.get_item.units_now()
