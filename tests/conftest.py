"""The embedded AWS for the tests that need one: one for each worker of the test run."""

from collections.abc import Iterator

import pytest

from kitchen.aws import Aws, local
from kitchen.local.emulator import running_emulator
from tests.ports import free_port


@pytest.fixture(scope="session")
def local_aws() -> Iterator[Aws]:
    """An empty embedded AWS. Its endpoint URL is `local_aws.endpoint_url`."""
    with running_emulator(free_port()) as endpoint_url:
        yield local(endpoint_url)
