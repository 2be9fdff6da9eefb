"""An oven in an account that prescribes a boundary, a path, a service role, tags and a bucket."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.stack import find_stack
from serverless_pizza_oven.local.emulator import running_emulator
from tests.ports import free_port
from tests.stack.commands import oven

ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        yield local(endpoint_url)


def tags_of(aws: Aws) -> dict[str, str]:
    (description,) = aws.cloudformation.describe_stacks(StackName="governed")["Stacks"]
    return {tag["Key"]: tag["Value"] for tag in description["Tags"]}


def role_of(aws: Aws, logical_id: str) -> Any:
    found = aws.cloudformation.describe_stack_resource(StackName="governed", LogicalResourceId=logical_id)
    return aws.iam.get_role(RoleName=found["StackResourceDetail"]["PhysicalResourceId"])["Role"]


def test_an_oven_bakes_in_an_account_that_prescribes_how_it_is_deployed(aws: Aws) -> None:
    at = ("--endpoint-url", str(aws.endpoint_url), "--stack", "governed")
    aws.s3.create_bucket(Bucket="artifacts")
    boundary = aws.iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(ANYTHING))["Policy"][
        "Arn"
    ]
    role = aws.iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    aws.iam.put_role_policy(RoleName="deployer", PolicyName="anything", PolicyDocument=json.dumps(ANYTHING))

    prescribed = ("--bucket", "artifacts", "--role-arn", role, "--tag", "team=kitchen", "--tag", "cost=42")
    roles = ("--parameter", f"PermissionsBoundaryArn={boundary}", "--parameter", "RolePath=/ovens/")
    made = oven("deploy", "--prefix", "governed", *prescribed, *roles, *at)
    assert made.returncode == 0, made.stderr
    kept = oven("deploy", "--capacity", "20", "--bucket", "artifacts", "--tag", "cost=43", *at)
    assert kept.returncode == 0, kept.stderr
    raised = oven("capacity", "21", *at)
    assert raised.returncode == 0, raised.stderr

    assert tags_of(aws) == {"application": "serverless-pizza-oven", "team": "kitchen", "cost": "43"}
    assert find_stack(aws, "governed").capacity == 21
    for logical_id in ("BakeItemsRole", "ItemRemovedRole", "ItemStatesRole"):
        assert ":role/ovens/" in role_of(aws, logical_id)["Arn"]
    buckets = {bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]}
    assert buckets == {"artifacts"}
    assert oven("send", "--id", "margherita", "--bake", "1", *at).returncode == 0
    baked = oven("collect", "--n", "1", "--wait", "20", *at)
    assert json.loads(baked.stdout) == {"id": "margherita", "bakingTimeSecs": 1}
