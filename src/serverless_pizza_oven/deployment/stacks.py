"""The stack's coming and going in CloudFormation."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.deployment.package import Package
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.template import default_parameters
from serverless_pizza_oven.errors import DeploymentError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef, TagTypeDef

CHANGE_SET = "oven-deploy"
STACK_TYPE = "AWS::CloudFormation::Stack"
TAGS: "list[TagTypeDef]" = [{"Key": "application", "Value": "serverless-pizza-oven"}]

Report = Callable[[str], None]
"""Takes a line about the progress."""

Sleep = Callable[[float], None]
"""Waits so many seconds."""

_ENDED = ("StateMachineDoesNotExist", "ExecutionDoesNotExist", "ValidationException")
"""What Step Functions says of executions that need not be stopped any more."""


class LeftAloneError(DeploymentError):
    """We were interrupted, but CloudFormation was not."""

    exit_code = 130


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
        """The URL of the dead letter queue."""
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
    """Look up a stack. Raises DeploymentError where there is none, or none of an oven."""
    with aws_errors(f"looking for the stack {name} {aws.whereabouts}"):
        description = _describe(aws, name)
    if description is None:
        raise DeploymentError(f"{_no_stack(aws, name)}, or make it with oven deploy --stack {name}")
    outputs = _outputs_of(description)
    if "NewItemsQueueUrl" not in outputs:
        raise DeploymentError(f"the stack {name} in {place(aws)} is {description['StackStatus']} and no oven")
    return Stack(name, outputs)


def parameters(aws: Aws, name: str) -> dict[str, str]:
    """The values of a stack's parameters. Raises AwsError, and DeploymentError where there is no stack."""
    return _parameters_of(_existing(aws, name))


def is_oven(aws: Aws, name: str) -> bool:
    """Whether the stack came as far as being an oven. Raises DeploymentError where there is no stack."""
    return "NewItemsQueueUrl" in _outputs_of(_existing(aws, name))


def deploy(
    aws: Aws,
    name: str,
    parameters: Mapping[str, str],
    report: Report,
    sleep: Sleep = time.sleep,
    release: Release | None = None,
) -> Stack:
    """Make the stack, or change it to a release (the present one, if none is named) and `parameters`.

    Parameters that are not named keep their values. Raises DeploymentError with the resource and the
    reason where CloudFormation fails, and AwsError.
    """
    release = release or Release.present()
    bucket = _upload(aws, release.package, report)
    template = release.packaged_template(f"s3://{bucket}/{release.package.key}")
    if not _change(aws, name, {"TemplateBody": template, "Tags": TAGS}, parameters, report, sleep):
        report("Nothing to change.")
    return find_stack(aws, name)


def update_parameters(
    aws: Aws, stack: Stack, parameters: Mapping[str, str], report: Report, sleep: Sleep = time.sleep
) -> Stack:
    """Change `parameters` of the stack, and nothing else: its template and its code stay what they are.

    Returns the stack as it is then. Raises as `deploy`.
    """
    _change(aws, stack.name, {"UsePreviousTemplate": True}, parameters, report, sleep)
    return find_stack(aws, stack.name)


def _change(
    aws: Aws,
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, str],
    report: Report,
    sleep: Sleep,
) -> bool:
    """Returns whether there was anything to change."""
    with aws_errors(f"deploying {name}"):
        before = _describe(aws, name)
        _check_deployable(name, before)
        _check_names_stay(name, before, parameters)
        seen = _known_events(aws, name) if before else set()
        if not _create_change_set(aws, name, before, template, parameters):
            return False
        aws.cloudformation.execute_change_set(ChangeSetName=CHANGE_SET, StackName=name)
        with _told_if_left_alone(aws, name):
            _follow(aws, name, seen, report, sleep)
    return True


def protect(aws: Aws, name: str, *, enabled: bool) -> None:
    """Have CloudFormation refuse to delete the stack, or no longer. Raises AwsError."""
    with aws_errors(f"protecting {name}"):
        aws.cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=enabled)


def check_unprotected(aws: Aws, name: str) -> None:
    """Raise DeploymentError where the stack, or its table, is protected.

    With a protected table alone, AWS would delete the queues before it gives up.
    """
    description = _existing(aws, name)
    table_is_protected = _parameters_of(description).get("Protection") == "ENABLED"
    if description.get("EnableTerminationProtection") or table_is_protected:
        raise DeploymentError(
            f"the stack {name} is protected, and stays: oven deploy --stack {name} --no-protect lifts that"
        )


