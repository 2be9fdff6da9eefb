"""Checks that take twenty minutes: the age of an item that is stuck in line, and the dead-letter alarm."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok
from serverless_pizza_oven.operations.status import status

HOLD_SECS = 3600
"""The baking time of the item that blocks the line. The check stops it before."""

BEHIND_SECS = 180
"""How much too low the age in the status may be: CloudWatch's values are some minutes old."""

ALARM_SECS = 20 * 60
"""How long an alarm may take. SQS's metrics of a queue that was idle start up to 15 minutes late
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html)."""


@dataclass(frozen=True, slots=True)
class StuckItem:
    """What happened while an item was stuck in line and a dead letter was in its queue."""

    problem: str
    """What did not happen. Empty if everything did."""
    age_secs: float = 0
    """How long the item was stuck when the status was read."""
    told_secs: float | None = None
    """Its age in that status."""
    rang: Mapping[str, float] | None = None
    """The alarms in alarm state, and how many seconds after the dead letter. None if the stack has none."""


def leave_item_stuck(context: CheckContext) -> StuckItem:
    """Leave a dead letter in its queue and an item stuck in line, and wait."""
    traffic = context.traffic
    holder = traffic.item("holder", HOLD_SECS, context.stack.capacity)
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
        context.until(lambda: len(_in_alarm(context, names)) == len(names), within_secs=left)
    rang = {name: at - letter_at for name, at in _in_alarm(context, names).items()} if names else None
    context.aws.stepfunctions.stop_execution(executionArn=context.execution_arn(holder["id"]))
    if not context.receive_baked_until(lambda: traffic.received(stuck["id"])):
        return StuckItem(f"{stuck['id']} did not come out when the slots were free", age, told, rang)
    return StuckItem("", age, told, rang)


def stuck_head(context: CheckContext) -> Finding:
    """oven status shows the true age of an item that is stuck at the head of the line."""
    seen = context.once(leave_item_stuck)
    if seen.problem:
        return failed(seen.problem, context.see_logs)
    told = "no age" if seen.told_secs is None else f"{seen.told_secs:.0f} s"
    words = f"an item was stuck in line for {seen.age_secs:.0f} s, and oven status showed {told}"
    if seen.told_secs is None or seen.told_secs < seen.age_secs - min(BEHIND_SECS, seen.age_secs / 2):
        return failed(words, "do not rely on that age: oven logs shows when an item joined the line")
    return ok(words)


def dead_letter_alarm(context: CheckContext) -> Finding:
    """The dead-letter alarm changes to the alarm state."""
    seen = context.once(leave_item_stuck)
    if seen.rang is None:
        return not_shown(seen.problem or "the stack has no alarm on dead letters")
    if not seen.rang:
        return failed(
            f"no alarm within {ALARM_SECS / 60:.0f} minutes",
            "see the alarm in CloudWatch: its metric, and what it does with missing data",
        )
    return ok(", ".join(f"{name} rang {_when(secs)}" for name, secs in seen.rang.items()))


def _alarms_of_dead_letters(context: CheckContext) -> list[str]:
    """The alarms on the depth of the dead-letter queue, or on the oven's own count of rejected messages."""
    dead_letters = context.stack.dead_letters.rpartition("/")[2]
    return [
        alarm.physical_id
        for alarm in context.template.of_type("AWS::CloudWatch::Alarm")
        if any(f'"{name}"' in json.dumps(dict(alarm.properties)) for name in (dead_letters, "Rejected"))
    ]


def _in_alarm(context: CheckContext, names: list[str]) -> dict[str, float]:
    """The alarms in alarm state, and since when, in seconds since the epoch."""
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
