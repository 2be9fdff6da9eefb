"""An oven in memory for holders: its functions run while a holder pauses."""

import threading
from typing import TYPE_CHECKING

from botocore.exceptions import EndpointConnectionError

from pizza_oven.context import Context
from pizza_oven.execution import Execution
from serverless_pizza_oven.operations.hold_requests import LeaseSighting
from serverless_pizza_oven.operations.hold_timing import HoldTiming
from serverless_pizza_oven.sdk_errors import aws_errors
from tests.unit.memory_oven import Oven, RequestFaults, Unimpeded

if TYPE_CHECKING:
    from serverless_pizza_oven.errors import AwsError

BOOTED_AT = 1_234.5
"""What a holder's own clock shows at the beginning. It has nothing to do with AWS's."""


class HeldOven(Oven):
    """Implements HoldRequests, too. Time passes only in the pauses of the main thread."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.began = self.loop.seconds()
        self.is_away = False
        """Whether the holder's network is away."""
        self.away_until = 0.0
        """Likewise, by the holder's clock."""
        self.refusal: AwsError | None = None
        self.sent: list[str] = []
        self.looked_at: list[float] = []
        self.timing = HoldTiming(self.now, self.pause, lambda: 0.5)

    def context(self, _faults: RequestFaults | Unimpeded, time_left: float = 10) -> Context:
        return super().context(Unimpeded(), time_left)

    # The holder's time

    def now(self) -> float:
        return self.loop.seconds() - self.began + BOOTED_AT

    def pause(self, event: threading.Event, secs: float) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return event.wait()
        end = self.loop.seconds() + secs
        while not event.is_set() and (left := end - self.loop.seconds()) > 1e-6:
            self.run(min(left, 0.25))
        return event.is_set()

    def run(self, secs: float) -> None:
        """Let the oven run."""
        while self.deliver():
            pass
        self.pass_time(secs)

    # The holder's requests

    def send(self, *bodies: str) -> None:
        self._check_network()
        self.sent += bodies
        super().send(*bodies)

    def look(self, item_id: str) -> LeaseSighting:
        self._check_network()
        self.looked_at.append(self.now())
        row = self.table.look([item_id])
        return LeaseSighting(row.leases.get(item_id), int(self.loop.seconds()) + 1, row.occupied, row.waiting)

    def describe(self, item_id: str) -> Execution | None:
        self._check_network()
        return self.executions.describe(item_id)

    def _check_network(self) -> None:
        if self.refusal:
            raise self.refusal
        if self.is_away or self.now() < self.away_until:
            with aws_errors("asking"):
                raise EndpointConnectionError(endpoint_url="https://sqs.us-east-1.amazonaws.com")
