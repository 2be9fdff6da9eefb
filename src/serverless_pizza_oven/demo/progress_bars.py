"""The progress of a run as four bars in a terminal."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from serverless_pizza_oven.demo.run import Progress

EIGHTHS = " ▏▎▍▌▋▊▉"
LONGEST_BAR = 72
SHORTEST_BAR = 8
EMOJI_CELLS = 4
"""The width of the widest emoji in a terminal that shows its two parts side by side."""

FRAME_SECS = 0.1


class ProgressBars:
    """Draws while the block runs; the last frame stays."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        """The `clock` tells seconds, from any origin."""
        self._clock = clock
        self._next_at = 0.0
        self._console = console
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._draw(self._last)
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Draw it, unless the last frame is younger than FRAME_SECS. One with a note is always drawn."""
        self._last = progress
        if progress.note or self._clock() >= self._next_at:
            self._draw(progress)
            self._next_at = self._clock() + FRAME_SECS

    def _draw(self, progress: Progress) -> None:
        drawn = frame(progress, self._console.width, plain=not self._console.encoding.startswith("utf"))
        self._live.update(drawn, refresh=True)


def frame(progress: Progress, width: int, *, plain: bool) -> Text:
    """Four bars and the time, each in a line of less than `width` cells; `plain` keeps to ASCII.

    The emoji stand at the ends of the lines: a terminal that draws them wider or narrower shifts nothing.
    """
    bars = progress.bars
    rows = [
        (bars.new, "IN", "👩‍🍳", "cyan"),
        (bars.waiting, "WAITING", "🔜", "yellow"),
        (bars.baking, "BAKING", "🔥", "red"),
        (bars.out, "OUT", "🍕", "green"),
    ]
    digits = len(str(progress.total))
    longest = min(width - 1 - len("  ") - digits - len(" WAITING ") - EMOJI_CELLS, LONGEST_BAR)
    drawn = Text(no_wrap=True, overflow="crop", end="")
    for count, label, emoji, colour in rows:
        if longest >= SHORTEST_BAR:
            drawn.append(bar(count, progress.total, longest, plain=plain).ljust(longest + 2), colour)
        drawn.append(f"{count:>{digits}} {label}")
        drawn.append("\n" if plain else f" {emoji}\n")
    dead = f", {progress.dead} dead" if progress.dead else ""
    note = f", {progress.note}" if progress.note else ""
    drawn.append(f"{progress.secs:.0f} s{dead}{note}"[: max(width - 1, 1)])
    return drawn


def bar(count: int, total: int, longest: int, *, plain: bool) -> str:
    """A bar of `count` in `total`, of up to `longest` cells. A count above 0 is never drawn as nothing."""
    eighths = round(8 * longest * count / total)
    if count:
        eighths = max(eighths, 1)
    if plain:
        return "#" * -(-eighths // 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
