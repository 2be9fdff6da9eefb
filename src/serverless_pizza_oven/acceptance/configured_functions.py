"""Checks of the functions, their event source mapping, their roles and their logs against the template."""

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
    """The event source mapping of New Items is enabled, unless the oven is paused, and as in the template."""
    (declared,) = context.template.of_type("AWS::Lambda::EventSourceMapping")
    expected = dict(declared.properties)
    is_enabled = str(expected.pop("Enabled", True)).lower() == "true"
    function = expected.pop("FunctionName")
    expected.pop("Tags", None)
    found: dict[str, Any] = {
        **context.aws.lambda_functions.get_event_source_mapping(UUID=declared.physical_id)
    }
    state = found["State"]
    different = list(differences("mapping", expected, found))
    if not found["FunctionArn"].endswith(f":function:{function}"):
        different.append(f"it invokes {found['FunctionArn']}")
    if is_enabled != (state in ("Enabled", "Enabling", "Updating", "Creating")):
        different.insert(0, f"the mapping of New Items to {function} is {state}")
    at_once = found.get("ScalingConfig", {}).get("MaximumConcurrency")
    return compared(
        different,
        f"{state}, {found['BatchSize']} messages a batch, {at_once} batches at once",
        f"aws lambda update-event-source-mapping --uuid {declared.physical_id} --enabled, or {UNDO}",
    )


def functions(context: CheckContext) -> Finding:
    """Both functions are active, and configured as in the template."""
    declared = context.template.of_type("AWS::Lambda::Function")
    different = [difference for function in declared for difference in _of_function(context, function)]
    return compared(different, f"{_names(declared)}: {declared[0].properties['Runtime']}, active", UNDO)


def _of_function(context: CheckContext, declared: Resource) -> Iterator[str]:
    asked = context.aws.lambda_functions
    found: dict[str, Any] = {**asked.get_function_configuration(FunctionName=declared.physical_id)}
    expected = {name: declared.properties[name] for name in _OF_FUNCTIONS if name in declared.properties}
    if "TracingConfig" in declared.properties:
        expected["TracingConfig"] = declared.properties["TracingConfig"]
    if "LoggingConfig" in declared.properties:
        expected["LoggingConfig"] = declared.properties["LoggingConfig"]
    expected |= {"State": "Active", "LastUpdateStatus": "Successful"}
    yield from differences(declared.logical_id, expected, found)
    reserved = asked.get_function_concurrency(FunctionName=declared.physical_id)
    yield from differences(
        f"{declared.logical_id}.ReservedConcurrentExecutions",
        declared.properties.get("ReservedConcurrentExecutions"),
        reserved.get("ReservedConcurrentExecutions"),
    )


def code(context: CheckContext) -> Finding:
    """The code of the functions is the package that the template names."""
    declared = context.template.of_type("AWS::Lambda::Function")
    keys = [str(function.properties["Code"].get("S3Key", "")) for function in declared]
    named = [_PACKAGE.search(key) for key in keys]
    if not all(named):
        return not_shown(f"{keys[0] or 'the package'} was not made by oven deploy: its name has no hash")
    for function, package in zip(declared, named, strict=True):
        found = context.aws.lambda_functions.get_function_configuration(FunctionName=function.physical_id)
        digest = base64.b64decode(found["CodeSha256"]).hex()
        if package and not digest.startswith(package[1]):
            return failed(
                f"the code of {function.physical_id} has the SHA-256 {digest[:16]}..., not {package[1]}...",
                "somebody has changed the code past the stack: deploy another release, then this one again",
            )
    return ok(f"{_names(declared)} run {keys[0]}")


def loop_detection(context: CheckContext) -> Finding:
    """Lambda's recursive loop detection is set as in the template: it could stop the oven's triggers.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    declared = [
        function
        for function in context.template.of_type("AWS::Lambda::Function")
        if "RecursiveLoop" in function.properties
    ]
    if not declared:
        return not_shown("the template leaves Lambda's recursive loop detection as it is")
    different: list[str] = []
    for function in declared:
        found = context.aws.lambda_functions.get_function_recursion_config(FunctionName=function.physical_id)
        different += differences(
            f"{function.logical_id}.RecursiveLoop",
            function.properties["RecursiveLoop"],
            found["RecursiveLoop"],
        )
    return compared(different, f"{_names(declared)}: {declared[0].properties['RecursiveLoop']}", UNDO)


def roles(context: CheckContext) -> Finding:
    """The policies of the roles are those of the template, with nothing added."""
    declared = context.template.of_type("AWS::IAM::Role")
    different: list[str] = []
    for role in declared:
        for policy in role.properties.get("Policies", []):
            name = policy["PolicyName"]
            found: Any = context.aws.iam.get_role_policy(RoleName=role.physical_id, PolicyName=name)
            where = f"policy {name} of {role.logical_id}"
            different += differences(where, policy["PolicyDocument"], found["PolicyDocument"], exact=True)
    return compared(different, f"the policies of {_names(declared)} are the template's", UNDO)


def logs(context: CheckContext) -> Finding:
    """The log groups have the retention and the key of the template."""
    declared = context.template.of_type("AWS::Logs::LogGroup")
    different: list[str] = []
    for group in declared:
        answer = context.aws.logs.describe_log_groups(logGroupNamePrefix=group.physical_id)
        found = [one for one in answer["logGroups"] if one.get("logGroupName") == group.physical_id]
        if not found:
            different.append(f"there is no log group {group.physical_id}")
            continue
        expected = {
            "retentionInDays": group.properties.get("RetentionInDays"),
            "kmsKeyId": group.properties.get("KmsKeyId"),
        }
        different += differences(group.logical_id, expected, found[0])
    return compared(different, f"kept for {declared[0].properties.get('RetentionInDays')} days", UNDO)


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
