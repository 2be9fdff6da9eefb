"""docs/images/demo.svg: a demo on this machine, as its terminal shows it, frame by frame."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from rich.text import Text

from serverless_pizza_oven.demo.demo_oven import DemoOven
from serverless_pizza_oven.demo.menu import new_token, order
from serverless_pizza_oven.demo.ovens import TIMES_LOCALLY, warm_up
from serverless_pizza_oven.demo.progress_bars import frame
from serverless_pizza_oven.demo.run import DemoRun
from serverless_pizza_oven.demo.summary import summarize
from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import running_oven

TARGET = Path("docs/images/demo.svg")
PIZZAS = 100
COLUMNS = 80
FRAME_SECS = 0.5
LAST_FRAME_SECS = 6.0
CELL, LINE, MARGIN = 8.4, 19, 16
COLOURS = {"cyan": "#39c5cf", "yellow": "#d29922", "red": "#f47067", "green": "#57ab5a"}


def main() -> None:
    """Run a demo, and write its picture."""
    frames: list[Text] = []
    with running_oven(free_port()) as local:
        oven = DemoOven.of_stack(local.aws, local.stack)
        warm_up(oven)
        token = new_token(random.SystemRandom())
        tally = Tally(order(PIZZAS, TIMES_LOCALLY, token, random.Random(7)))  # noqa: S311 - a menu is no secret
        for progress in DemoRun(oven, tally, time.time, time.sleep):
            if progress.secs >= len(frames) * FRAME_SECS:
                frames.append(frame(progress, COLUMNS, plain=False))
            last = frame(progress, COLUMNS, plain=False)
    summary = summarize(tally, oven.capacity).as_text()
    frames.append(Text.assemble(last, "\n\n", summary))
    TARGET.write_text(animation(frames))


def animation(frames: Sequence[Text]) -> str:
    """An SVG that shows the frames in a loop, the last one a little longer."""
    lasting = len(frames) * FRAME_SECS + LAST_FRAME_SECS
    rows = max(len(shown.plain.splitlines()) for shown in frames) + 2
    width, height = round(COLUMNS * CELL) + 2 * MARGIN, rows * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"',
        ' aria-label="oven demo: bars of new, waiting, baking and baked pizzas in a terminal">',
        "<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#d8dee9;",
        "white-space:pre}.f{visibility:hidden;animation:show ",
        f"{lasting}s step-end infinite}}@keyframes show{{0%{{visibility:visible}}",
        f"{100 * FRAME_SECS / lasting:.3f}%{{visibility:hidden}}}}.f:last-of-type{{animation-name:last}}",
        f"@keyframes last{{0%{{visibility:visible}}{100 * (FRAME_SECS + LAST_FRAME_SECS) / lasting:.3f}%",
        "{visibility:hidden}}",
        # Readers who prefer reduced motion see the last frame.
        "@media(prefers-reduced-motion){.f{animation:none}.f:last-of-type{visibility:visible}}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1c2128"/>',
        text_line([("$ oven demo", "")], 0),
    ]
    for n, shown in enumerate(frames):
        lines = "".join(text_line(spans(line), row + 2) for row, line in enumerate(shown.split()))
        # A delay in the past, so that each frame is where it belongs from the start.
        parts.append(f'<g class="f" style="animation-delay:{n * FRAME_SECS - lasting}s">{lines}</g>')
    return "\n".join([*parts, "</svg>\n"])


def spans(line: Text) -> list[tuple[str, str]]:
    """The pieces of a line with their colours. An empty colour is the terminal's own."""
    pieces, done = [], 0
    for span in sorted(line.spans):
        pieces += [(line.plain[done : span.start], ""), (line.plain[span.start : span.end], str(span.style))]
        done = span.end
    return [*pieces, (line.plain[done:], "")]


def text_line(pieces: Sequence[tuple[str, str]], row: int) -> str:
    """One line of text."""
    inner = "".join(
        f'<tspan fill="{COLOURS[colour]}">{escape(text)}</tspan>' if colour else escape(text)
        for text, colour in pieces
    )
    return f'<text x="{MARGIN}" y="{MARGIN + (row + 1) * LINE}">{inner}</text>'


if __name__ == "__main__":
    main()
