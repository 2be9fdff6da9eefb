"""What docs/policies/deployer.json grants, held against what CloudFormation's own schemas say it takes."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.unit.resolved import ROOT, ResolvedTemplate, as_list

POLICIES = ROOT / "docs" / "policies"
NAMES = {
    "REGION": "eu-central-1",
    "ACCOUNT": "123456789012",
    "STACK": "pizzeria",
    "PREFIX": "spo",
    "TABLE": "BakingTable",
}
MOST_CHARS = 6144
"""Of a managed policy, without white space
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""

OTHER_FEATURES = (
    # Of DynamoDB: replicas, imports, streams to Kinesis.
    "dynamodb:*Replica", "dynamodb:*Import*", "dynamodb:*ableKinesis*", "dynamodb:UpdateKinesis*",
    "kinesis:*", "dynamodb:Scan", "dynamodb:Query", "dynamodb:*Item", "iam:CreateServiceLinkedRole",
    # Of Lambda: networks, file systems, layers, signed code, concurrency and capacity that is set aside.
    "ec2:*", "elasticfilesystem:*", "s3files:*", "lambda:*CodeSigningConfig", "lambda:GetLayerVersion",
    "lambda:Put*Concurrency", "lambda:PutFunctionScalingConfig", "lambda:PutRuntimeManagementConfig",
    "lambda:Pass*", "lambda:AssociateRuntimeAlias", "lambda:PublishVersion",
    # Of logs: where else they go, what is masked and indexed in them, what imports write.
    "logs:CreateLogDelivery", "logs:Put*Policy", "logs:Delete*Policy", "logs:PutBearerTokenAuthentication",
    "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "logs:PutLogGroup*",
    "firehose:*", "s3:REST.*", "s3:GetObject*", "s3:ListBucket",
    # Of roles: managed policies and boundaries.
    "iam:*chRolePolicy", "iam:*PermissionsBoundary",
    # Of keys: docs/encryption.md says what who deploys with one needs.
    "kms:*",
)  # fmt: skip
"""What the schemas ask for that this template makes no use of."""

NEEDED_ALL_THE_SAME = {
    "logs:PutRetentionPolicy",
    "logs:DeleteRetentionPolicy",
    "lambda:GetFunctionCodeSigningConfig",
}


def policy(name: str) -> dict[str, Any]:
    text = (POLICIES / f"{name}.json").read_text()
    for placeholder, value in NAMES.items():
        text = text.replace(placeholder, value)
    document: dict[str, Any] = json.loads(text)
    return document


ARNS = {
    "AWS::SQS::Queue": "sqs:{here}:{QueueName}",
    "AWS::DynamoDB::Table": "dynamodb:{here}:table/{TableName}",
    "AWS::StepFunctions::StateMachine": "states:{here}:stateMachine:{id}-4x3mpl3",
    "AWS::Lambda::Function": "lambda:{here}:function:{FunctionName}",
    "AWS::Lambda::EventSourceMapping": "lambda:{here}:event-source-mapping:4x3mpl3",
    "AWS::Logs::LogGroup": "logs:{here}:log-group:{LogGroupName}",
    "AWS::Events::Rule": "events:{here}:rule/{STACK}-{id}-4x3mpl3",
    "AWS::IAM::Role": "iam::{ACCOUNT}:role/{STACK}-{id}-4x3mpl3",
    "AWS::CloudWatch::Alarm": "cloudwatch:{here}:alarm:{AlarmName}",
    "AWS::CloudWatch::Dashboard": "cloudwatch::{ACCOUNT}:dashboard/{DashboardName}",
}
"""What CloudFormation names the resources of a type. A queue's policy is an attribute of the queue."""


def arn_of(logical_id: str, resource: dict[str, Any]) -> str:
    here = f"{NAMES['REGION']}:{NAMES['ACCOUNT']}"
    own = {**NAMES, **resource["Properties"], "here": here, "id": logical_id}
    return "arn:aws:" + ARNS[resource["Type"]].format_map(own)


def needed(kind: str) -> Iterator[str]:
    """What it takes to make, change, look at and remove a resource of this kind, if it is like ours."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    for handler in ("create", "read", "update", "delete"):
        for action in handlers.get(handler, {}).get("permissions", []):
            if action in NEEDED_ALL_THE_SAME or not any(fnmatchcase(action, p) for p in OTHER_FEATURES):
                yield action


def is_granted(action: str, arn: str) -> bool:
    of_this_service = action.partition(":")[0] == arn.split(":")[2]
    return any(
        action in as_list(statement["Action"])
        and (not of_this_service or any(fnmatchcase(arn, r) for r in as_list(statement["Resource"])))
        for statement in policy("deployer")["Statement"]
    )


def test_who_deploys_may_make_change_and_remove_every_resource_of_the_template() -> None:
    stack = ResolvedTemplate(Dashboard="ENABLED", LongestLine="5", **{"AWS::StackName": NAMES["STACK"]})
    refused = [
        f"{action} on {arn}"
        for logical_id, resource in stack.resources.items()
        if resource["Type"] != "AWS::SQS::QueuePolicy"
        for arn in [arn_of(logical_id, resource)]
        for action in needed(resource["Type"])
        if not is_granted(action, arn)
    ]

    assert not refused


def test_nothing_is_granted_to_who_deploys_that_nothing_needs() -> None:
    kinds = {resource["Type"] for resource in ResolvedTemplate().resources.values()}
    kinds.add("AWS::CloudWatch::Dashboard")
    wanted = {action for kind in kinds for action in needed(kind)}
    own = {
        "dynamodb:GetItem",
        "sqs:SendMessage",
        "states:ListExecutions",
        "states:StopExecution",
        "logs:AssociateKmsKey",
        "logs:DisassociateKmsKey",
    }
    granted = {
        action for statement in policy("deployer")["Statement"] for action in as_list(statement["Action"])
    }

    left = {action for action in granted - wanted - own if not action.startswith(("cloudformation:", "s3:"))}
    assert not left


def test_who_deploys_touches_nothing_of_another_oven() -> None:
    for statement in policy("deployer")["Statement"]:
        for resource in as_list(statement["Resource"]):
            if resource == "*":
                reads = all(":Describe" in action for action in as_list(statement["Action"]))
                assert reads or "Condition" in statement, statement["Sid"]


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.json")), ids=lambda path: path.stem)
def test_a_policy_fits_into_a_managed_one(path: Path) -> None:
    assert len(json.dumps(policy(path.stem), separators=(",", ":"))) <= MOST_CHARS
