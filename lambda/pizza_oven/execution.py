"""An execution of Item States: the baking of one item, as Step Functions describes it."""

from dataclasses import dataclass


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
        return self.status in ("FAILED", "TIMED_OUT", "ABORTED")
