"""The order of the tests, and an embedded AWS for each worker of the test run."""

import os
from collections.abc import Iterator

import pytest

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.cli import local_ovens
from serverless_pizza_oven.local.emulator import running_emulator
from tests.emulator_log import clean_log
from tests.ports import free_port

LONG = (
    "test_lint",
    "stack/test_failures",
    "stack/test_docs",
    "wire",
    "stack/test_check",
    "browser/test_page",
    "stack/test_items",
    "simulation/test_exploration",
    "browser",
    "stack",
    "simulation",
    "contract",
)
"""The files and directories whose tests take longest, in that order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that all workers finish at about the same time."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((rank for rank, long in enumerate(LONG) if path.startswith(long)), len(LONG))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--save-pictures", action="store_true", help="Save the page's pictures into docs/images, too."
    )
    parser.addoption("--holds", type=int, default=12, help="About how many oven hold processes want slots.")
    parser.addoption("--garbage", type=int, default=1500, help="How many bad messages an oven gets.")
    parser.addoption("--items", type=int, default=30, help="How many items pass the faulty network.")


@pytest.fixture(autouse=True)
def no_local_oven(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds an `oven local` that somebody runs on this machine."""
    monkeypatch.setattr(local_ovens, "FOLDER", f"none-{os.getpid()}")


@pytest.fixture(scope="session")
def local_aws() -> Iterator[Aws]:
    """An empty embedded AWS. Its endpoint URL is `local_aws.endpoint_url`."""
    with clean_log() as log, running_emulator(free_port(), log=log) as endpoint_url:
        yield local(endpoint_url)
