"""Checks before a stack is made or changed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.deployment.stack import parameters_of
from serverless_pizza_oven.errors import DeploymentError, UsageError
from serverless_pizza_oven.sdk_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


def check_names_are_free(aws: Aws, parameters: Mapping[str, str]) -> None:
    """Raise DeploymentError if a new stack would take the queues or the table of another oven; and AwsError.

    An emulator would let both ovens share them. CloudFormation would fail after a minute.
    """
    queue = f"{parameters.get('QueueNamePrefix', names.DEFAULT_PREFIX)}-NewItems"
    table = parameters.get("BakingTableName", names.DEFAULT_TABLE)
    with aws_errors("checking that the names are free"):
        if _exists(lambda: aws.sqs.get_queue_url(QueueName=queue)):
            taken = f"queue {queue}"
        elif _exists(lambda: aws.dynamodb.describe_table(TableName=table)):
            taken = f"table {table}"
        else:
            return
    raise DeploymentError(
        f"the {taken} exists already, perhaps in another oven: choose other names with --prefix"
    )


def check_changeable(name: str, description: "StackTypeDef | None") -> None:
    """Raise DeploymentError if CloudFormation cannot change a stack in this state."""
    status = description["StackStatus"] if description else ""
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        raise DeploymentError(
            f"the stack {name} is {status}: first remove it with oven destroy --stack {name}"
        )
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise DeploymentError(f"the stack {name} is {status}: wait until that is over")


def check_names_stay(name: str, before: "StackTypeDef | None", parameters: Mapping[str, str]) -> None:
    """Raise UsageError if `parameters` would rename the queues or the table.

    CloudFormation would make new ones, and delete the old ones with what is in them.
    """
    present = {} if before is None else parameters_of(before)
    for key in ("QueueNamePrefix", "BakingTableName"):
        if present.get(key, "") and parameters.get(key, present[key]) != present[key]:
            raise UsageError(
                f"{key} of {name} is {present[key]}: with {parameters[key]} everything in it would be lost. "
                "Deploy another oven, with another --stack and --prefix"
            )


def is_missing(error: BaseException | None) -> bool:
    """Whether AWS answered that there is no such queue, or no such table."""
    if not isinstance(error, ClientError):
        return False
    code = error.response["Error"]["Code"]
    return "NonExistentQueue" in code or code in ("QueueDoesNotExist", "ResourceNotFoundException")


def _exists(request: Callable[[], object]) -> bool:
    try:
        request()
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True