def destroy(aws: Aws, name: str, report: Report, sleep: Sleep = time.sleep) -> None:
    """Delete the stack, with all that is in its queues and its oven. Raises DeploymentError and AwsError.

    CloudFormation waits until Step Functions has let go of the state machine, which is when its last
    execution has ended. So all that bakes is stopped meanwhile
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html).
    """
    with aws_errors(f"deleting {name}"):
        description = _describe(aws, name)
        if description is None:
            raise DeploymentError(_no_stack(aws, name))
        seen = _known_events(aws, name)
        # By its id, a stack can be asked about when it is gone.
        stack_id = description["StackId"]
        item_states = _outputs_of(description).get("ItemStatesArn")
        if aws.endpoint_url:
            # An emulator may forget a state machine at once: its executions would bake on for the next oven.
            _stop_baking(aws, item_states)
        aws.cloudformation.delete_stack(StackName=stack_id)
        with _told_if_left_alone(aws, name):
            _follow(aws, stack_id, seen, report, sleep, lambda: _stop_baking(aws, item_states))


def place(aws: Aws) -> str:
    """Which account and region this is about."""
    where = f"account {aws.account()}, region {aws.region}"
    return f"{where}, at {aws.endpoint_url}" if aws.endpoint_url else where


def is_new(aws: Aws, name: str) -> bool:
    """Whether nothing was ever made of a stack of that name."""
    with aws_errors(f"looking for the stack {name} {aws.whereabouts}"):
        return _is_new(_describe(aws, name))


def check_names_are_free(aws: Aws, parameters: Mapping[str, str]) -> None:
    """Before a new stack is made, raise DeploymentError where another oven's queues or table would be taken.

    An emulator would share them out without a word, and AWS fail after a minute.
    """
    queue = f"{parameters.get('QueueNamePrefix', names.DEFAULT_PREFIX)}-NewItems"
    table = parameters.get("BakingTableName", names.DEFAULT_TABLE)
    with aws_errors("looking whether the names are free"):
        if _exists(lambda: aws.sqs.get_queue_url(QueueName=queue)):
            taken = f"queue {queue}"
        elif _exists(lambda: aws.dynamodb.describe_table(TableName=table)):
            taken = f"table {table}"
        else:
            return
    raise DeploymentError(
        f"the {taken} is there already, perhaps another oven's: choose other names with --prefix"
    )


def _exists(look: Callable[[], object]) -> bool:
    try:
        look()
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True


def is_missing(error: BaseException | None) -> bool:
    """Whether AWS says that there is no such queue, or no such table."""
    if not isinstance(error, ClientError):
        return False
    code = error.response["Error"]["Code"]
    return "NonExistentQueue" in code or code in ("QueueDoesNotExist", "ResourceNotFoundException")


def _is_new(description: "StackTypeDef | None") -> bool:
    return description is None or description["StackStatus"] == "REVIEW_IN_PROGRESS"


def _parameters_of(description: "StackTypeDef") -> dict[str, str]:
    return {found["ParameterKey"]: found["ParameterValue"] for found in description.get("Parameters", [])}


def _outputs_of(description: "StackTypeDef") -> dict[str, str]:
    return {found["OutputKey"]: found["OutputValue"] for found in description.get("Outputs", [])}


def _existing(aws: Aws, name: str) -> "StackTypeDef":
    with aws_errors(f"looking for the stack {name} {aws.whereabouts}"):
        description = _describe(aws, name)
    if description is None:
        raise DeploymentError(_no_stack(aws, name))
    return description


def _describe(aws: Aws, name: str) -> "StackTypeDef | None":
    try:
        return aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _no_stack(aws: Aws, name: str) -> str:
    return f"there is no stack {name} in {place(aws)}: check --stack and --region"


def _check_deployable(name: str, description: "StackTypeDef | None") -> None:
    status = description["StackStatus"] if description else ""
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        raise DeploymentError(
            f"the stack {name} is {status}: first remove it with oven destroy --stack {name}"
        )
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise DeploymentError(f"the stack {name} is {status}: wait until that is over")


def _check_names_stay(name: str, before: "StackTypeDef | None", parameters: Mapping[str, str]) -> None:
    """CloudFormation would make new queues, or a new table, and delete the old ones with what is in them."""
    present = {} if before is None else _parameters_of(before)
    for key in ("QueueNamePrefix", "BakingTableName"):
        if present.get(key, "") and parameters.get(key, present[key]) != present[key]:
            raise UsageError(
                f"{key} of {name} is {present[key]}: with {parameters[key]} all that is in it would be lost. "
                "Make another oven, with another --stack and --prefix"
            )


def _upload(aws: Aws, package: Package, report: Report) -> str:
    """Have the package in the account's bucket for it, which is made the first time."""
    # The name can be guessed: were the bucket another's, so would be the code that the functions run.
    account = aws.account()
    bucket = f"pizza-oven-{account}-{aws.region}"
    with aws_errors(f"uploading the functions to the bucket {bucket}"):
        try:
            aws.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            _create_bucket(aws, bucket, account)
        try:
            aws.s3.head_object(Bucket=bucket, Key=package.key, ExpectedBucketOwner=account)
        except ClientError:
            # It is not there; or we may not look, and then are told so by the next request.
            pass
        else:
            return bucket
        aws.s3.put_object(Bucket=bucket, Key=package.key, Body=package.content, ExpectedBucketOwner=account)
    report(f"Uploaded the functions ({len(package.content) / 1024:.0f} KB) to s3://{bucket}/{package.key}")
    return bucket


