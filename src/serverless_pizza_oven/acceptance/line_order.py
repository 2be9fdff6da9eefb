"""Checks of the order of the line, and of the row after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pizza_oven.aws.baking_table import KEY
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

HEAD_SECS = 10
"""How long the first item holds all slots. The others join the line in that time, one by one."""

SECOND_SECS = 2
"""How long the second item holds all slots."""

EXACT_IN_A_DOUBLE = 2**53
"""A double holds every whole number up to this. SQS's sequence numbers have 20 digits, DynamoDB keeps 38
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


@dataclass(frozen=True, slots=True)
class FourItems:
    """What happened to four items: two as large as the oven, and two small ones."""

    problem: str
    """What did not happen. Empty if everything did."""
    started: Mapping[str, float]
    """When each began to bake, in seconds since the epoch, by the clock of Step Functions."""
    sequences: tuple[str, str]
    """The sequence number of the last item that left the line, before and after: `leftLine` of the row."""


def send_four_items(context: CheckContext) -> FourItems:
    """Fill the oven with one item, send three others behind it, and wait until all are out."""
    traffic, capacity = context.traffic, context.stack.capacity
    before = _last_sequence(context)
    first, *others = items = [
        traffic.item("order-1", HEAD_SECS, capacity),
        traffic.item("order-2", SECOND_SECS, capacity),
        traffic.item("order-3", 0),
        traffic.item("order-4", 0),
    ]

    def incomplete(problem: str) -> FourItems:
        return FourItems(problem, {}, (before, before))

    traffic.send(first)
    if not context.until(lambda: first["id"] in context.row().leases):
        return incomplete(f"{first['id']} took no slots")
    for place, item in enumerate(others, start=1):
        # One after another: New Items itself keeps no order.
        traffic.send(item)
        if not context.until(lambda place=place: context.row().waiting == place, HEAD_SECS):  # type: ignore[misc]
            return incomplete(
                f"{item['id']} did not join the line: the row counts {context.row().waiting} waiting"
            )
    if not context.receive_baked_until(lambda: all(traffic.received(item["id"]) for item in items)):
        missing = [item["id"] for item in items if not traffic.received(item["id"])]
        return incomplete(f"{', '.join(missing)} did not come out")
    started = {item["id"]: _execution(context, item["id"])["startDate"].timestamp() for item in items}
    return FourItems("", started, (before, _last_sequence(context)))


def in_order(context: CheckContext) -> Finding:
    """Items are loaded in the order of the line: a small item does not overtake a large one."""
    seen = context.once(send_four_items)
    if seen.problem:
        return failed(seen.problem, context.see_logs)
    first, second, third, fourth = seen.started.values()
    waits = f"{second - first:.1f} s, {third - second:.1f} s and {fourth - third:.1f} s after the one before"
    if second < first + HEAD_SECS or min(third, fourth) < second + SECOND_SECS:
        return failed(
            f"an item was loaded past another, or too early: the three began {waits}",
            "report it with the output of oven logs: this must not happen",
        )
    return ok(f"an item as large as the oven, then three: they began {waits}")


def empty_row(context: CheckContext) -> Finding:
    """Afterwards the row has no slots taken, no leases and no waiting items."""
    context.until(lambda: _is_empty(context), within_secs=min(10, context.patience_secs))
    row = context.row()
    if not _is_empty(context):
        return failed(
            f"{row.occupied} slots occupied by {sorted(row.leases)}, {row.waiting} waiting",
            "run oven status in two minutes: the oven frees by then what a crash left",
        )
    return ok("0 slots occupied, 0 waiting, no leases")


def whole_sequence(context: CheckContext) -> Finding:
    """The row keeps all digits of the sequence number of the last item that left the line."""
    seen = context.once(send_four_items)
    if seen.problem:
        return not_shown(f"no item left the line: {seen.problem}")
    return judge_sequence(*seen.sequences)


def judge_sequence(before: str, after: str) -> Finding:
    """Judge `leftLine` before and after an item has left the line."""
    if not after.isdigit() or int(after) <= int(before or 0):
        return failed(
            f"leftLine was {before or 'not set'} and is {after or 'not set'}",
            "report it: this must not happen",
        )
    if int(after) <= EXACT_IN_A_DOUBLE:
        return not_shown(f"leftLine is {after}: so small a number fits into a double, too")
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
