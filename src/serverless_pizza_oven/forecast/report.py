"""Forecasts as a table, one column for each."""

from collections.abc import Callable, Sequence

from rich.table import Table

from serverless_pizza_oven.forecast.conditions import faults_in_words, quotas_in_words
from serverless_pizza_oven.forecast.hold_cost import HoldCost
from serverless_pizza_oven.forecast.holders import HoldUsage
from serverless_pizza_oven.forecast.measured import replaced
from serverless_pizza_oven.forecast.result import Forecast, LimitReached
from serverless_pizza_oven.forecast.run_cost import per_million_items
from serverless_pizza_oven.forecast.seeds import SeedOutcome, SeedSpread
from serverless_pizza_oven.prices import MILLION

NOTHING = "-"

AT_ITS_LIMIT = 0.9
"""The share of a rate from which on it holds the items up. With less used, it was exceeded in bursts."""

ReportRow = tuple[str, Callable[[Forecast], str]]
"""A label, and the value for a forecast."""

SET_UP: Sequence[ReportRow] = (
    ("Oven", lambda f: _counted(f.request.setup.capacity, "slot")),
    ("Items", lambda f: f"{f.request.workload.count:,} {f.request.workload.arrivals}"),
    ("  baking", lambda f: f"{f.request.workload.baking}{', held' if f.request.lease_secs else ''}"),
    ("  slots of each", lambda f: f.request.workload.sizes),
)
UNUSUAL: Sequence[tuple[ReportRow, str]] = (
    (("Quotas", lambda f: quotas_in_words(f.request.quotas)), "large"),
    (("Faults", lambda f: faults_in_words(f.request.faults)), "none"),
    (("Latencies measured", lambda f: ", ".join(replaced(f.request.latencies)) or "none"), "none"),
    (("Dropped, id sent before", lambda f: f"{f.copies:,}"), "0"),
    (("Came out again", lambda f: f"{f.again:,}"), "0"),
    (("Dead letters", lambda f: f"{f.dead:,}"), "0"),
)
"""Rows that are shown only if a value differs from this one."""

OUTCOME: Sequence[ReportRow] = (
    ("Time", lambda f: span(f.secs)),
    ("  by the ideal", lambda f: NOTHING if f.times_ideal is None else f"{f.times_ideal:.3f}"),
    ("Throughput", lambda f: f"{number(f.throughput)} items a second"),
    ("Waiting", lambda f: f"{span(f.waits.p50)} (p50)"),
    ("", lambda f: f"{span(f.waits.p90)} (p90)"),
    ("", lambda f: f"{span(f.waits.p99)} (p99)"),
    ("", lambda f: f"{span(f.waits.most)} (max)"),
    ("", lambda f: f"{span(f.waits.mean)} (mean)"),
    ("  in the ideal", lambda f: f"{span(f.ideal_waits.p50)} (p50)"),
    ("", lambda f: f"{span(f.ideal_waits.p90)} (p90)"),
    ("", lambda f: f"{span(f.ideal_waits.mean)} (mean)"),
    ("Line", lambda f: f"{number(f.mean_waiting)} items (mean)"),
    ("", lambda f: f"{f.most_waiting:,} (max)"),
    ("Slots in use", lambda f: f"{100 * f.utilisation:.1f} %"),
)
HELD: Sequence[ReportRow] = (
    ("Lease", lambda f: _of_holds(f, lambda holds: span(holds.lease_secs))),
    ("  after a holder's death", lambda f: _of_holds(f, _slots_back)),
    ("Extensions", lambda f: _of_holds(f, lambda holds: _each(f, holds.extensions))),
    ("  reads to confirm them", lambda f: _of_holds(f, lambda holds: _each(f, holds.confirmations))),
    ("Rounds", lambda f: _of_holds(f, lambda holds: _each(f, holds.rounds))),
    ("Reads while waiting", lambda f: _of_holds(f, lambda holds: _each(f, holds.looks))),
    ("Leases lost", lambda f: _of_holds(f, lambda holds: f"{holds.lost:,}")),
)
"""Rows that are shown only if items are held."""

HELD_COST: Sequence[ReportRow] = (
    ("  of that, extensions", lambda f: _of_cost(f, lambda cost: cost.extensions)),
    ("  rounds", lambda f: _of_cost(f, lambda cost: cost.rounds)),
    ("  reads while waiting", lambda f: _of_cost(f, lambda cost: cost.waiting)),
)
SPREAD: Sequence[tuple[str, Callable[[SeedOutcome], float]]] = (
    ("  waiting, mean", lambda outcome: outcome.waits.mean),
    ("  waiting, p90", lambda outcome: outcome.waits.p90),
    ("  in the ideal, mean", lambda outcome: outcome.ideal_waits.mean),
    ("  time", lambda outcome: outcome.secs),
)
USAGE: Sequence[ReportRow] = (
    ("Requests", lambda f: _each(f, sum(requests.count for requests in f.usage.requests))),
    ("  SQS", lambda f: _each(f, f.usage.of("SQS"))),
    ("  DynamoDB", lambda f: _each(f, f.usage.of("DynamoDB"))),
    ("  Step Functions", lambda f: _each(f, f.usage.of("Step Functions"))),
    ("  Lambda", lambda f: _each(f, f.usage.invocations)),
    ("State transitions", lambda f: _each(f, f.usage.transitions)),
    ("Function time billed", lambda f: span(f.usage.billed_secs)),
    ("  cold starts", lambda f: f"{sum(function.cold_starts for function in f.usage.functions):,}"),
)
COST: Sequence[ReportRow] = (
    ("Cost", lambda f: dollars(f.dollars)),
    ("A month like this", lambda f: dollars(f.dollars_a_month)),
    ("Of a million items", lambda f: dollars(f.dollars_per_million_items)),
)


