"""docs/images/scaling-*.svg: how ovens scale, drawn from what `benchmarks.scaling` simulates.

The background is transparent, and the colours are legible on dark and on light pages.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmarks.scaling import (
    LOAD,
    MOST_SLOTS,
    OVENS,
    POLLERS,
    RATES,
    SIZES,
    Result,
    Trial,
    by_ovens,
    by_pollers,
    by_rate,
    by_size,
    result,
)
from serverless_pizza_oven.forecast.plot import STYLE, save

FOLDER = Path("docs/images")

COLOURS = ("#1b9aaa", "#d18b1f", "#d1495b")
INK, GRID = "#808890", "#80889055"

LOOK = STYLE | {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "grid.color": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.markersize": 5,
    "figure.facecolor": "none",
    # Text stays text.
    "svg.fonttype": "none",
}

WIDTH, HEIGHT = 9.0, 4.2
"""Inches."""

Value = Callable[[Trial, Result], float]


def main() -> None:
    """Simulate, and draw."""
    with style.context(["default", LOOK]):
        _draw("scaling-slots", _throughput_by_slots, _cost_by_slots)
        _draw("scaling-arrivals", _throughput_by_arrivals, _cost_by_arrivals)
        _draw("scaling-ovens", _throughput_by_ovens, _cost_by_ovens)
        _draw("scaling-pollers", _throughput_by_pollers)


def _draw(name: str, *panels: Callable[[Axes], None]) -> None:
    figure = Figure(figsize=(WIDTH if len(panels) > 1 else 0.6 * WIDTH, HEIGHT), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        panel(axes)
    save(figure, FOLDER / f"{name}.svg")


def _throughput_by_slots(axes: Axes) -> None:
    _frame(axes, "Items out a second", "slots of one oven")
    for colour, secs in zip(COLOURS, SIZES, strict=True):
        trials = by_size(secs)
        axes.plot(
            [t.slots for t in trials], [LOAD * t.slots / secs for t in trials], "--", color=colour, lw=1
        )
        _line(axes, trials, colour, f"of {secs} s", lambda t, _: t.slots, lambda _, r: r.out)
    axes.legend(title="dashed: as many as arrive", loc="upper left")
    axes.set_ylim(0.001, 1000)


def _cost_by_slots(axes: Axes) -> None:
    _frame(axes, "Dollars for a million items", "slots of one oven")
    for colour, secs in zip(COLOURS, SIZES, strict=True):
        trials = [trial for trial in by_size(secs) if trial.slots >= 10]
        _line(axes, trials, colour, f"of {secs} s", lambda t, _: t.slots, lambda _, r: r.dollars)
    axes.set_ylim(40, 500)
    _mark_closely(axes)


def _throughput_by_arrivals(axes: Axes) -> None:
    _frame(axes, "Items out a second", "arrivals a second")
    axes.plot([1, 1000], [1, 1000], "--", color=INK, lw=1)
    for colour, secs in zip(COLOURS, RATES, strict=True):
        _line(axes, by_rate(secs), colour, f"of {secs} s", lambda t, _: t.arrivals, lambda _, r: r.out)
    axes.legend(title="dashed: as many as arrive", loc="upper left")


def _cost_by_arrivals(axes: Axes) -> None:
    _frame(axes, "Dollars for a million items", "arrivals a second")
    for colour, secs in zip(COLOURS, RATES, strict=True):
        _line(axes, by_rate(secs), colour, f"of {secs} s", lambda t, _: t.arrivals, lambda _, r: r.dollars)
    _mark_closely(axes)


def _throughput_by_ovens(axes: Axes) -> None:
    _frame(axes, "Items out a second", "ovens, of 10,000 slots together", OVENS)
    trials = by_ovens(MOST_SLOTS, 60)
    axes.axhline(trials[0].arrivals, linestyle="--", color=INK, lw=1)
    _line(axes, trials, COLOURS[1], "of 60 s", lambda t, _: t.ovens, lambda _, r: r.out)


def _cost_by_ovens(axes: Axes) -> None:
    _frame(axes, "Dollars for a million items", "ovens, of 10,000 slots together", OVENS)
    _line(axes, by_ovens(MOST_SLOTS, 60), COLOURS[1], "of 60 s", lambda t, _: t.ovens, lambda _, r: r.dollars)


def _throughput_by_pollers(axes: Axes) -> None:
    _frame(axes, "Items of 1 s out a second, without quotas", "MaximumConcurrency", POLLERS)
    for colour, full, label in ((COLOURS[0], False, "room for all"), (COLOURS[2], True, "a full oven")):
        trials = by_pollers(full=full)
        _line(axes, trials, colour, label, lambda t, _: t.max_concurrency, lambda _, r: r.out)
    axes.legend(loc="upper left")
    _mark_closely(axes)


def _line(axes: Axes, trials: Sequence[Trial], colour: str, label: str, x: Value, y: Value) -> None:
    results = [(trial, result(trial)) for trial in trials]
    axes.plot([x(*one) for one in results], [y(*one) for one in results], "o-", color=colour, label=label)


def _frame(axes: Axes, title: str, below: str, places: Sequence[int] = ()) -> None:
    """Both axes are logarithmic. `places` are the marks of the lower axis, if not each power of ten."""
    axes.set_title(title)
    axes.set_xlabel(below)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    if places:
        axes.set_xticks(places)


def _mark_closely(axes: Axes) -> None:
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))


if __name__ == "__main__":
    main()
