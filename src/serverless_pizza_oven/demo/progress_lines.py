"""The progress of a run in plain lines, for logs and pipes."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from serverless_pizza_oven.demo.run import Progress

EVERY_SECS = 2


class ProgressLines:
    """Prints the progress every two seconds if anything changed, and the last state."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Each line goes to `say`."""
        self._say = say
        self._last_state: str | None = None
        self._next_at = 0.0
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._print(self._last)

    def show(self, progress: Progress) -> None:
        """Print it, unless the last line is younger than two seconds."""
        self._last = progress
        if progress.secs >= self._next_at:
            self._print(progress)

    def _print(self, progress: Progress) -> None:
        state = describe(progress)
        if state != self._last_state:
            self._say(f"{progress.secs:4.0f} s  {state}")
            self._last_state = state
            self._next_at = progress.secs + EVERY_SECS


def describe(progress: Progress) -> str:
    """The numbers of the bars in a line."""
    bars = progress.bars
    parts = [f"in {bars.new}", f"waiting {bars.waiting}", f"baking {bars.baking}"]
    parts.append(f"out {bars.out} of {progress.total}")
    if progress.dead:
        parts.append(f"dead {progress.dead}")
    return ", ".join(parts)
