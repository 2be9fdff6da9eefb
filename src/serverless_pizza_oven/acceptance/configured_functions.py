"""Whether the functions, their event source mapping, their roles and their logs are as the template says."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.comparing import UNDO, compared, differences
from serverless_pizza_oven.acceptance.deployed_template import Resource
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok

_PACKAGE = re.compile(r"pizza-oven-([0-9a-f]{16})\.zip")
"""A package's name has the beginning of its SHA-256."""

_OF_FUNCTIONS = ("Runtime", "Handler", "MemorySize", "Timeout", "Role", "Environment", "Architectures")


def mapping(context: CheckContext) -> Finding:
    """Lambda invokes Bake Items with what is in New Items, unless the oven is paused."""
    (told,) = context.template.of_type("AWS::Lambda::EventSourceMapping")
    expected = dict(told.properties)
    is_enabled = str(expected.pop("Enabled", True)).lower() == "true"
    function = expected.pop("FunctionName")
    expected.pop("Tags", None)
    found: dict[str, Any] = {**context.aws.lambda_functions.get_event_source_mapping(UUID=told.physical_id)}
    state = found["State"]
    differ = list(differences("mapping", expected, found))
    if not found["FunctionArn"].endswith(f":function:{function}"):
        differ.append(f"it invokes {found['FunctionArn']}")
    if is_enabled != (state in ("Enabled", "Enabling", "Updating", "Creating")):
        differ.insert(0, f"the mapping of New Items to {function} is {state}")
    at_once = found.get("ScalingConfig", {}).get("MaximumConcurrency")
    return compared(
        differ,
        f"{state}, {found['BatchSize']} messages a batch, {at_once} batches at once",
        f"aws lambda update-event-source-mapping --uuid {told.physical_id} --enabled, or {UNDO}",
    )


def functions(context: CheckContext) -> Finding:
    """Both functions are ready, and configured as the template says."""
    told = context.template.of_type("AWS::Lambda::Function")
    differ = [difference for function in told for difference in _of_function(context, function)]
    return compared(differ, f"{_names(told)}: {told[0].properties['Runtime']}, active", UNDO)


def _of_function(context: CheckContext, told: Resource) -> Iterator[str]:
    asked = context.aws.lambda_functions
    found: dict[str, Any] = {**asked.get_function_configuration(FunctionName=told.physical_id)}
    expected = {name: told.properties[name] for name in _OF_FUNCTIONS if name in told.properties}
    if "TracingConfig" in told.properties:
        expected["TracingConfig"] = told.properties["TracingConfig"]
    if "LoggingConfig" in told.properties:
        expected["LoggingConfig"] = told.properties["LoggingConfig"]
    expected |= {"State": "Active", "LastUpdateStatus": "Successful"}
    yield from differences(told.logical_id, expected, found)
    reserved = asked.get_function_concurrency(FunctionName=told.physical_id)
    yield from differences(
        f"{told.logical_id}.ReservedConcurrentExecutions",
        told.properties.get("ReservedConcurrentExecutions"),
        reserved.get("ReservedConcurrentExecutions"),
    )


def code(context: CheckContext) -> Finding:
    """The code of the functions is the package that the template names."""
    told = context.template.of_type("AWS::Lambda::Function")
    keys = [str(function.properties["Code"].get("S3Key", "")) for function in told]
    named = [_PACKAGE.search(key) for key in keys]
    if not all(named):
        return not_shown(f"{keys[0] or 'the package'} was not made by oven deploy: its name has no hash")
    for function, package in zip(told, named, strict=True):
        found = context.aws.lambda_functions.get_function_configuration(FunctionName=function.physical_id)
        digest = base64.b64decode(found["CodeSha256"]).hex()
        if package and not digest.startswith(package[1]):
            return failed(
                f"the code of {function.physical_id} has the SHA-256 {digest[:16]}..., not {package[1]}...",
                "somebody has changed the code past the stack: deploy another release, then this one again",
            )
    return ok(f"{_names(told)} run {keys[0]}")


def loop_detection(context: CheckContext) -> Finding:
    """Lambda does not take the oven's triggers for a runaway loop, which it would stop.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    told = [
        function
        for function in context.template.of_type("AWS::Lambda::Function")
        if "RecursiveLoop" in function.properties
    ]
    if not told:
        return not_shown("the template leaves Lambda's recursive loop detection as it is")
    differ: list[str] = []
    for function in told:
        found = context.aws.lambda_functions.get_function_recursion_config(FunctionName=function.physical_id)
        differ += differences(
            f"{function.logical_id}.RecursiveLoop",
            function.properties["RecursiveLoop"],
            found["RecursiveLoop"],
        )
    return compared(differ, f"{_names(told)}: {told[0].properties['RecursiveLoop']}", UNDO)


def roles(context: CheckContext) -> Finding:
    """The roles of the functions and of the state machine may do what the template says, and no more."""
    told = context.template.of_type("AWS::IAM::Role")
    differ: list[str] = []
    for role in told:
        for policy in role.properties.get("Policies", []):
            name = policy["PolicyName"]
            found: Any = context.aws.iam.get_role_policy(RoleName=role.physical_id, PolicyName=name)
            where = f"policy {name} of {role.logical_id}"
            differ += differences(where, policy["PolicyDocument"], found["PolicyDocument"], exact=True)
    return compared(differ, f"the policies of {_names(told)} are the template's", UNDO)


def logs(context: CheckContext) -> Finding:
    """The logs of the functions are kept as long as the template says, and encrypted with its key."""
    told = context.template.of_type("AWS::Logs::LogGroup")
    differ: list[str] = []
    for group in told:
        answer = context.aws.logs.describe_log_groups(logGroupNamePrefix=group.physical_id)
        found = [one for one in answer["logGroups"] if one.get("logGroupName") == group.physical_id]
        if not found:
            differ.append(f"there is no log group {group.physical_id}")
            continue
        expected = {
            "retentionInDays": group.properties.get("RetentionInDays"),
            "kmsKeyId": group.properties.get("KmsKeyId"),
        }
        differ += differences(group.logical_id, expected, found[0])
    return compared(differ, f"kept for {told[0].properties.get('RetentionInDays')} days", UNDO)


def _names(resources: list[Resource]) -> str:
    return ", ".join(resource.logical_id for resource in resources)


CHECKS = (
    Check("mapping", mapping),
    Check("functions", functions),
    Check("code", code),
    Check("loop detection", loop_detection, "it keeps no recursion settings of a template"),
    Check("roles", roles),
    Check("logs", logs),
)