def _create_bucket(aws: Aws, bucket: str, account: str) -> None:
    if aws.region == "us-east-1":
        # The one region that must not be named.
        aws.s3.create_bucket(Bucket=bucket)
    else:
        place: Any = {"LocationConstraint": aws.region}
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    aws.s3.put_public_access_block(
        Bucket=bucket,
        ExpectedBucketOwner=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _create_change_set(
    aws: Aws,
    name: str,
    before: "StackTypeDef | None",
    template: Mapping[str, Any],
    parameters: Mapping[str, str],
) -> bool:
    """Returns whether there is anything to change."""
    is_new = _is_new(before)
    kept = set() if is_new or before is None else set(_parameters_of(before))
    if "TemplateBody" in template:
        # CloudFormation refuses the value of a parameter that only the stack's present template has.
        kept &= default_parameters(template["TemplateBody"]).keys()
    values: list[Any] = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    values += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - set(parameters))]
    with contextlib.suppress(ClientError):
        # Left over from before; as a rule there is none.
        aws.cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    try:
        aws.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=CHANGE_SET,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            Parameters=values,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            **template,
        )
    except ClientError as error:
        reason = error.response["Error"].get("Message", "")
        raise DeploymentError(f"CloudFormation refused the change of {name}: {reason}") from error
    try:
        aws.cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName=CHANGE_SET, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
        )
    except WaiterError as error:
        refused = aws.cloudformation.describe_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        reason = refused.get("StatusReason", f"its change set is still {refused['Status']}")
        aws.cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return False
        raise DeploymentError(f"CloudFormation refused the change of {name}: {reason}") from error
    return True


def _stop_baking(aws: Aws, item_states: str | None) -> None:
    if item_states is None:
        return
    executions = aws.stepfunctions.get_paginator("list_executions")
    try:
        for page in executions.paginate(stateMachineArn=item_states, statusFilter="RUNNING"):
            for execution in page["executions"]:
                aws.stepfunctions.stop_execution(executionArn=execution["executionArn"])
    except ClientError as error:
        # The others are stopped the next time.
        if error.response["Error"]["Code"] not in _ENDED:
            raise


def _follow(
    aws: Aws,
    name: str,
    seen: set[str],
    report: Report,
    sleep: Sleep,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Report events until the stack rests. Raises DeploymentError if that is not where it should.

    It rests when its own last event says so, too: a description may be of the moment before the change.
    """
    failure, over = "", False
    while True:
        # Asked before the events: those of a stack that rests are then all told.
        description = _describe(aws, name)
        status = description["StackStatus"] if description else "DELETE_COMPLETE"
        for event in _new_events(aws, name, seen):
            now = event["ResourceStatus"]
            is_own = event.get("ResourceType") == STACK_TYPE
            if is_own:
                over = not now.endswith("_IN_PROGRESS")
            if is_own or now.endswith(("_COMPLETE", "_FAILED")):
                report(f"{now:<28} {_about(event)}")
            if now.endswith("_FAILED") and not failure:
                failure = _about(event)
        if status == "DELETE_COMPLETE" or (over and not status.endswith("_IN_PROGRESS")):
            break
        meanwhile()
        sleep(0.2 if aws.endpoint_url else 2)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
        raise DeploymentError(f"the stack is {status}, because of {failure or description}")


def _about(event: Mapping[str, Any]) -> str:
    """Which resource, and why, where a reason is given."""
    resource = f"{event['LogicalResourceId']} ({event.get('ResourceType', '')})"
    reason = event.get("ResourceStatusReason", "")
    return f"{resource}: {reason}" if reason else resource


@contextlib.contextmanager
def _told_if_left_alone(aws: Aws, name: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        at = f" --endpoint-url {aws.endpoint_url}" if aws.endpoint_url else ""
        raise LeftAloneError(
            f"Interrupted. CloudFormation goes on by itself; to look: "
            f"aws cloudformation describe-stack-events --stack-name {name} --region {aws.region}{at}"
        ) from interrupt


def _known_events(aws: Aws, name: str) -> set[str]:
    """The ids of the newest events: all that `_new_events` needs to know where the new ones end."""
    return {event["EventId"] for event in next(_events(aws, name), [])}


def _new_events(aws: Aws, name: str, seen: set[str]) -> list[Mapping[str, Any]]:
    """Those not `seen`, which they are from now on; the oldest first.

    A stack that was changed often has thousands, the newest first: no page is asked for behind a known event.
    """
    new: list[Mapping[str, Any]] = []
    for page in _events(aws, name):
        unknown = [event for event in page if event["EventId"] not in seen]
        new += unknown
        if len(unknown) < len(page):
            break
    seen.update(event["EventId"] for event in new)
    return new[::-1]


def _events(aws: Aws, name: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Page by page."""
    for page in aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
        yield page["StackEvents"]
