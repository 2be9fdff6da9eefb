"""An execution of Item States: the baking of one item, as Step Functions describes it."""

from dataclasses import dataclass

from pizza_oven.item import cancelled

RELEASED = "Oven.Released"
"""The error of an execution that was stopped since its item was released. This is no failure."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What Step Functions says of an item."""

    status: str
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
    started_at: float
    """In seconds since 1970."""
    body: str = ""
    """The item, if the answer contained it."""
    cause: str = ""
    """Why it failed, if it did."""

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def failed(self) -> bool:
        return self.status in ("FAILED", "TIMED_OUT", "ABORTED") and not self.cause.startswith(RELEASED)

    @property
    def cancelled(self) -> str | None:
        """Why its item was cancelled, if it bakes none: empty if its sender released it. Else None."""
        return cancelled(self.body)
