"""Whether the line is first in, first out, and the row is exact after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pizza_oven.aws.baking_table import KEY
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

HEAD_SECS = 10
"""How long the first item holds all slots: longer than the others take to join the line, one by one."""

SECOND_SECS = 2

EXACT_IN_A_DOUBLE = 2**53
"""Up to there every whole number fits into a double. SQS's sequence numbers have 20 digits, DynamoDB keeps 38
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


@dataclass(frozen=True, slots=True)
class FourItems:
    """What was seen of four items: one as large as the oven, another one behind it, and two small ones."""

    trouble: str
    """What did not happen; empty where all did."""
    started: Mapping[str, float]
    """When each began to bake, in seconds since the epoch, by the clock of Step Functions."""
    sequences: tuple[str, str]
    """The sequence number of the last item that left the line, before and after: `leftLine` of the row."""


def send_four_items(context: CheckContext) -> FourItems:
    """Fill the oven with one item, have three join the line behind it, and wait until all are out."""
    traffic, capacity = context.traffic, context.stack.capacity
    before = _last_sequence(context)
    first, *others = items = [
        traffic.item("order-1", HEAD_SECS, capacity),
        traffic.item("order-2", SECOND_SECS, capacity),
        traffic.item("order-3", 0),
        traffic.item("order-4", 0),
    ]

    def ended_by(trouble: str) -> FourItems:
        return FourItems(trouble, {}, (before, before))

    traffic.send(first)
    if not context.until(lambda: first["id"] in context.row().leases):
        return ended_by(f"{first['id']} took no slots")
    for place, item in enumerate(others, start=1):
        # One after another: New Items itself keeps no order.
        traffic.send(item)
        if not context.until(lambda place=place: context.row().waiting == place, HEAD_SECS):  # type: ignore[misc]
            return ended_by(
                f"{item['id']} did not join the line: the row counts {context.row().waiting} waiting"
            )
    if not context.receive_baked_until(lambda: all(traffic.received(item["id"]) for item in items)):
        missing = [item["id"] for item in items if not traffic.received(item["id"])]
        return ended_by(f"{', '.join(missing)} did not come out")
    started = {item["id"]: _execution(context, item["id"])["startDate"].timestamp() for item in items}
    return FourItems("", started, (before, _last_sequence(context)))


def in_order(context: CheckContext) -> Finding:
    """Who waits is loaded in the order of joining: a small item does not overtake a large one."""
    seen = context.once(send_four_items)
    if seen.trouble:
        return failed(seen.trouble, context.see_logs)
    first, second, third, fourth = seen.started.values()
    waits = f"{second - first:.1f} s, {third - second:.1f} s and {fourth - third:.1f} s after the one before"
    if second < first + HEAD_SECS or min(third, fourth) < second + SECOND_SECS:
        return failed(
            f"an item was loaded past another, or too early: the three began {waits}",
            "report it with the output of oven logs: this must not happen",
        )
    return ok(f"an item as large as the oven, then three: they began {waits}")


def empty_row(context: CheckContext) -> Finding:
    """After that the row is empty: no slot is taken, nobody waits."""
    context.until(lambda: _is_empty(context), within_secs=min(10, context.patience_secs))
    row = context.row()
    if not _is_empty(context):
        return failed(
            f"{row.occupied} slots occupied by {sorted(row.leases)}, {row.waiting} waiting",
            "look again in two minutes with oven status: what a crash left is gone then",
        )
    return ok("0 slots occupied, 0 waiting, no leases")


def whole_sequence(context: CheckContext) -> Finding:
    """The sequence number of the last who left the line is kept with all its digits."""
    seen = context.once(send_four_items)
    if seen.trouble:
        return not_shown(f"nobody left the line: {seen.trouble}")
    return judge_sequence(*seen.sequences)


def judge_sequence(before: str, after: str) -> Finding:
    """What the digits of `leftLine` tell, before and after an item has left the line."""
    if not after.isdigit() or int(after) <= int(before or 0):
        return failed(
            f"leftLine was {before or 'not set'} and is {after or 'not set'}",
            "report it: this must not happen",
        )
    if int(after) <= EXACT_IN_A_DOUBLE:
        return not_shown(f"leftLine is {after}: so small a number any kind of number would hold")
    if int(float(after)) == int(after):
        return not_shown(f"leftLine is {after}, which would be the same if it were rounded: run it again")
    return ok(f"leftLine is {after}, {len(after)} digits, larger than before")


def _is_empty(context: CheckContext) -> bool:
    row = context.row()
    return not row.leases and row.occupied == 0 and row.waiting == 0


def _last_sequence(context: CheckContext) -> str:
    answer = context.aws.dynamodb.get_item(TableName=context.stack.table, Key=KEY, ConsistentRead=True)
    return answer.get("Item", {}).get("leftLine", {}).get("N", "")


def _execution(context: CheckContext, item_id: str) -> "DescribeExecutionOutputTypeDef":
    return context.aws.stepfunctions.describe_execution(executionArn=context.execution_arn(item_id))


CHECKS = (
    Check("order", in_order),
    Check("empty row", empty_row),
    Check("sequence numbers", whole_sequence),
)
