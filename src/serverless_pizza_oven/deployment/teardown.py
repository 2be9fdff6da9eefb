"""Delete the stack of an oven."""

import time
from collections.abc import Callable

from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.progress import EventLog, Report, Sleep, follow, interrupts_explained
from serverless_pizza_oven.deployment.stack import describe_existing, outputs_of, parameters_of
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.sdk_errors import aws_errors

_ENDED = ("StateMachineDoesNotExist", "ExecutionDoesNotExist", "ValidationException")
"""What Step Functions answers about executions that have ended already."""


def check_unprotected(aws: Aws, name: str) -> None:
    """Raise DeploymentError if the stack, or its table, is protected; and AwsError.

    If the table alone is protected, CloudFormation would delete the queues before it fails at the table.
    """
    description = describe_existing(aws, name)
    table_is_protected = parameters_of(description).get("Protection") == "ENABLED"
    if description.get("EnableTerminationProtection") or table_is_protected:
        raise DeploymentError(
            f"the stack {name} is protected and was not deleted. "
            f"To lift the protection: oven deploy --stack {name} --no-protect"
        )


def destroy(aws: Aws, name: str, report: Report, sleep: Sleep = time.sleep) -> None:
    """Delete the stack, with everything in its queues and its oven. Raises DeploymentError and AwsError.

    CloudFormation waits until the last execution of the state machine has ended. So running executions are
    stopped meanwhile (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html).
    """
    description = describe_existing(aws, name)
    # A deleted stack is found by its id only.
    stack_id = description["StackId"]
    with aws_errors(f"deleting {name}"):
        events = EventLog(aws, stack_id)
        stop = _stopper(aws, outputs_of(description).get("ItemStatesArn"))
        if aws.endpoint_url:
            # An emulator may delete a state machine at once, and let its executions run on.
            stop()
        aws.cloudformation.delete_stack(StackName=stack_id)
        with interrupts_explained(aws, name):
            follow(aws, stack_id, events, report, sleep, meanwhile=stop)


def _stopper(aws: Aws, item_states: str | None) -> Callable[[], None]:
    """A function that stops every running execution of the state machine."""

    def stop() -> None:
        if item_states is None:
            return
        executions = aws.stepfunctions.get_paginator("list_executions")
        try:
            for page in executions.paginate(stateMachineArn=item_states, statusFilter="RUNNING"):
                for execution in page["executions"]:
                    aws.stepfunctions.stop_execution(executionArn=execution["executionArn"])
        except ClientError as error:
            # The other executions are stopped by the next call.
            if error.response["Error"]["Code"] not in _ENDED:
                raise

    return stop
