"""What each parameter of the template costs or saves, in dollars."""

from collections.abc import Mapping

from pictures.reference.markdown import page, table
from serverless_pizza_oven.deployment.template import default_parameters
from serverless_pizza_oven.operations.idle_cost import idle_cost
from serverless_pizza_oven.operations.item_cost import cost_per_million
from serverless_pizza_oven.prices import AS_OF, MILLION, PRICES, REGION, Price, total

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"

TRADES = {
    ("Alarms", "DISABLED"): "no alarm tells of a fault",
    ("LongestLine", "1000"): "an alarm of a line longer than that",
    ("PilotLightSchedule", "rate(5 minutes)"): (
        "what a rare fault leaves stuck stays so for five minutes; a raised capacity may take as long"
    ),
    ("PilotLight", "DISABLED"): "it stays stuck until the next item joins the line",
    ("Admission", "PAUSED"): "nothing is admitted",
    ("Dashboard", "ENABLED"): "a page in CloudWatch; an account's first three are free",
    (
        "KmsKeyArn",
        KEY,
    ): ("a key of your own. For several ovens it costs $1 once. Its use by a busy oven is not counted"),
    ("Metrics", "DISABLED"): (
        "no numbers of items, no alarm of overdue ones. An oven in use all month saves $2.10 more"
    ),
    (
        "Tracing",
        "ENABLED",
    ): "X-Ray follows items. The most it costs: of more than one a second it records 5 %",
    ("BakingTableCapacityCount", "22"): (
        "more slots: a write of the row takes a unit for each KB of it, some 22 items that bake"
    ),
    ("BakingTableCapacityCount", "100"): "likewise",
    ("BakingTableCapacityCount", "500"): "likewise; several smaller ovens are cheaper",
}
"""What a value of a parameter gains or loses."""


def costs_page() -> str:
    default = default_parameters()
    usual = _bill(default)
    rows = []
    for (name, value), what in TRADES.items():
        more = [after - before for after, before in zip(_bill({**default, name: value}), usual, strict=True)]
        shown = "ARN" if value == KEY else value
        rows.append([f"`{name}={shown}`", *map(_signed, more), what])
    return page(
        "Costs of parameters",
        "Dollars more or less than [by default](../cost.md): idle for 30 days, and for a million items that "
        "find room, or that all wait. No other parameter changes the bill by more than cents.",
        table(["with", "idle", "find room", "wait", "what it gives, or gives up"], rows),
        "## Prices",
        f"Those of {REGION}, as of {AS_OF} or before, and what is free for an account each month.",
        table(["service", "unit", "price", "free"], map(_priced, PRICES)),
        "[`prices.py`](../../src/serverless_pizza_oven/prices.py) has the source and the date of each.",
    )


def _priced(price: Price) -> list[str]:
    count, many = (MILLION, " for a million") if price.dollars < 0.001 else (1, "")
    free = f"{price.free:,.0f}" if price.free else ""
    return [price.service, price.unit, f"${price.dollars * count:.6g}{many}", free]


def _bill(parameters: Mapping[str, str]) -> list[float]:
    idle = sum(part.dollars for part in idle_cost(parameters))
    return [idle, *(total(cost_per_million(parameters, 1, waiting)) for waiting in (0, 1))]


def _signed(dollars: float) -> str:
    rounded = f"{abs(dollars):.2f}"
    if float(rounded) == 0:
        return rounded
    return f"{'+' if dollars > 0 else chr(0x2212)}{rounded}"
