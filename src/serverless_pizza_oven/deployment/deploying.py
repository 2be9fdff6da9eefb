"""Make the stack of an oven, or change it."""

import time
from collections.abc import Mapping

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.change_set import CHANGE_SET, Governance, NewTemplate, create_change_set
from serverless_pizza_oven.deployment.preflight import check_changeable, check_names_stay
from serverless_pizza_oven.deployment.progress import EventLog, Report, Sleep, follow, interrupts_explained
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.stack import Stack, describe, find_stack
from serverless_pizza_oven.deployment.template import default_parameters, with_work_type
from serverless_pizza_oven.deployment.upload import upload
from serverless_pizza_oven.sdk_errors import aws_errors

AS_IT_IS = Governance()
"""The stack keeps its tags and its service role."""


def deploy(
    aws: Aws,
    name: str,
    parameters: Mapping[str, str],
    report: Report,
    sleep: Sleep = time.sleep,
    release: Release | None = None,
    bucket: str | None = None,
    governance: Governance = AS_IT_IS,
) -> Stack:
    """Make the stack, or change it to a release (the installed one, if none is given) and `parameters`.

    The release goes to `bucket`, or without one to the account's own bucket for it. Parameters and tags that
    are not named keep their values. Raises DeploymentError with the resource and the
    reason if CloudFormation fails, UsageError if the oven would lose its queues or its table, and AwsError.
    """
    release = release or Release.present()
    url = upload(aws, release, report, bucket)
    template = NewTemplate(url, frozenset(default_parameters(release.template)))
    if not _change(aws, name, template, parameters, report, sleep, governance):
        report("Nothing to change.")
    return find_stack(aws, name)


def update_parameters(
    aws: Aws, stack: Stack, parameters: Mapping[str, str], report: Report, sleep: Sleep = time.sleep
) -> Stack:
    """Change `parameters` of the stack, and nothing else: its template and its code stay the same.

    Returns the changed stack. Raises the errors of `deploy`.
    """
    _change(aws, stack.name, None, parameters, report, sleep)
    return find_stack(aws, stack.name)


def set_termination_protection(aws: Aws, name: str, *, enabled: bool) -> None:
    """Have CloudFormation refuse to delete the stack, or allow it again. Raises AwsError."""
    with aws_errors(f"protecting {name}"):
        aws.cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=enabled)


def _change(
    aws: Aws,
    name: str,
    template: NewTemplate | None,
    parameters: Mapping[str, str],
    report: Report,
    sleep: Sleep,
    governance: Governance = AS_IT_IS,
) -> bool:
    """Returns whether there was anything to change."""
    with aws_errors(f"deploying {name}"):
        parameters = with_work_type(parameters)
        before = describe(aws, name)
        check_changeable(name, before)
        check_names_stay(name, before, parameters)
        if not create_change_set(aws, name, before, template, parameters, governance):
            return False
        # The change set of a new stack has made its first event.
        events = EventLog(aws, name)
        aws.cloudformation.execute_change_set(ChangeSetName=CHANGE_SET, StackName=name)
        with interrupts_explained(aws, name):
            follow(aws, name, events, report, sleep)
    return True
