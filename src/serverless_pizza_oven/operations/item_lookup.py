"""Where an item is."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pizza_oven.aws.item_states import StepFunctionsItemStates
from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.decision_log import LogEntry, read_entries
from serverless_pizza_oven.operations.status import BakingItem

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

LOOKS_BACK_SECS = 24 * 3600
"""How far the logs are searched. The search takes the longer, the more was written."""

_FIRST_SECS = 3600
"""Most who are looked for were sent of late."""


class ItemStage(StrEnum):
    """Where an item can be."""

    IN_LINE = "in line"
    BAKING = "baking"
    BAKED = "baked"
    FAILED = "failed"
    """Its execution failed, or was stopped. It is a dead letter, or about to be."""
    REJECTED = "rejected"
    """It was never started, since it is malformed or too large. It is a dead letter."""
    UNKNOWN = "unknown"
    """It was never sent, or it waits in New Items, where nobody can look for it."""


_TOLD_BY_LOGS = {
    "joined": ItemStage.IN_LINE,
    "loaded": ItemStage.BAKING,
    "baked": ItemStage.BAKED,
    "evicted": ItemStage.FAILED,
    "rejected": ItemStage.REJECTED,
}
"""Where an item is after a decision, if Step Functions does not know it."""


@dataclass(frozen=True, slots=True)
class ItemReport:
    """Where an item is, as far as can be seen. Times are in seconds since the epoch."""

    item_id: str
    place: ItemStage
    since: float | None = None
    lease: BakingItem | None = None
    """Its slots, and when it should be out, while it bakes."""
    reason: str = ""
    """Why it is a dead letter, if it is one."""

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "state": self.place.value,
            "since": self.since,
            "size": self.lease.size if self.lease else None,
            "until": self.lease.until if self.lease else None,
            "overdue": self.lease is not None and self.lease.is_overdue(now),
            "reason": self.reason or None,
        }


def find_item(
    aws: Aws, stack: Stack, item_id: str, now: float, looks_back_secs: float = LOOKS_BACK_SECS
) -> ItemReport:
    """Look for an item: in the oven, among the executions of the last 90 days, and in the logs.

    The line is not searched, since a message that is received from it shuts it; the logs tell who joined it.
    They are read last, and `looks_back_secs` far. Raises AwsError.
    """
    held = read_row(aws, stack).leases.get(item_id)
    lease = BakingItem(item_id, held.size, held.until) if held else None
    execution = _execution(aws, stack, item_id)
    if execution is not None:
        return _by_execution(item_id, execution, lease)
    if lease is not None:
        # Its execution is about to start; or never will, and the lease is evicted when it is overdue.
        return ItemReport(item_id, ItemStage.BAKING, lease=lease)
    return _by_logs(item_id, _last_word(aws, stack, item_id, now, looks_back_secs))


def _execution(aws: Aws, stack: Stack, item_id: str) -> "DescribeExecutionOutputTypeDef | None":
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
        return ItemReport(item_id, ItemStage.BAKING, started, lease or _lease_of(item_id, execution))
    ended = execution["stopDate"].timestamp()
    if execution["status"] == "SUCCEEDED":
        return ItemReport(item_id, ItemStage.BAKED, ended)
    cause = [execution["status"], execution.get("error"), execution.get("cause")]
    return ItemReport(item_id, ItemStage.FAILED, ended, reason=": ".join(filter(None, cause)))


def _lease_of(item_id: str, execution: "DescribeExecutionOutputTypeDef") -> BakingItem:
    """As it was: its slots are free already, and its execution is about to end."""
    item = json.loads(execution.get("input", "{}"))
    until = execution["startDate"].timestamp() + item.get("bakingTimeSecs", 0)
    return BakingItem(item_id, item.get("size", 1), until)


def _last_word(aws: Aws, stack: Stack, item_id: str, now: float, looks_back_secs: float) -> LogEntry | None:
    until: float | None = None
    for secs in sorted({min(_FIRST_SECS, looks_back_secs), looks_back_secs}):
        found = read_entries(aws, stack, now - secs, until, item_id=item_id, decisions=tuple(_TOLD_BY_LOGS))
        if found:
            return found[-1]
        until = now - secs
    return None


def _by_logs(item_id: str, word: LogEntry | None) -> ItemReport:
    if word is None:
        return ItemReport(item_id, ItemStage.UNKNOWN)
    reason = word.facts.get("reason") or word.facts.get("status") or ""
    return ItemReport(item_id, _TOLD_BY_LOGS[word.decision], word.at, reason=str(reason))
