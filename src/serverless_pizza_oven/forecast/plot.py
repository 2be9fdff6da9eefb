"""Forecasts as pictures. Needs matplotlib, which is an extra."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.extras import require
from serverless_pizza_oven.forecast.result import Forecast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SENT, WAITING, BAKING, OUT = "#1b9aaa", "#e3a21a", "#d1495b", "#3a7d44"
"""The colours of the demo, for a white background."""

INK, GRID = "#333333", "#dddddd"

STYLE: dict[str, Any] = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "savefig.dpi": 150,
    # With a salt of its own an SVG is the same each time.
    "svg.hashsalt": "pizza",
}

KINDS = (".svg", ".png")

WIDTH, HEIGHT, MOST_WIDTH = 8.0, 6.4, 100.0
"""Inches: the size for one forecast, and the greatest width for several."""

PERIODS = ((2 * 86400, 86400, "days"), (2 * 3600, 3600, "hours"), (300, 60, "minutes"), (0, 1, "seconds"))
"""The unit of the time axis, by the seconds from which it is used."""


def check(path: Path) -> None:
    """Raise UsageError where no picture can be written, and MissingExtraError where none can be drawn."""
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"--plot {path}: the name must end in {' or '.join(KINDS)}")
    if not path.parent.is_dir():
        raise UsageError(f"--plot {path}: there is no folder {path.parent}")
    require("plot", "--plot")


def draw(path: Path, titles: Sequence[str], forecasts: Sequence[Forecast]) -> None:
    """Write a picture with a column for each forecast: items sent and out, items waiting, slots taken."""
    with _style():
        save(figure_of(titles, forecasts), path)


def figure_of(titles: Sequence[str], forecasts: Sequence[Forecast]) -> "Figure":
    """The picture of some forecasts."""
    with _style():
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

        columns = len(forecasts)
        width = min(WIDTH if columns == 1 else 0.7 * WIDTH * columns, MOST_WIDTH)
        figure = Figure(figsize=(width, HEIGHT), layout="constrained")
        panels = figure.subplots(3, columns, squeeze=False, sharex=True, sharey="row")
        longest = max(forecast.series.secs[-1] for forecast in forecasts)
        unit, unit_name = next((unit, name) for least, unit, name in PERIODS if longest >= least)
        for column, (title, forecast) in enumerate(zip(titles, forecasts, strict=True)):
            times = [moment / unit for moment in forecast.series.secs]
            _draw_items(panels[0, column], times, forecast)
            _draw_line(panels[1, column], times, forecast)
            _draw_oven(panels[2, column], times, forecast)
            panels[2, column].set_xlabel(unit_name)
            if columns > 1:
                panels[0, column].set_title(title, loc="right", fontweight="bold")
        for row in panels:
            # The plots of a row share it.
            row[0].set_ylim(0, 1.06 * max(1, *(axes.dataLim.y1 for axes in row)))
        return figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure without date and software name, so that equal figures make equal files.

    Raises ToolError where it cannot be written.
    """
    metadata = {"Date": None, "Creator": None} if path.suffix.lower() == ".svg" else {"Software": None}
    try:
        figure.savefig(path, metadata=metadata)
    except OSError as error:
        raise ToolError(f"--plot {path}: it cannot be written: {error.strerror}") from error


@contextmanager
def _style() -> Iterator[None]:
    from matplotlib import style  # noqa: PLC0415 - an extra

    # Instead of the user's own settings.
    with style.context(["default", STYLE]):
        yield


def _draw_items(axes: "Axes", times: Sequence[float], forecast: Forecast) -> None:
    series = forecast.series
    axes.fill_between(times, series.sent, series.out, color=SENT, alpha=0.15, linewidth=0)
    axes.plot(times, series.sent, color=SENT, label="sent")
    axes.plot(times, series.out, color=OUT, label="out")
    # Where both end above.
    axes.legend(loc="lower right")
    _frame(axes, "Items")


def _draw_line(axes: "Axes", times: Sequence[float], forecast: Forecast) -> None:
    axes.fill_between(times, forecast.series.waiting, color=WAITING, linewidth=0)
    _frame(axes, "Waiting")


def _draw_oven(axes: "Axes", times: Sequence[float], forecast: Forecast) -> None:
    capacity = forecast.request.setup.capacity
    axes.fill_between(
        times, forecast.series.occupied, color=BAKING, alpha=0.35, linewidth=0, label="slots taken"
    )
    axes.plot(times, forecast.series.baking, color=BAKING, linewidth=1, label="items baking")
    axes.axhline(capacity, color=INK, linestyle="--", linewidth=1)
    # Beside the title: it is full below.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
    _frame(axes, f"In the oven, of {capacity:,} slots")


def _frame(axes: "Axes", title: str) -> None:
    axes.set_title(title)
    axes.margins(x=0)
    axes.locator_params(axis="y", integer=True, nbins=5)
    axes.yaxis.set_major_formatter("{x:,.0f}")
