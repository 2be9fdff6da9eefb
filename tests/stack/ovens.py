"""Ovens under test."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import boto3

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL, LOCAL_REGION
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from tests.emulator_log import clean_log
from tests.ports import free_port
from tests.stack.processes import children

IN_HAND_SECS = 12
"""For how long a message of New Items is hidden while a function has it: a little longer than a function
may take, so that what a dead one held comes again soon."""

EMULATOR = "serverless_pizza_oven.local.server"


@dataclass(frozen=True, slots=True)
class TestOven(LocalOven):
    """An oven whose emulator process is known."""

    __test__ = False

    emulator: int
    """Its process id."""


@contextlib.contextmanager
def running_test_oven(capacity: int) -> Iterator[TestOven]:
    """Have an oven whose New Items come again sooner than the template's parameters allow.

    Its functions may do what their roles grant, and no more.
    """
    others = children(os.getpid(), EMULATOR)
    with (
        clean_log() as log,
        running_oven(free_port(), capacity=capacity, enforce_iam=True, log=log) as oven,
    ):
        oven.aws.sqs.set_queue_attributes(
            QueueUrl=oven.stack.new_items, Attributes={"VisibilityTimeout": str(IN_HAND_SECS)}
        )
        (emulator,) = children(os.getpid(), EMULATOR) - others
        yield TestOven(oven.aws, oven.stack, oven.endpoint_url, emulator)


def local_session() -> boto3.Session:
    """Makes clients for the embedded AWS, given its endpoint URL."""
    return boto3.Session(
        aws_access_key_id=LOCAL_CREDENTIAL, aws_secret_access_key=LOCAL_CREDENTIAL, region_name=LOCAL_REGION
    )
