"""Runs single checks of `oven check` against an oven that is broken on purpose."""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.cleaning import clean
from serverless_pizza_oven.acceptance.findings import Check, Finding, Verdict
from serverless_pizza_oven.acceptance.runner import groups
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.local.oven import LocalOven
from serverless_pizza_oven.sdk_errors import aws_errors

PATIENCE_SECS = 30
"""Longer than a step takes on a slow machine, in seconds."""

NOT_FOR_LONG_SECS = 5
"""The wait for an event that never comes, in seconds."""

CHECKS = {check.name: check for group in groups(with_long=True) for check in group.checks}

_runs = itertools.count(1)


class Saboteur:
    """Does something once, at the first pause of a check at which it is possible."""

    def __init__(self, act: Callable[[], bool]) -> None:
        """The action returns whether it was possible."""
        self._act = act
        self.is_done = False

    def sleep(self, secs: float) -> None:
        if not self.is_done:
            self.is_done = self._act()
        time.sleep(secs)


class FastClock:
    """A clock that runs many times as fast, for checks that wait for an event that never comes."""

    def __init__(self, times: float) -> None:
        self._times = times
        self._began = time.time()

    def time(self) -> float:
        now = time.time()
        return now + (now - self._began) * (self._times - 1)

    @staticmethod
    def sleep(secs: float) -> None:
        time.sleep(min(secs, 0.2))


def new_context(oven: LocalOven, **others: Any) -> CheckContext:
    """A run of its own."""
    settings = {"clock": time.time, "sleep": time.sleep, "patience_secs": PATIENCE_SECS, "stuck_secs": 3}
    return CheckContext(oven.aws, oven.stack, f"check-test{next(_runs)}", **{**settings, **others})


def looked(name: str, context: CheckContext) -> Finding:
    """The finding of the check, on an emulator as on AWS. An error is a finding, too."""
    check: Check = CHECKS[name]
    try:
        with aws_errors(name):
            return check.function(context)
    except AwsError as error:
        return Finding(Verdict.FAILED, str(error))


@contextmanager
def cleaned(context: CheckContext) -> Iterator[CheckContext]:
    """Make a run, and afterwards remove what it sent."""
    try:
        yield context
    finally:
        context.patience_secs, context.clock, context.sleep = 30, time.time, time.sleep
        left = clean(context)
    assert not left


@contextmanager
def queue_attributes(oven: LocalOven, url: str, **attributes: str) -> Iterator[None]:
    """Change attributes of a queue while the block runs."""
    sqs = oven.aws.sqs
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    before: Mapping[str, str] = {str(name): value for name, value in answer.items()}
    changed: Any = attributes
    sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
    try:
        yield
    finally:
        restored: Any = {name: before.get(name, "") for name in attributes}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=restored)


def policy_that_denies(oven: LocalOven, url: str, action: str) -> str:
    """The policy of a queue, with a statement that denies this action."""
    answer = oven.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    policy = json.loads(answer["Attributes"]["Policy"])
    nobody = {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    return json.dumps({**policy, "Statement": [*policy["Statement"], nobody]})
