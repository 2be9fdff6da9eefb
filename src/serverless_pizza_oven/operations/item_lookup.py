"""Finds out where an item is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.execution import RELEASED
from pizza_oven.item import cancelled
from pizza_oven.row import Lease
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.decision_log import LogEntry, read_entries
from serverless_pizza_oven.operations.holder_lookup import holder_of
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
    RELEASED = "released"
    """It was held, and released."""
    EXPIRED = "expired"
    """It was held, and neither extended nor released. It is a dead letter."""
    CANCELLED = "cancelled"
    """It never gets slots: it was released or removed while it waited, or it waited for too long."""
    UNKNOWN = "unknown"
    """It was never sent, or it waits in New Items, whose messages cannot be searched."""


_STAGE_AFTER = {
    "joined": ItemStage.IN_LINE,
    "loaded": ItemStage.BAKING,
    "baked": ItemStage.BAKED,
    "evicted": ItemStage.FAILED,
    "rejected": ItemStage.REJECTED,
    "released": ItemStage.RELEASED,
    "expired": ItemStage.EXPIRED,
    "cancelled": ItemStage.CANCELLED,
}
"""The stage of an item after a decision, if Step Functions does not know it."""


@dataclass(frozen=True, slots=True)
class HoldReport:
    """What is known of an item that is held, or was."""

    holder: str = ""
    """Who holds it, if the item says so in the field `holder`."""
    extensions: int | None = None
    """How often its lease was extended. None if it has no lease."""


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
    """Why it failed, was rejected or was cancelled. Empty if it was not, or if its sender released it."""
    hold: HoldReport | None = None
    """None if the item is not held, or if only the logs know it."""
    wait_at_most_secs: int | None = None
    """How long it may wait for slots. None if there is no limit, or if only the logs know the item."""

    @property
    def stage_verb(self) -> str:
        """What happened to an item that is not in the oven and did not bake."""
        return "failed" if self.stage is ItemStage.FAILED else f"was {self.stage}"

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "state": self.stage.value,
            "since": self.since,
            "size": self.lease.size if self.lease else None,
            "until": self.lease.until if self.lease else None,
            "overdue": self.lease is not None and self.lease.is_overdue(now),
            "reason": self.reason or None,
            "held": self.hold is not None,
            "holder": self.hold.holder or None if self.hold else None,
            "extensions": self.hold.extensions if self.hold else None,
            "waitAtMostSecs": self.wait_at_most_secs,
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
    lease = read_row(aws, stack).leases.get(item_id)
    execution = _describe(aws, stack, item_id)
    if execution is not None:
        return _by_execution(item_id, execution, lease)
    if lease is not None:
        # Its execution is about to start; or it never will, and the overdue lease is evicted.
        hold = HoldReport(extensions=lease.extensions) if lease.extensions is not None else None
        return ItemReport(item_id, ItemStage.BAKING, lease=BakingItem.of(item_id, lease), hold=hold)
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
    item_id: str, execution: "DescribeExecutionOutputTypeDef", lease: Lease | None
) -> ItemReport:
    body = execution.get("input", "{}")
    started, running = execution["startDate"].timestamp(), execution["status"] == "RUNNING"
    if (reason := cancelled(body)) is not None:
        return ItemReport(item_id, ItemStage.CANCELLED, started, reason=reason)
    fields = json.loads(body)
    baking = BakingItem.of(item_id, lease) if lease else None
    hold = _hold(fields, lease) if fields.get("hold") is True else None
    wait_at_most = fields.get("waitAtMostSecs")
    if running:
        baking = baking or _expected(item_id, fields, started)
        return ItemReport(
            item_id, ItemStage.BAKING, started, baking, hold=hold, wait_at_most_secs=wait_at_most
        )
    ended = execution["stopDate"].timestamp()
    if execution["status"] == "SUCCEEDED":
        stage = ItemStage.EXPIRED if hold else ItemStage.BAKED
        return ItemReport(item_id, stage, ended, hold=hold, wait_at_most_secs=wait_at_most)
    if execution.get("error") == RELEASED:
        return ItemReport(item_id, ItemStage.RELEASED, ended, baking, hold=hold)
    cause = [execution["status"], execution.get("error"), execution.get("cause")]
    reason = ": ".join(filter(None, cause))
    return ItemReport(item_id, ItemStage.FAILED, ended, baking, reason, hold, wait_at_most)


def _hold(fields: Mapping[str, Any], lease: Lease | None) -> HoldReport:
    return HoldReport(holder_of(fields), lease.extensions if lease else None)


def _expected(item_id: str, fields: Mapping[str, Any], started: float) -> BakingItem:
    """What the lease was. It is gone already, and the execution is about to end."""
    return BakingItem(item_id, fields.get("size", 1), started + fields.get("bakingTimeSecs", 0))


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
