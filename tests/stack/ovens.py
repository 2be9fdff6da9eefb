"""Ovens under test."""

import contextlib
import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION, Aws
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.local.request_counts import COUNTS_PATH
from tests.emulator_log import clean_log
from tests.patience import PATIENCE_SECS
from tests.ports import free_port
from tests.stack.processes import children

IN_HAND_SECS = 12
"""The visibility timeout of New Items: a little longer than a function may take, so that the messages of a
killed function are delivered again soon."""

EMULATOR = "serverless_pizza_oven.local.server"


@dataclass(frozen=True, slots=True)
class TestOven(LocalOven):
    """An oven whose emulator process is known."""

    __test__ = False

    emulator: int
    """Its process id."""

    def counts(self) -> Any:
        """The numbers of requests and invocations, as COUNTS_PATH answers."""
        return self.ask(COUNTS_PATH)

    def ask(self, path: str) -> Any:
        """The answer of the emulator, as JSON."""
        url = f"{self.endpoint_url}{path}"
        with urllib.request.urlopen(url, timeout=PATIENCE_SECS) as answer:  # noqa: S310 - our own server
            return json.load(answer)


@contextlib.contextmanager
def running_test_oven(capacity: int, *, enforce_iam: bool = True) -> Iterator[TestOven]:
    """Run an oven whose New Items are delivered again sooner than the template's parameters allow.

    With IAM enforced, its functions may do only what their roles grant.
    """
    others = children(os.getpid(), EMULATOR)
    with (
        clean_log() as log,
        running_oven(free_port(), capacity=capacity, enforce_iam=enforce_iam, log=log) as oven,
    ):
        oven.aws.sqs.set_queue_attributes(
            QueueUrl=oven.stack.new_items, Attributes={"VisibilityTimeout": str(IN_HAND_SECS)}
        )
        (emulator,) = children(os.getpid(), EMULATOR) - others
        yield TestOven(oven.aws, oven.stack, oven.endpoint_url, emulator)


@contextlib.contextmanager
def changed_variables(aws: Aws, function_name: str, **changes: str) -> Iterator[None]:
    """Change environment variables of a function while the block runs."""
    functions = aws.lambda_functions

    def set_all(variables: dict[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=function_name, Environment={"Variables": variables}
        )

    before = functions.get_function_configuration(FunctionName=function_name)["Environment"]["Variables"]
    set_all(before | changes)
    try:
        yield
    finally:
        set_all(before)


def local_session() -> boto3.Session:
    """Makes clients for the embedded AWS, given its endpoint URL."""
    return boto3.Session(
        aws_access_key_id=LOCAL_CREDENTIAL, aws_secret_access_key=LOCAL_CREDENTIAL, region_name=LOCAL_REGION
    )
