"""Ovens for the tests: the real template and the real functions in the embedded AWS."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.stack.clients import Client
from tests.stack.ovens import TestOven, running_test_oven

NewOven = Callable[[int], TestOven]
"""Starts an oven of so many slots for one test alone."""


@pytest.fixture(scope="session", params=[False, True], ids=["open", "iam"])
def oven(request: pytest.FixtureRequest) -> Iterator[TestOven]:
    """An oven of 14 slots that tests share; once more with its roles enforced."""
    with running_test_oven(14, enforce_iam=request.param) as running:
        yield running


@pytest.fixture
def client(oven: TestOven) -> Client:
    """A client of the shared oven. Its tests leave the oven empty, and have item ids of their own."""
    client = Client(oven)
    client.clear()
    return client


@pytest.fixture
def new_oven() -> Iterator[NewOven]:
    """For tests that change, break, or disturb an oven."""
    with contextlib.ExitStack() as ovens:
        yield lambda capacity: ovens.enter_context(running_test_oven(capacity))