def report_table(
    titles: Sequence[str], columns: Sequence[Forecast], spreads: Sequence[SeedSpread] = ()
) -> Table:
    """A column for each forecast, under its title; a single one has no title.

    With a spread for each column, there are rows for them.
    """
    shown = Table(box=None, show_header=len(columns) > 1, pad_edge=False, padding=(0, 3, 0, 0))
    shown.add_column(no_wrap=True)
    for title in titles:
        shown.add_column(title)
    unusual = [row for row, usual in UNUSUAL if any(row[1](forecast) != usual for forecast in columns)]
    is_held = any(forecast.usage.holds for forecast in columns)
    held, held_cost = (HELD, HELD_COST) if is_held else ((), ())
    cost = [*COST, *_costs(columns[0]), *held_cost]
    sections = (SET_UP, OUTCOME, unusual, held, USAGE, cost, _limits(columns))
    for section in filter(None, sections):
        for label, say in section:
            shown.add_row(label, *(say(forecast) for forecast in columns))
        shown.add_row()
        if section is OUTCOME and spreads:
            _add_spreads(shown, spreads)
    return shown


def _add_spreads(shown: Table, spreads: Sequence[SeedSpread]) -> None:
    shown.add_row("Over seeds", *(f"{len(each.seeds)}, least to most" for each in spreads))
    for label, of in SPREAD:
        shown.add_row(label, *("{} to {}".format(*map(span, each.extremes(of))) for each in spreads))
    shown.add_row()


def _costs(of: Forecast) -> list[ReportRow]:
    return [(f"  {cost.service}", _cost_of(place)) for place, cost in enumerate(of.costs)]


def _cost_of(place: int) -> Callable[[Forecast], str]:
    return lambda f: dollars(per_million_items(f.costs[place].dollars, f.out))


def _of_holds(forecast: Forecast, say: Callable[[HoldUsage], str]) -> str:
    return say(forecast.usage.holds) if forecast.usage.holds else NOTHING


def _slots_back(holds: HoldUsage) -> str:
    least, most = holds.slots_back_secs
    return f"slots are free after {span(least)} to {span(most)}"


def _of_cost(forecast: Forecast, part: Callable[[HoldCost], float]) -> str:
    cost = forecast.hold_cost
    if cost is None or not forecast.out:
        return NOTHING
    each = part(cost) / forecast.out
    return f"{dollars(each * MILLION)} (${each:.8f} an item)"


def _limits(columns: Sequence[Forecast]) -> list[ReportRow]:
    """A row for each limit that any of the forecasts has reached."""
    names = dict.fromkeys(limit.name for forecast in columns for limit in forecast.limits)
    if not names:
        return [("Limits met", lambda _: "none")]
    return [("Limits met", lambda _: ""), *((f"  {name}", _limit_of(name)) for name in names)]


def _limit_of(name: str) -> Callable[[Forecast], str]:
    return lambda f: next((_met(limit) for limit in f.limits if limit.name == name), NOTHING)


def notes_on_limits(forecast: Forecast) -> list[str]:
    """What the user should know about each rate that held the items up."""
    return [
        f"At its limit: {_percent(limit.used)} used of {limit.name}. More slots do not help: docs/scaling.md "
        "tells what does."
        for limit in forecast.limits
        if limit.used is not None and limit.used >= AT_ITS_LIMIT
    ]


def _met(limit: LimitReached) -> str:
    times = "once" if limit.times == 1 else f"{limit.times:,} times"
    used = "" if limit.used is None else f", {_percent(limit.used)} used since"
    return f"{times}, first at {span(limit.first_secs)}{used}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _each(forecast: Forecast, count: int) -> str:
    return f"{count:,} ({count / forecast.out:.2f} an item)" if forecast.out else f"{count:,}"


def span(secs: float) -> str:
    """A number of seconds in suitable units."""
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
    """A number with at least three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def dollars(value: float | None) -> str:
    """An amount with as many digits as are significant."""
    if value is None:
        return NOTHING
    if 0 < value < 0.0001:
        return "under $0.0001"
    digits = 2 if value >= 1 or not value else 3 if value >= 0.01 else 4
    return f"${value:,.{digits}f}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
