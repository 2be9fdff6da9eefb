"""Ovens for the tests: the real template and the real functions in the embedded AWS."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.local.emulator import running_emulator
from tests.emulator_log import clean_log
from tests.ports import free_port
from tests.stack.clients import Client
from tests.stack.ovens import TestOven, running_test_oven

NewOven = Callable[[int], TestOven]
"""Starts an oven of that many slots for one test."""


@pytest.fixture(scope="session")
def local_aws() -> Iterator[Aws]:
    """An empty embedded AWS that enforces IAM. Its endpoint URL is `local_aws.endpoint_url`."""
    with clean_log() as log, running_emulator(free_port(), enforce_iam=True, log=log) as endpoint_url:
        yield local(endpoint_url)


@pytest.fixture(scope="session")
def oven() -> Iterator[TestOven]:
    """An oven of 14 slots that tests share."""
    with running_test_oven(14) as running:
        yield running


@pytest.fixture
def client(oven: TestOven) -> Client:
    """A client of the oven that tests share. They leave it empty, and have item ids of their own."""
    client = Client(oven)
    client.clear()
    return client


@pytest.fixture
def new_oven() -> Iterator[NewOven]:
    """For tests that change, break, or disturb an oven."""
    with contextlib.ExitStack() as ovens:
        yield lambda capacity: ovens.enter_context(running_test_oven(capacity))
