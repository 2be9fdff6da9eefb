"""What takes twenty minutes: the age of an item that is stuck in line, and the alarms on dead letters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok
from serverless_pizza_oven.operations.status import status

HOUR = 3600

BEHIND_SECS = 180
"""How far the told age of the oldest item may be behind: CloudWatch has it some minutes late."""

ALARM_SECS = 20 * 60
"""How long an alarm may take. SQS tells CloudWatch of a queue that was idle up to 15 minutes late
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html)."""


@dataclass(frozen=True, slots=True)
class StuckItem:
    """What was seen while an item was stuck in line, and a dead letter was left lying."""

    trouble: str
    """What did not happen; empty where all did."""
    age_secs: float = 0
    """How long the item was stuck when the status was asked for."""
    told_secs: float | None = None
    """Its age by that status."""
    rang: Mapping[str, float] | None = None
    """How many seconds after the dead letter each alarm that rings began to; None if there are no alarms."""


def leave_item_stuck(context: CheckContext) -> StuckItem:
    """Leave a dead letter lying and an item stuck in line, and wait."""
    traffic = context.traffic
    holder = traffic.item("holder", HOUR, context.stack.capacity)
    stuck = traffic.item("stuck", 0)
    letter_at = context.clock()
    traffic.send_bodies([json.dumps({"id": f"{context.run}-left-lying", "bakingTimeSecs": "soon"})])
    traffic.send(holder)
    if not context.until(lambda: holder["id"] in context.row().leases):
        return StuckItem(f"{holder['id']} took no slots")
    traffic.send(stuck)
    if not context.until(lambda: context.row().waiting == 1):
        return StuckItem(f"{stuck['id']} did not join the line")
    stuck_at = context.clock()
    context.sleep(context.stuck_secs)
    age = context.clock() - stuck_at
    told = status(context.aws, context.stack, context.clock()).oldest_waiting_secs
    names = _alarms_of_dead_letters(context)
    if names and not context.is_emulated:
        left = letter_at + ALARM_SECS - context.clock()
        context.until(lambda: len(_ringing(context, names)) == len(names), within_secs=left)
    rang = {name: at - letter_at for name, at in _ringing(context, names).items()} if names else None
    context.aws.stepfunctions.stop_execution(executionArn=context.execution_arn(holder["id"]))
    if not context.receive_baked_until(lambda: traffic.received(stuck["id"])):
        return StuckItem(f"{stuck['id']} did not come out when the slots were free", age, told, rang)
    return StuckItem("", age, told, rang)


def stuck_head(context: CheckContext) -> Finding:
    """oven status tells the true age of an item that is stuck at the head of the line."""
    seen = context.once(leave_item_stuck)
    if seen.trouble:
        return failed(seen.trouble, context.see_logs)
    told = "no age" if seen.told_secs is None else f"{seen.told_secs:.0f} s"
    words = f"an item was stuck in line for {seen.age_secs:.0f} s, and oven status told {told}"
    if seen.told_secs is None or seen.told_secs < seen.age_secs - min(BEHIND_SECS, seen.age_secs / 2):
        return failed(words, "do not go by that age: oven logs tells when an item joined the line")
    return ok(words)


def dead_letter_alarm(context: CheckContext) -> Finding:
    """The alarms on dead letters ring."""
    seen = context.once(leave_item_stuck)
    if seen.rang is None:
        return not_shown(seen.trouble or "the stack has no alarm on dead letters")
    if not seen.rang:
        return failed(
            f"none rang in {ALARM_SECS / 60:.0f} minutes",
            "see the alarm in CloudWatch: its metric, and what it does with missing data",
        )
    return ok(", ".join(f"{name} rang {_when(secs)}" for name, secs in seen.rang.items()))


def _alarms_of_dead_letters(context: CheckContext) -> list[str]:
    """Those that look at the depth of the DLQ, or at the oven's own count of rejected messages."""
    dead_letters = context.stack.dead_letters.rpartition("/")[2]
    return [
        alarm.physical_id
        for alarm in context.template.of_type("AWS::CloudWatch::Alarm")
        if any(f'"{name}"' in json.dumps(dict(alarm.properties)) for name in (dead_letters, "Rejected"))
    ]


def _ringing(context: CheckContext, names: list[str]) -> dict[str, float]:
    """When those of these alarms that ring began to, in seconds since the epoch."""
    answer = context.aws.cloudwatch.describe_alarms(AlarmNames=names)
    return {
        alarm["AlarmName"]: alarm["StateUpdatedTimestamp"].timestamp()
        for alarm in answer["MetricAlarms"]
        if alarm["StateValue"] == "ALARM"
    }


def _when(secs: float) -> str:
    return f"{secs:.0f} s after the letter" if secs >= 0 else "before, by an earlier dead letter of this run"


CHECKS = (
    Check("stuck head", stuck_head),
    Check("dead letter alarm", dead_letter_alarm, "it evaluates no alarms on metrics of AWS"),
)
