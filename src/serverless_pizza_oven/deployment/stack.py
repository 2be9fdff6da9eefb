"""A stack in CloudFormation, looked up by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed oven: the outputs of its stack."""

    name: str
    outputs: Mapping[str, str]

    @property
    def new_items(self) -> str:
        """The URL of New Items."""
        return self.outputs["NewItemsQueueUrl"]

    @property
    def dead_letters(self) -> str:
        """The URL of the dead-letter queue."""
        return self.outputs["NewItemsDLQUrl"]

    @property
    def waiting_items(self) -> str:
        """The URL of Waiting Items."""
        return self.outputs["WaitingItemsQueueUrl"]

    @property
    def baked_items(self) -> str:
        """The URL of Baked Items."""
        return self.outputs["BakedItemsQueueUrl"]

    @property
    def table(self) -> str:
        """The name of the Baking Table."""
        return self.outputs["BakingTableName"]

    @property
    def capacity(self) -> int:
        """The slots of the oven."""
        return int(self.outputs["BakingTableCapacityCount"])

    @property
    def is_paused(self) -> bool:
        """Whether nothing is admitted. Version 1.0.0 always admits."""
        return self.outputs.get("Admission") == "PAUSED"


def find_stack(aws: Aws, name: str) -> Stack:
    """Look up the stack of an oven.

    Raises DeploymentError if there is no such stack or it has no oven, and AwsError.
    """
    description = _look_up(aws, name)
    if description is None:
        raise DeploymentError(f"{_no_such_stack(aws, name)}, or deploy one with oven deploy --stack {name}")
    outputs = outputs_of(description)
    if "NewItemsQueueUrl" not in outputs:
        raise DeploymentError(
            f"the stack {name} in {place(aws)} is {description['StackStatus']} and has no outputs of an oven"
        )
    return Stack(name, outputs)


def stack_parameters(aws: Aws, name: str) -> dict[str, str]:
    """The values of a stack's parameters. Raises DeploymentError if there is no stack; and AwsError."""
    return parameters_of(describe_existing(aws, name))


def is_oven(aws: Aws, name: str) -> bool:
    """Whether the stack has the outputs of an oven.

    Raises DeploymentError if there is no stack; and AwsError.
    """
    return "NewItemsQueueUrl" in outputs_of(describe_existing(aws, name))


def is_new(aws: Aws, name: str) -> bool:
    """Whether there is no stack of that name yet. Raises AwsError."""
    return is_unmade(_look_up(aws, name))


def place(aws: Aws) -> str:
    """The account and region, and the endpoint if it is an emulator's, as text. Raises AwsError."""
    where = f"account {aws.account()}, region {aws.region}"
    return f"{where}, at {aws.endpoint_url}" if aws.endpoint_url else where


def describe(aws: Aws, name: str) -> "StackTypeDef | None":
    """What CloudFormation says of a stack. None if there is none. Raises the SDK's errors."""
    try:
        return aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def describe_existing(aws: Aws, name: str) -> "StackTypeDef":
    """What CloudFormation says of a stack. Raises DeploymentError if there is none; and AwsError."""
    description = _look_up(aws, name)
    if description is None:
        raise DeploymentError(_no_such_stack(aws, name))
    return description


def is_unmade(description: "StackTypeDef | None") -> bool:
    """Whether nothing was ever made of the stack. It is in review while its first change set is open."""
    return description is None or description["StackStatus"] == "REVIEW_IN_PROGRESS"


def parameters_of(description: "StackTypeDef") -> dict[str, str]:
    return {found["ParameterKey"]: found["ParameterValue"] for found in description.get("Parameters", [])}


def outputs_of(description: "StackTypeDef") -> dict[str, str]:
    return {found["OutputKey"]: found["OutputValue"] for found in description.get("Outputs", [])}


def tags_of(description: "StackTypeDef | None") -> dict[str, str]:
    tags = description.get("Tags", []) if description else []
    return {found["Key"]: found["Value"] for found in tags}


def _look_up(aws: Aws, name: str) -> "StackTypeDef | None":
    with aws_errors(f"looking for the stack {name} {aws.whereabouts}"):
        return describe(aws, name)


def _no_such_stack(aws: Aws, name: str) -> str:
    return f"there is no stack {name} in {place(aws)}: check --stack and --region"
