"""Change sets: what CloudFormation will create or change."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import is_unmade, parameters_of, tags_of
from serverless_pizza_oven.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_cloudformation.type_defs import StackTypeDef, TagTypeDef

CHANGE_SET = "oven-deploy"
TAGS = {"application": "serverless-pizza-oven"}
"""Tags of a stack that has none of these keys."""


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A template in S3."""

    url: str
    parameters: frozenset[str]
    """The names of its parameters."""


@dataclass(frozen=True, slots=True)
class Governance:
    """What an account prescribes for stacks."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags to add or to change. The others stay."""
    role_arn: str | None = None
    """The CloudFormation service role. None: the stack's own, if it has one
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html)."""


def create_change_set(
    aws: Aws,
    name: str,
    before: "StackTypeDef | None",
    template: NewTemplate | None,
    parameters: Mapping[str, str],
    governance: Governance,
) -> bool:
    """Create the change set CHANGE_SET of a stack. Returns whether there is anything to change.

    Without a template the stack keeps its own. Parameters that are not named keep their values. Raises
    DeploymentError with CloudFormation's reason if it refuses, and the SDK's errors.
    """
    if before is not None:
        with contextlib.suppress(ClientError):
            # An interrupted command may have left one.
            aws.cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    known = [] if before is None or is_unmade(before) else parameters_of(before)
    if template:
        source: dict[str, Any] = {"TemplateURL": template.url}
        # CloudFormation refuses the value of a parameter that the new template does not have.
        known = template.parameters.intersection(known)
    else:
        source = {"UsePreviousTemplate": True}
    if governance.role_arn:
        source["RoleARN"] = governance.role_arn
    try:
        aws.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=CHANGE_SET,
            ChangeSetType="CREATE" if is_unmade(before) else "UPDATE",
            Parameters=_values(parameters, known),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=_tags({**(TAGS if template else {}), **tags_of(before), **governance.tags}),
            **source,
        )
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
        reason = error.response["Error"].get("Message", "")
        raise _refused(name, reason) from error
    return _has_changes(aws, name)


def _tags(tags: Mapping[str, str]) -> "list[TagTypeDef]":
    # Tags that a change set does not name are removed. AWS's own are kept, and must not be named.
    return [{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")]


def _values(parameters: Mapping[str, str], known: "Iterable[str]") -> Any:
    chosen = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    kept = sorted(set(known) - parameters.keys())
    return [*chosen, *({"ParameterKey": key, "UsePreviousValue": True} for key in kept)]


def _has_changes(aws: Aws, name: str) -> bool:
    """Wait until CloudFormation has compared. Deletes a change set that is empty or failed."""
    try:
        aws.cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName=CHANGE_SET, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
        )
    except WaiterError as error:
        found = aws.cloudformation.describe_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        reason = found.get("StatusReason", f"its change set is still {found['Status']}")
        aws.cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return False
        raise _refused(name, reason) from error
    return True


def _refused(name: str, reason: str) -> DeploymentError:
    return DeploymentError(f"CloudFormation refused the change of {name}: {reason}. Nothing was changed.")
