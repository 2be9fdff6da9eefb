"""Follow CloudFormation while it makes, changes or deletes a stack."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.stack import describe
from serverless_pizza_oven.errors import DeploymentError

Report = Callable[[str], None]
"""Takes a line about the progress."""

Sleep = Callable[[float], None]
"""Waits so many seconds."""

STACK_TYPE = "AWS::CloudFormation::Stack"

DELETED_RECENTLY = "QueueDeletedRecently|wait 60 seconds after deleting a queue"
"""What SQS answers, by code or in words, when a queue is created too soon after one of its name was deleted
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)."""

DELETED_RECENTLY_ADVICE = (
    ". A queue of that name was deleted in the last 60 seconds: wait a minute, "
    "remove the failed stack with oven destroy, and deploy again"
)


class StillRunningError(DeploymentError):
    """The user interrupted the command. CloudFormation goes on."""

    exit_code = 130


class EventLog:
    """The events of a stack, from now on."""

    def __init__(self, aws: Aws, stack: str) -> None:
        """Take note of the newest events of an existing stack, named by its name or its id."""
        self._aws = aws
        self._stack = stack
        self._seen = {event["EventId"] for event in next(self._pages(), [])}

    def new(self) -> list[Mapping[str, Any]]:
        """The events since the last call, the oldest first.

        A stack that was changed often has thousands of events. CloudFormation lists the newest first, so no
        page is requested behind a known event.
        """
        new: list[Mapping[str, Any]] = []
        for page in self._pages():
            unknown = [event for event in page if event["EventId"] not in self._seen]
            new += unknown
            if len(unknown) < len(page):
                break
        self._seen.update(event["EventId"] for event in new)
        return new[::-1]

    def _pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        paginator = self._aws.cloudformation.get_paginator("describe_stack_events")
        for page in paginator.paginate(StackName=self._stack):
            yield page["StackEvents"]


def follow(
    aws: Aws,
    stack: str,
    events: EventLog,
    report: Report,
    sleep: Sleep = time.sleep,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Report the events of a stack until its change is over, and call `meanwhile` after each look.

    The change is over when the stack's own last event says so, too: a description may be of the moment
    before. Raises DeploymentError with the resource and the reason if the change failed.
    """
    failure, over = "", False
    while True:
        # Described before the events are listed: then those of a stack at rest are all listed.
        description = describe(aws, stack)
        status = description["StackStatus"] if description else "DELETE_COMPLETE"
        for event in events.new():
            now = event["ResourceStatus"]
            is_own = event.get("ResourceType") == STACK_TYPE
            if is_own:
                over = not now.endswith("_IN_PROGRESS")
            if is_own or now.endswith(("_COMPLETE", "_FAILED")):
                report(f"{now:<28} {_described(event)}")
            if now.endswith("_FAILED") and not failure:
                failure = _described(event)
        if status == "DELETE_COMPLETE" or (over and not status.endswith("_IN_PROGRESS")):
            break
        meanwhile()
        sleep(0.2 if aws.endpoint_url else 2)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
        advice = DELETED_RECENTLY_ADVICE if re.search(DELETED_RECENTLY, failure) else ""
        raise DeploymentError(f"the stack is {status}, because of {failure or description}{advice}")


@contextlib.contextmanager
def interrupts_explained(aws: Aws, name: str) -> Iterator[None]:
    """Raise StillRunningError instead of KeyboardInterrupt: it says how to look on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        at = f" --endpoint-url {aws.endpoint_url}" if aws.endpoint_url else ""
        raise StillRunningError(
            f"Interrupted. CloudFormation goes on by itself; to look: "
            f"aws cloudformation describe-stack-events --stack-name {name} --region {aws.region}{at}"
        ) from interrupt


def _described(event: Mapping[str, Any]) -> str:
    """Which resource, and why if a reason is given."""
    resource = f"{event['LogicalResourceId']} ({event.get('ResourceType', '')})"
    reason = event.get("ResourceStatusReason", "")
    return f"{resource}: {reason}" if reason else resource
