"""What an account's quotas mean for an oven, before it is deployed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from serverless_pizza_oven.aws import Aws

_T = TypeVar("_T")

STARTS = "StartExecution throttle token refill rate per second"
TRANSITIONS = "StateTransition throttle token refill rate per second"
"""The names in Service Quotas, for Standard workflows
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

USUAL_STARTS = 150
USUAL_TRANSITIONS = 800
"""The quotas of most regions, from the same page. New accounts begin with less."""

MOST_AT_ONCE = 100
"""The most items coming out at the same moment that are taken into account for function instances."""


@dataclass(frozen=True, slots=True)
class AccountQuotas:
    """Quotas of an account and region. None: it could not be read."""

    instances: int | None = None
    """Function instances at once that no function has reserved."""
    starts: float | None = None
    """Executions started in a second."""
    transitions: float | None = None
    """State transitions in a second."""

    def in_words(self) -> str:
        """The answer, or None if it could not be read."""
        known = [
            (self.instances, "function instances at once"),
            (self.starts, "executions started a second"),
            (self.transitions, "state transitions a second"),
        ]
        words = [f"{number:,.0f} {what}" for number, what in known if number is not None]
        return f"Quotas of the account: {', '.join(words)}." if words else ""


def read_quotas(aws: Aws) -> AccountQuotas:
    """Read the quotas of an account and region, as far as the caller may."""
    limits = _unless_refused(lambda: _step_functions_quotas(aws)) or {}
    return AccountQuotas(
        _unless_refused(
            lambda: aws.lambda_functions.get_account_settings()["AccountLimit"][
                "UnreservedConcurrentExecutions"
            ]
        ),
        limits.get(STARTS),
        limits.get(TRANSITIONS),
    )


def shortages(quotas: AccountQuotas, capacity: int, at_once: int) -> list[str]:
    """What the quotas mean for an oven of `capacity` slots with `at_once` Bake Items functions, in lines."""
    lines = []
    needed = at_once + min(capacity, MOST_AT_ONCE)
    if quotas.instances is not None and quotas.instances < needed:
        lines.append(
            f"Lambda runs {quotas.instances} function instances at once; this oven may need {needed}. "
            "Beyond that, items come in and out later; nothing is lost."
        )
    if quotas.starts is not None and quotas.starts < USUAL_STARTS:
        lines.append(
            f"Step Functions starts {quotas.starts:,.0f} executions a second, so no more items are admitted. "
            f"Most accounts have {USUAL_STARTS} or more."
        )
    if quotas.transitions is not None and quotas.transitions < USUAL_TRANSITIONS:
        lines.append(
            f"Step Functions makes {quotas.transitions:,.0f} transitions a second; an item takes 2 or 3. "
            f"Most accounts have {USUAL_TRANSITIONS} or more."
        )
    if lines:
        lines.append(
            "AWS raises these quotas with use, and on request in Service Quotas. "
            "To estimate the effect: oven simulate --quota new-account"
        )
    return lines


def _step_functions_quotas(aws: Aws) -> dict[str, float]:
    pages = aws.service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode="states")
    return {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}


def _unless_refused(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except (ClientError, BotoCoreError, KeyError):
        # No right to read it, or an emulator. The deployment needs none of it.
        return None
