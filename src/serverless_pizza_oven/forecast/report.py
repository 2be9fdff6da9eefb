"""Forecasts as a table for people, one beside the other."""

from collections.abc import Callable, Sequence

from rich.table import Table

from serverless_pizza_oven.forecast.costs import for_a_million
from serverless_pizza_oven.forecast.forecasts import Forecast, Limit
from serverless_pizza_oven.forecast.measured import replaced
from serverless_pizza_oven.forecast.plans import faults_in_words, quotas_in_words

NOTHING = "-"

Row = tuple[str, Callable[[Forecast], str]]
"""A label, and what stands beside it for a forecast."""

SET_UP: Sequence[Row] = (
    ("Oven", lambda f: _counted(f.plan.setup.capacity, "slot")),
    ("Items", lambda f: f"{f.plan.orders.count:,} {f.plan.orders.arrivals}"),
    ("  baking", lambda f: f.plan.orders.baking),
    ("  slots of each", lambda f: f.plan.orders.sizes),
)
UNUSUAL: Sequence[tuple[Row, str]] = (
    (("Quotas", lambda f: quotas_in_words(f.plan.quotas)), "large"),
    (("Faults", lambda f: faults_in_words(f.plan.faults)), "none"),
    (("Latencies measured", lambda f: ", ".join(replaced(f.plan.latencies)) or "none"), "none"),
    (("Copies dropped", lambda f: f"{f.copies:,}"), "0"),
    (("Came out again", lambda f: f"{f.again:,}"), "0"),
    (("Dead letters", lambda f: f"{f.dead:,}"), "0"),
)
"""What is told only if it is another thing than that."""

OUTCOME: Sequence[Row] = (
    ("Time", lambda f: span(f.secs)),
    ("  by the ideal", lambda f: NOTHING if f.times_ideal is None else f"{f.times_ideal:.3f}"),
    ("Throughput", lambda f: f"{number(f.throughput)} items a second"),
    ("Waiting", lambda f: f"{span(f.waits.p50)} (p50)"),
    ("", lambda f: f"{span(f.waits.p90)} (p90)"),
    ("", lambda f: f"{span(f.waits.p99)} (p99)"),
    ("", lambda f: f"{span(f.waits.most)} (max)"),
    ("Line", lambda f: f"{number(f.mean_waiting)} items (mean)"),
    ("", lambda f: f"{f.most_waiting:,} (max)"),
    ("Slots in use", lambda f: f"{100 * f.utilisation:.1f} %"),
)
USAGE: Sequence[Row] = (
    ("Requests", lambda f: _each(f, sum(requests.count for requests in f.usage.requests))),
    ("  SQS", lambda f: _each(f, f.usage.of("SQS"))),
    ("  DynamoDB", lambda f: _each(f, f.usage.of("DynamoDB"))),
    ("  Step Functions", lambda f: _each(f, f.usage.of("Step Functions"))),
    ("  Lambda", lambda f: _each(f, f.usage.invocations)),
    ("State transitions", lambda f: _each(f, f.usage.transitions)),
    ("Function time billed", lambda f: span(f.usage.billed_secs)),
    ("  cold starts", lambda f: f"{sum(function.cold_starts for function in f.usage.functions):,}"),
)
COST: Sequence[Row] = (
    ("Cost", lambda f: dollars(f.dollars)),
    ("Of a million items", lambda f: dollars(f.dollars_for_a_million)),
)


def table(titles: Sequence[str], columns: Sequence[Forecast]) -> Table:
    """A column for each, under its title; one alone has none."""
    shown = Table(box=None, show_header=len(columns) > 1, pad_edge=False, padding=(0, 3, 0, 0))
    shown.add_column(no_wrap=True)
    for title in titles:
        shown.add_column(title)
    unusual = [row for row, usual in UNUSUAL if any(row[1](forecast) != usual for forecast in columns)]
    sections = (SET_UP, OUTCOME, unusual, USAGE, [*COST, *_costs(columns[0])], _limits(columns))
    for section in filter(None, sections):
        for label, say in section:
            shown.add_row(label, *(say(forecast) for forecast in columns))
        shown.add_row()
    return shown


def _costs(of: Forecast) -> list[Row]:
    return [(f"  {cost.service}", _cost_of(place)) for place, cost in enumerate(of.costs)]


def _cost_of(place: int) -> Callable[[Forecast], str]:
    return lambda f: dollars(for_a_million(f.costs[place].dollars, f.out))


def _limits(columns: Sequence[Forecast]) -> list[Row]:
    """Each that any of them has met."""
    names = dict.fromkeys(limit.name for forecast in columns for limit in forecast.limits)
    if not names:
        return [("Limits met", lambda _: "none")]
    return [("Limits met", lambda _: ""), *((f"  {name}", _limit_of(name)) for name in names)]


def _limit_of(name: str) -> Callable[[Forecast], str]:
    return lambda f: next((_met(limit) for limit in f.limits if limit.name == name), NOTHING)


def _met(limit: Limit) -> str:
    times = "once" if limit.times == 1 else f"{limit.times:,} times"
    return f"{times}, first at {span(limit.first_secs)}"


def _each(forecast: Forecast, count: int) -> str:
    return f"{count:,} ({count / forecast.out:.2f} an item)" if forecast.out else f"{count:,}"


def span(secs: float) -> str:
    """Seconds, as people say it."""
    if secs < 10:
        return f"{secs:.2f} s"
    if secs < 300:
        return f"{secs:.1f} s"
    minutes = round(secs / 60)
    if secs < 2 * 3600:
        return f"{round(secs) // 60} min {round(secs) % 60} s"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{secs / 86400:.1f} days"


def number(value: float) -> str:
    """With three digits at least."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def dollars(value: float | None) -> str:
    """With as many digits as tell something."""
    if value is None:
        return NOTHING
    if 0 < value < 0.0001:
        return "under $0.0001"
    digits = 2 if value >= 1 or not value else 3 if value >= 0.01 else 4
    return f"${value:,.{digits}f}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
