"""Waits until an item has its slots, or until it is out of the oven."""

from collections.abc import Callable

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.item_lookup import ItemReport, ItemStage, find_by_log, find_in_oven
from serverless_pizza_oven.text import duration

LOG_EVERY_SECS = 10
"""How often the logs are read for an item that is not in the oven. FilterLogEvents allows an account at least
five requests a second (https://docs.aws.amazon.com/general/latest/gr/cwl_region.html)."""

MOST_SECS_BETWEEN = 10
"""The longest time between two looks. It is 1 s in the first minute."""


class WaitError(ToolError):
    """The item will not reach the awaited stage, or did not in time."""

    def __init__(self, text: str, report: ItemReport) -> None:
        super().__init__(text)
        self.report = report


def wait_for(
    look: Callable[[], ItemReport],
    sign: Sign,
    clock: Callable[[], float],
    sleep: Sleep,
    timeout_secs: float | None = None,
    on_change: Callable[[ItemReport], None] = lambda _report: None,
) -> ItemReport:
    """Look again and again until the sign is there. Without a timeout it may wait for ever.

    `on_change` is called with the first report, and whenever the stage has changed. Raises WaitError if the
    item was rejected, failed, or came out although its slots were waited for; and after `timeout_secs`.
    """
    began = clock()
    last: ItemStage | None = None
    while True:
        report = look()
        if _is_given(report, sign):
            return report
        _check(report, sign)
        if report.stage is not last:
            last = report.stage
            on_change(report)
        waited = clock() - began
        if timeout_secs is not None and waited >= timeout_secs:
            raise WaitError(f"not {_NAMES[sign]} within {duration(timeout_secs)}: {report.item_id}", report)
        pause = min(max(waited / 60, 1), MOST_SECS_BETWEEN)
        sleep(pause if timeout_secs is None else min(pause, timeout_secs - waited))


_NAMES = {Sign.HELD: "in the oven", Sign.OUT: "out of the oven"}


def _is_given(report: ItemReport, sign: Sign) -> bool:
    if sign is Sign.OUT:
        return report.stage is ItemStage.BAKED
    # A lease alone is not enough: the lease of a duplicate is rolled back.
    return report.stage is ItemStage.BAKING and report.since is not None


_ENDED = (
    ItemStage.FAILED,
    ItemStage.REJECTED,
    ItemStage.RELEASED,
    ItemStage.EXPIRED,
    ItemStage.CANCELLED,
)
"""It will neither get slots nor come out of the oven."""


def _check(report: ItemReport, sign: Sign) -> None:
    if report.stage is ItemStage.BAKED and sign is Sign.HELD:
        raise WaitError(f"its slots are free again, the item came out: {report.item_id}", report)
    if report.stage in _ENDED:
        reason = f": {report.reason}" if report.reason else ""
        raise WaitError(f"the item {report.stage_verb}: {report.item_id}{reason}", report)


def lookout(
    aws: Aws, stack: Stack, item_id: str, clock: Callable[[], float], log_search_secs: float
) -> Callable[[], ItemReport]:
    """Return a function that looks for the item. It reads the logs only every LOG_EVERY_SECS."""
    logged = ItemReport(item_id, ItemStage.UNKNOWN)
    logs_read_at: float | None = None

    def look() -> ItemReport:
        nonlocal logged, logs_read_at
        found = find_in_oven(aws, stack, item_id)
        if found is not None:
            return found
        now = clock()
        if logs_read_at is None or now - logs_read_at >= LOG_EVERY_SECS:
            logged, logs_read_at = find_by_log(aws, stack, item_id, now, log_search_secs), now
            if logged.stage is ItemStage.BAKING:
                # It was loaded since this look began.
                return find_in_oven(aws, stack, item_id) or logged
        return logged

    return look
