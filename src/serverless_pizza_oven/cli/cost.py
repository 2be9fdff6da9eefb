"""`oven cost`: what an oven costs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from serverless_pizza_oven import prices
from serverless_pizza_oven.cli.console import console
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.deployment.stack import stack_parameters
from serverless_pizza_oven.deployment.template import default_parameters
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.idle_cost import IdleCostPart, idle_cost
from serverless_pizza_oven.operations.item_cost import cost_per_million
from serverless_pizza_oven.operations.usage import MonthUsage, month_to_date
from serverless_pizza_oven.prices import Charge, after_free_tier, by_service, total
from serverless_pizza_oven.text import slots


@dataclass(frozen=True, slots=True)
class Million:
    """The cost of a million items."""

    waiting: int
    """How many of them wait, in percent."""
    charges: Sequence[Charge]


def cost(
    target: Target,
    size: Annotated[
        int, typer.Option(min=1, metavar="N", help="The slots that an item takes, on average.")
    ] = 1,
    waiting: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="How many of the items wait.",
            show_default="none, and all",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what an oven costs: idle, for a million items, and this month.

    Examples:

    - `oven cost`: an oven with the template's defaults
    - `oven cost --waiting 30 --size 2`: a million items of two slots, three in ten of which wait
    - `oven cost --stack spo`: a deployed oven, and what it used this month

    Without a stack or AWS_ENDPOINT_URL, nothing is asked of AWS. With one, the parameters of the stack count,
    and its use of this month is read from CloudWatch.

    Prices are those of us-east-1 in US dollars, before the free tier unless it is mentioned. The baking time
    makes no difference.
    """
    chosen, usage = default_parameters(), None
    if target.is_named:
        aws, oven = target.find()
        chosen, usage = stack_parameters(aws, oven.name), month_to_date(aws, oven, datetime.now(UTC))
    if size > int(chosen["BakingTableCapacityCount"]):
        raise UsageError(
            f"--size {size} is more than the {chosen['BakingTableCapacityCount']} slots of the oven"
        )
    parts = idle_cost(chosen)
    shares = (0, 100) if waiting is None else (waiting,)
    millions = [Million(share, cost_per_million(chosen, size, share / 100)) for share in shares]
    if as_json:
        typer.echo(json.dumps(_rounded(_as_json(parts, millions, size, usage))))
        return
    terminal = console()
    terminal.print(
        _idle(parts), "", _per_million(millions, size, int(chosen["BakingTableCapacityCount"])), "", sep="\n"
    )
    if usage:
        terminal.print(_usage(usage), "", sep="\n")
    terminal.print(prices.TRANSITIONS_NOTE)
    terminal.print(f"Prices of {prices.REGION}, {prices.AS_OF}. The source of each: oven cost --json")


def _idle(parts: Sequence[IdleCostPart]) -> Table:
    charges = [charge for part in parts for charge in part.charges]
    table = _table("Idle, for 30 days")
    for part in parts:
        table.add_row(part.name, _dollars(part.dollars), part.why)
    table.add_row("in all", _dollars(total(charges)), "")
    table.add_row(
        "after the free tier", _dollars(after_free_tier(charges)), "if the account has nothing else"
    )
    return table


def _per_million(millions: Sequence[Million], size: int, capacity: int) -> Group:
    title = Text(f"A million items of {slots(size)}, in an oven of {capacity}", "bold")
    table = _table(None, *(f"{one.waiting} % wait" for one in millions))
    bills = [by_service(one.charges) for one in millions]
    for service in bills[0]:
        table.add_row(service, *(_dollars(bill[service]) for bill in bills))
    table.add_row("in all", *(_dollars(total(one.charges)) for one in millions))
    # A table's own title is broken where the table ends.
    return Group(title, table)


def _usage(usage: MonthUsage) -> Table:
    table = _table(f"Used since {usage.since:%-d %B}, in UTC")
    for charge in usage.charges:
        table.add_row(
            charge.price.service, _dollars(charge.dollars), f"{charge.count:,.6g} of: {charge.price.unit}"
        )
    at_most = "at most, since a request to SQS may carry ten messages; alarms, dashboard and key come to it"
    table.add_row("in all", _dollars(total(usage.charges)), at_most)
    return table


def _table(title: str | None, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(min_width=19)
    for column in columns or ("",):
        table.add_column(column, justify="right")
    if not columns:
        table.add_column(overflow="fold")
        table.show_header = False
    return table


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def _as_json(
    parts: Sequence[IdleCostPart], millions: Sequence[Million], size: int, usage: MonthUsage | None
) -> dict[str, Any]:
    idle_charges = [charge for part in parts for charge in part.charges]
    return {
        "currency": "USD",
        "region": prices.REGION,
        "asOf": prices.AS_OF,
        "transitions": prices.TRANSITIONS_NOTE,
        "idle": {
            "days": prices.SECS_IN_MONTH // 86_400,
            "dollars": total(idle_charges),
            "dollarsAfterFreeTier": after_free_tier(idle_charges),
            "parts": [
                {"name": part.name, "dollars": part.dollars, "why": part.why, **_charges(part.charges)}
                for part in parts
            ],
        },
        "perMillionItems": [
            {
                "size": size,
                "waitingPercent": one.waiting,
                "dollars": total(one.charges),
                "byService": by_service(one.charges),
                **_charges(one.charges),
            }
            for one in millions
        ],
        "thisMonth": usage
        and {
            "since": usage.since.isoformat(),
            "dollarsAtMost": total(usage.charges),
            **_charges(usage.charges),
        },
    }


def _rounded(told: Any) -> Any:
    """All numbers rounded to nine decimals, without the rounding errors of sums."""
    if isinstance(told, dict):
        return {name: _rounded(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_rounded(value) for value in told]
    return round(told, 9) if isinstance(told, float) else told


def _charges(charges: Iterable[Charge]) -> dict[str, Any]:
    return {
        "charges": [
            {
                "service": charge.price.service,
                "unit": charge.price.unit,
                "count": charge.count,
                "dollars": charge.dollars,
                "source": charge.price.source,
                "readIn": charge.price.read_in,
            }
            for charge in charges
        ]
    }
