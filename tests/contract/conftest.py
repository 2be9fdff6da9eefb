"""Every test here runs twice: on the ports in memory, and on those of AWS on the emulator."""

from collections.abc import Callable
from typing import Any

import pytest

from serverless_pizza_oven import aws
from tests.contract.services import InMemory, OnAws, Services, names


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    return names()


@pytest.fixture(params=["in_memory", "on_aws"])
def services(request: pytest.FixtureRequest, new_name: Callable[[], str]) -> Services:
    if request.param == "in_memory":
        return InMemory()
    local_aws: Any = request.getfixturevalue("local_aws")
    return OnAws(aws.local(local_aws.endpoint_url), new_name())
