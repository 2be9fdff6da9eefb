"""Checks of the state machine, the rules and the alarms against the template."""

import json
from collections.abc import Iterator
from typing import Any

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.comparing import (
    UNDO,
    compared,
    differences,
    differences_of_json,
    in_order,
)
from serverless_pizza_oven.acceptance.deployed_template import Resource
from serverless_pizza_oven.acceptance.findings import Check, Finding, not_shown

_NOT_COMPARED = ("AlarmName", "AlarmDescription", "Metrics", "Tags")


def definition(context: CheckContext) -> Finding:
    """The definition of the state machine is that of the template, and so are its role and its encryption."""
    (declared,) = context.template.of_type("AWS::StepFunctions::StateMachine")
    found: dict[str, Any] = {
        **context.aws.stepfunctions.describe_state_machine(stateMachineArn=declared.physical_id)
    }
    expected = declared.properties["Definition"]
    written = json.loads(found["definition"])
    different = list(differences("definition", expected, written, exact=True))
    if not different and in_order(written) != in_order(expected):
        # The order of the lists in a definition counts: the first retry that matches is taken.
        different = ["the definition has the template's parts in another order"]
    rest = {
        "status": "ACTIVE",
        "type": declared.properties.get("StateMachineType", "STANDARD"),
        "roleArn": declared.properties["RoleArn"],
        "encryptionConfiguration": {
            name[0].lower() + name[1:]: value
            for name, value in declared.properties.get("EncryptionConfiguration", {}).items()
        },
    }
    different += differences("state machine", rest, found)
    traced = declared.properties.get("TracingConfiguration", {}).get("Enabled", False)
    different += differences("tracing", traced, found.get("tracingConfiguration", {}).get("enabled", False))
    states = ", ".join(expected["States"])
    return compared(different, f"{found['type']}, states {states}", UNDO)


def rules(context: CheckContext) -> Finding:
    """The rules of EventBridge are enabled, with the pattern, the schedule and the target of the template."""
    declared = context.template.of_type("AWS::Events::Rule")
    different = [difference for rule in declared for difference in _of_rule(context, rule)]
    states = ", ".join(f"{rule.logical_id} {rule.properties.get('State', 'ENABLED')}" for rule in declared)
    return compared(different, states, f"aws events enable-rule --name RULE, or {UNDO}")


def _of_rule(context: CheckContext, declared: Resource) -> Iterator[str]:
    found: dict[str, Any] = {**context.aws.events.describe_rule(Name=declared.physical_id)}
    expected = {
        "State": declared.properties.get("State", "ENABLED"),
        "ScheduleExpression": declared.properties.get("ScheduleExpression"),
    }
    yield from differences(declared.logical_id, expected, found)
    pattern = declared.properties.get("EventPattern")
    if pattern is not None:
        yield from differences_of_json(
            f"{declared.logical_id}.EventPattern", pattern, found.get("EventPattern")
        )
    targets = context.aws.events.list_targets_by_rule(Rule=declared.physical_id)["Targets"]
    yield from differences(f"{declared.logical_id}.Targets", declared.properties["Targets"], list(targets))


def alarms(context: CheckContext) -> Finding:
    """The alarms exist, with the metrics, the thresholds and the actions of the template."""
    declared = context.template.of_type("AWS::CloudWatch::Alarm")
    if not declared:
        return not_shown("the stack has none: Alarms=DISABLED")
    answer = context.aws.cloudwatch.describe_alarms(AlarmNames=[alarm.physical_id for alarm in declared])
    found = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"] if "AlarmName" in alarm}
    different: list[str] = []
    for alarm in declared:
        if alarm.physical_id in found:
            different += _of_alarm(alarm, {**found[alarm.physical_id]})
        else:
            different.append(f"there is no alarm {alarm.physical_id}")
    in_alarm = [name for name, alarm in found.items() if alarm.get("StateValue") == "ALARM"]
    more = f"; in alarm: {', '.join(in_alarm)}" if in_alarm else ""
    return compared(different, f"{len(declared)} alarms{more}", UNDO)


def _of_alarm(declared: Resource, found: dict[str, Any]) -> Iterator[str]:
    expected = {name: value for name, value in declared.properties.items() if name not in _NOT_COMPARED}
    expected.setdefault("ActionsEnabled", True)
    yield from differences(declared.logical_id, expected, found)
    queries = declared.properties.get("Metrics")
    if queries is not None:
        yield from differences(f"{declared.logical_id}.Metrics", queries, found.get("Metrics", []))


CHECKS = (
    Check("definition", definition),
    Check("rules", rules),
    Check("alarms", alarms),
)
