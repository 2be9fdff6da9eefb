"""Roles: what the tasks of a state machine may do."""

import functools
from typing import Any

from serverless_pizza_oven.local.patches.step_functions.runs import current_run


def enforce_roles(step_functions: Any, iam_evaluator: Any) -> None:
    """Allow a task only what the role of its state machine and the queue's policy grant.

    MiniStack allows it everything. Covered are invocations, messages to queues, and executions that are
    started; not the rule in EventBridge that AWS makes for `.sync`
    (https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).
    """
    invoke = step_functions._invoke_resource

    def check(action: str, resource: str, error: str) -> None:
        role = current_run().role_arn
        if role is None or _allows(iam_evaluator, role, action, resource):
            return
        raise step_functions._ExecutionError(
            error, f"{_session_of(role)} is not authorized to perform: {action} on resource: {resource}"
        )

    @functools.wraps(invoke)
    def invoked(resource: str, value: Any) -> Any:
        account = f"{step_functions.get_region()}:{step_functions.get_account_id()}"
        if ":function:" in resource:
            check("lambda:InvokeFunction", resource, "Lambda.AWSLambdaException")
        elif resource.endswith("states:::lambda:invoke"):
            name = value["FunctionName"]
            arn = name if name.startswith("arn:") else f"arn:aws:lambda:{account}:function:{name}"
            check("lambda:InvokeFunction", arn, "Lambda.AWSLambdaException")
        elif resource.endswith("states:::sqs:sendMessage"):
            arn = f"arn:aws:sqs:{account}:{value['QueueUrl'].rpartition('/')[2]}"
            check("sqs:SendMessage", arn, "SQS.AmazonSQSException")
        elif "states:::states:startExecution" in resource:
            arn = value["StateMachineArn"]
            executions = f"{arn.replace(':stateMachine:', ':execution:')}:*"
            check("states:StartExecution", arn, "StepFunctions.AccessDeniedException")
            if ".sync" in resource:
                for action in ("states:DescribeExecution", "states:StopExecution"):
                    check(action, executions, "StepFunctions.AccessDeniedException")
        return invoke(resource, value)

    step_functions._invoke_resource = invoked


def _allows(iam_evaluator: Any, role: str, action: str, resource: str) -> bool:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    context = iam_evaluator.EvalContext(
        principal_arn=_session_of(role),
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=resource.split(":")[3],
        secure_transport=True,
    )
    result = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, account))
    if policy := iam_evaluator._resource_policy(action.partition(":")[0], resource):
        result = iam_evaluator.combine_resource_policy(result, context, *policy)
    return bool(result.decision == "Allow")


def _session_of(role: str) -> str:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/execution"
