"""Run the acceptance test of an oven, and remove everything that it sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from pizza_oven.errors import PizzaOvenError
from serverless_pizza_oven.acceptance import (
    account,
    configured_data,
    configured_functions,
    configured_watch,
    held_items,
    items,
    ledger,
    line_order,
    long_checks,
    measurements,
    pilot_light,
    refusals,
)
from serverless_pizza_oven.acceptance.bill import Meter, bill
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.cleaning import clean
from serverless_pizza_oven.acceptance.findings import (
    Check,
    CheckGroup,
    CheckResult,
    Finding,
    Verdict,
    failed,
    not_shown,
    ok,
)
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.prices import total
from serverless_pizza_oven.sdk_errors import aws_errors

GROUPS = (
    CheckGroup(
        "configuration",
        (
            *configured_functions.CHECKS,
            *configured_data.CHECKS,
            *configured_watch.CHECKS,
        ),
    ),
    CheckGroup("account", account.CHECKS),
    CheckGroup("items", items.CHECKS, sends_items=True),
    CheckGroup("line", line_order.CHECKS, sends_items=True),
    CheckGroup("ledger", ledger.CHECKS, sends_items=True),
    CheckGroup("holding", held_items.CHECKS, sends_items=True),
    CheckGroup("refusals", refusals.CHECKS),
)
LONG = CheckGroup(
    "long",
    long_checks.CHECKS,
    sends_items=True,
    announcement="An item is stuck in line for 15 minutes, and a dead letter lies for up to 20.",
)
LAST = (
    CheckGroup("pilot light", pilot_light.CHECKS, sends_items=True),
    CheckGroup("measurements", measurements.CHECKS, sends_items=True),
)
"""They come last: the pilot light is recognized while the oven is idle, and metrics come late."""

IDLE_SECS = 5
"""How long a trigger of the pilot light may be in New Items of an idle oven."""

Tell = Callable[[CheckResult], None]
"""Called with each result as soon as it is known."""


class NotIdleError(ToolError):
    """The oven is in use, so the items of the test would wait, or be mixed up with others."""


@dataclass(slots=True)
class CheckReport:
    """The results of a run."""

    results: list[CheckResult] = field(default_factory=list)
    secs: float = 0
    dollars: float = 0
    items: int = 0

    def count(self, verdict: Verdict) -> int:
        """How many checks ended so."""
        return sum(result.finding.verdict is verdict for result in self.results)


def groups(*, with_long: bool) -> tuple[CheckGroup, ...]:
    """The groups of a run, in order."""
    return (*GROUPS, *((LONG,) if with_long else ()), *LAST)


def check_idle(context: CheckContext) -> None:
    """Raise NotIdleError if the oven is paused, or if anything is in it or in its queues; and AwsError."""
    stack = context.stack
    if stack.is_paused:
        raise NotIdleError(
            f"the oven is paused, and would admit no item of the check: oven resume --stack {stack.name}"
        )
    # A trigger of the pilot light may be on its way.
    context.until(lambda: context.depth(stack.new_items) == 0, IDLE_SECS)
    row = context.row()
    counts = {
        "new items": context.depth(stack.new_items),
        "in line": max(context.depth(stack.waiting_items), row.waiting),
        "in the oven": len(row.leases),
        "baked items": context.depth(stack.baked_items),
        "dead letters": context.depth(stack.dead_letters),
    }
    there = [f"{count} {what}" for what, count in counts.items() if count]
    if there:
        raise NotIdleError(
            f"the oven is not idle: {', '.join(there)}. Nothing was sent. Wait until it is empty, or check "
            "an oven that is made for it: oven check --scratch"
        )


def run(
    context: CheckContext, chosen: Sequence[CheckGroup], tell: Tell, say: Callable[[str], None]
) -> CheckReport:
    """Run the checks of the chosen groups, then remove what they sent, also if the run is interrupted.

    `tell` gets each result, `say` lines of progress. Raises NotIdleError before anything is sent.
    """
    check_idle(context)
    meter, report = Meter(context), CheckReport()

    def add(group: str, name: str, finding: Finding) -> None:
        result = CheckResult(group, name, finding)
        report.results.append(result)
        tell(result)

    try:
        for group in chosen:
            if group.announcement and not _hindered(report):
                say(group.announcement)
            for check in group.checks:
                hindered = _hindered(report) if group.sends_items else ""
                add(group.title, check.name, not_shown(hindered) if hindered else run_check(check, context))
    except BaseException:
        _clean_after_interrupt(context, say)
        raise
    add("end", "nothing left", run_check(Check("nothing left", nothing_left), context))
    report.secs = context.clock() - context.began_at
    report.items = len(context.traffic.sent)
    report.dollars = total(bill(context, meter))
    return report


def _clean_after_interrupt(context: CheckContext, say: Callable[[str], None]) -> None:
    say("Removing what the check has sent.")
    try:
        with aws_errors("removing it"):
            left = clean(context)
    except PizzaOvenError as error:
        say(f"Not removed: {error}")
    else:
        say(f"Left: {', '.join(left)}." if left else "Nothing is left of it.")


def nothing_left(context: CheckContext) -> Finding:
    """Nothing that the run has sent is left in the oven or its queues."""
    left = clean(context)
    if left:
        return failed(
            f"left: {', '.join(left)}",
            "look again in two minutes with oven status; what is still there then, oven collect and oven dlq "
            "discard take away",
        )
    return ok(f"{len(context.traffic.sent)} items and all their messages are gone")


def run_check(check: Check, context: CheckContext) -> Finding:
    """Run a check. An error becomes a finding."""
    try:
        with aws_errors(check.name):
            finding = check.function(context)
    except PizzaOvenError as error:
        finding = _of_error(error)
    # Advice that is meant for AWS does not help with an emulator.
    if finding.advice and context.is_emulated and check.emulators_lack:
        return not_shown(f"{context.aws.endpoint_url} is an emulator: {check.emulators_lack}")
    return finding


def _of_error(error: PizzaOvenError) -> Finding:
    cause = error.__cause__
    if isinstance(cause, ClientError) and "AccessDenied" in cause.response["Error"]["Code"]:
        return not_shown(
            str(error),
            "give who runs the check the policies operator.json and receiver.json of docs/policies",
        )
    retry = (
        "run the check again" if isinstance(cause, BotoCoreError) else "mend what AWS says, and run it again"
    )
    return failed(str(error), retry)


def _hindered(report: CheckReport) -> str:
    """Why nothing can be sent. Empty if it can."""
    mapping = [result.finding for result in report.results if result.name == "mapping"]
    if mapping and mapping[0].verdict is Verdict.FAILED:
        return "nothing was sent, since New Items does not invoke Bake Items as it should"
    return ""
