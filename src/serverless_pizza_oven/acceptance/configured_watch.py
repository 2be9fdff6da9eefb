"""Whether the state machine, the rules and the alarms are as the template says."""

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
    """The state machine waits and then calls Item Removed, with all the retries of the template."""
    (told,) = context.template.of_type("AWS::StepFunctions::StateMachine")
    found: dict[str, Any] = {
        **context.aws.stepfunctions.describe_state_machine(stateMachineArn=told.physical_id)
    }
    expected = told.properties["Definition"]
    written = json.loads(found["definition"])
    differ = list(differences("definition", expected, written, exact=True))
    if not differ and in_order(written) != in_order(expected):
        # In the lists of a definition the order counts: of two retries that match, the first is taken.
        differ = ["the definition has the template's parts in another order"]
    rest = {
        "status": "ACTIVE",
        "type": told.properties.get("StateMachineType", "STANDARD"),
        "roleArn": told.properties["RoleArn"],
        "encryptionConfiguration": {
            name[0].lower() + name[1:]: value
            for name, value in told.properties.get("EncryptionConfiguration", {}).items()
        },
    }
    differ += differences("state machine", rest, found)
    traced = told.properties.get("TracingConfiguration", {}).get("Enabled", False)
    differ += differences("tracing", traced, found.get("tracingConfiguration", {}).get("enabled", False))
    states = ", ".join(expected["States"])
    return compared(differ, f"{found['type']}, states {states}", UNDO)


def rules(context: CheckContext) -> Finding:
    """EventBridge sends triggers to New Items: each minute, and when an execution did not succeed."""
    told = context.template.of_type("AWS::Events::Rule")
    differ = [difference for rule in told for difference in _of_rule(context, rule)]
    states = ", ".join(f"{rule.logical_id} {rule.properties.get('State', 'ENABLED')}" for rule in told)
    return compared(differ, states, f"aws events enable-rule --name RULE, or {UNDO}")


def _of_rule(context: CheckContext, told: Resource) -> Iterator[str]:
    found: dict[str, Any] = {**context.aws.events.describe_rule(Name=told.physical_id)}
    expected = {
        "State": told.properties.get("State", "ENABLED"),
        "ScheduleExpression": told.properties.get("ScheduleExpression"),
    }
    yield from differences(told.logical_id, expected, found)
    pattern = told.properties.get("EventPattern")
    if pattern is not None:
        yield from differences_of_json(f"{told.logical_id}.EventPattern", pattern, found.get("EventPattern"))
    targets = context.aws.events.list_targets_by_rule(Rule=told.physical_id)["Targets"]
    yield from differences(f"{told.logical_id}.Targets", told.properties["Targets"], list(targets))


def alarms(context: CheckContext) -> Finding:
    """The alarms are there, look at what the template says, and tell whom it says."""
    told = context.template.of_type("AWS::CloudWatch::Alarm")
    if not told:
        return not_shown("the stack has none: Alarms=DISABLED")
    answer = context.aws.cloudwatch.describe_alarms(AlarmNames=[alarm.physical_id for alarm in told])
    found = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"] if "AlarmName" in alarm}
    differ: list[str] = []
    for alarm in told:
        if alarm.physical_id in found:
            differ += _of_alarm(alarm, {**found[alarm.physical_id]})
        else:
            differ.append(f"there is no alarm {alarm.physical_id}")
    rings = [name for name, alarm in found.items() if alarm.get("StateValue") == "ALARM"]
    ringing = f"; in alarm: {', '.join(rings)}" if rings else ""
    return compared(differ, f"{len(told)} alarms{ringing}", UNDO)


def _of_alarm(told: Resource, found: dict[str, Any]) -> Iterator[str]:
    expected = {name: value for name, value in told.properties.items() if name not in _NOT_COMPARED}
    expected.setdefault("ActionsEnabled", True)
    yield from differences(told.logical_id, expected, found)
    queries = told.properties.get("Metrics")
    if queries is not None:
        yield from differences(f"{told.logical_id}.Metrics", queries, found.get("Metrics", []))


CHECKS = (
    Check("definition", definition),
    Check("rules", rules),
    Check("alarms", alarms),
)
