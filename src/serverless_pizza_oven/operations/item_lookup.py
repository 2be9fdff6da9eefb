"""Finds out where an item is."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.decision_log import LogEntry, read_entries
from serverless_pizza_oven.operations.status import BakingItem
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

LOG_SEARCH_SECS = 24 * 3600
"""How far back the logs are searched. The time that takes grows with what was logged."""

_FIRST_SEARCH_SECS = 3600
"""The time that is searched first: most items that are looked up were sent recently."""


class ItemStage(StrEnum):
    """How far an item got."""

    IN_LINE = "in line"
    BAKING = "baking"
    BAKED = "baked"
    FAILED = "failed"
    """Its execution failed or was stopped. It is a dead letter, or becomes one: see `ItemReport.lease`."""
    REJECTED = "rejected"
    """It was never started, since it is malformed or too large. It is a dead letter."""
    UNKNOWN = "unknown"
    """It was never sent, or it waits in New Items, whose messages cannot be searched."""


_STAGE_AFTER = {
    "joined": ItemStage.IN_LINE,
    "loaded": ItemStage.BAKING,
    "baked": ItemStage.BAKED,
    "evicted": ItemStage.FAILED,
    "rejected": ItemStage.REJECTED,
}
"""The stage of an item after a decision, if Step Functions does not know it."""


@dataclass(frozen=True, slots=True)
class ItemReport:
    """What is known of an item. Times are in seconds since the epoch."""

    item_id: str
    stage: ItemStage
    since: float | None = None
    lease: BakingItem | None = None
    """Its slots, and when it should be out. None if it holds no slots.

    A failed item holds its slots until Bake Items has made it a dead letter, which a paused oven does not.
    """
    reason: str = ""
    """Why it failed or was rejected. Empty if it was not."""

    @property
    def stage_verb(self) -> str:
        """What happened to an item that is a dead letter, or becomes one."""
        return "failed" if self.stage is ItemStage.FAILED else "was rejected"

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "state": self.stage.value,
            "since": self.since,
            "size": self.lease.size if self.lease else None,
            "until": self.lease.until if self.lease else None,
            "overdue": self.lease is not None and self.lease.is_overdue(now),
            "reason": self.reason or None,
        }


def find_item(
    aws: Aws, stack: Stack, item_id: str, now: float, log_search_secs: float = LOG_SEARCH_SECS
) -> ItemReport:
    """Look for an item in the oven, among the executions of the last 90 days, and in the logs.

    The logs are read last, and `log_search_secs` back. The line is not searched: receiving a message from
    it locks it. Raises AwsError.
    """
    return find_in_oven(aws, stack, item_id) or find_by_log(aws, stack, item_id, now, log_search_secs)


def find_in_oven(aws: Aws, stack: Stack, item_id: str) -> ItemReport | None:
    """Look for an item in the oven, and among the executions of the last 90 days. Raises AwsError."""
    found = read_row(aws, stack).leases.get(item_id)
    lease = BakingItem(item_id, found.size, found.until) if found else None
    execution = _describe(aws, stack, item_id)
    if execution is not None:
        return _by_execution(item_id, execution, lease)
    if lease is not None:
        # Its execution is about to start; or it never will, and the overdue lease is evicted.
        return ItemReport(item_id, ItemStage.BAKING, lease=lease)
    return None


def find_by_log(
    aws: Aws, stack: Stack, item_id: str, now: float, log_search_secs: float = LOG_SEARCH_SECS
) -> ItemReport:
    """Tell where an item is by its last decision in the logs, `log_search_secs` back. Raises AwsError."""
    return _by_log(item_id, _last_entry(aws, stack, item_id, now, log_search_secs))


def dropped_copies(
    aws: Aws, stack: Stack, item_id: str, now: float, log_search_secs: float = LOG_SEARCH_SECS
) -> list[float]:
    """When messages were dropped since their item had the same id, in seconds since the epoch, in order.

    SQS may deliver a message twice, so not all of them were sent. Raises AwsError.
    """
    entries = read_entries(aws, stack, now - log_search_secs, item_id=item_id, decisions=("duplicate",))
    return [entry.at for entry in entries]


def _describe(aws: Aws, stack: Stack, item_id: str) -> "DescribeExecutionOutputTypeDef | None":
    states = StepFunctionsItemStates(aws.stepfunctions, stack.outputs["ItemStatesArn"])
    with aws_errors(f"asking Step Functions for {item_id}"):
        try:
            return aws.stepfunctions.describe_execution(executionArn=states.execution_arn(item_id))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise


def _by_execution(
    item_id: str, execution: "DescribeExecutionOutputTypeDef", lease: BakingItem | None
) -> ItemReport:
    started = execution["startDate"].timestamp()
    if execution["status"] == "RUNNING":
        return ItemReport(item_id, ItemStage.BAKING, started, lease or _expected_lease(item_id, execution))
    ended = execution["stopDate"].timestamp()
    if execution["status"] == "SUCCEEDED":
        return ItemReport(item_id, ItemStage.BAKED, ended)
    cause = [execution["status"], execution.get("error"), execution.get("cause")]
    return ItemReport(item_id, ItemStage.FAILED, ended, lease, reason=": ".join(filter(None, cause)))


def _expected_lease(item_id: str, execution: "DescribeExecutionOutputTypeDef") -> BakingItem:
    """The lease before it was removed. The execution is about to end."""
    item = json.loads(execution.get("input", "{}"))
    until = execution["startDate"].timestamp() + item.get("bakingTimeSecs", 0)
    return BakingItem(item_id, item.get("size", 1), until)


def _last_entry(aws: Aws, stack: Stack, item_id: str, now: float, log_search_secs: float) -> LogEntry | None:
    until: float | None = None
    for secs in sorted({min(_FIRST_SEARCH_SECS, log_search_secs), log_search_secs}):
        found = read_entries(aws, stack, now - secs, until, item_id=item_id, decisions=tuple(_STAGE_AFTER))
        if found:
            return found[-1]
        until = now - secs
    return None


def _by_log(item_id: str, entry: LogEntry | None) -> ItemReport:
    if entry is None:
        return ItemReport(item_id, ItemStage.UNKNOWN)
    reason = entry.facts.get("reason") or entry.facts.get("status") or ""
    return ItemReport(item_id, _STAGE_AFTER[entry.decision], entry.at, reason=str(reason))
