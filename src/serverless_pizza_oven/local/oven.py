"""A whole oven on this machine, for as long as it is needed."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from serverless_pizza_oven import aws
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.names import STACK_IN_AN_EMULATOR
from serverless_pizza_oven.deployment.progress import Report
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.local.emulator import running_emulator


@dataclass(frozen=True, slots=True)
class LocalOven:
    """An oven in the embedded AWS."""

    aws: aws.Aws
    stack: Stack
    endpoint_url: str


@contextlib.contextmanager
def running_oven(
    port: int, *, capacity: int | None = None, enforce_iam: bool = False, report: Report = lambda _line: None
) -> Iterator[LocalOven]:
    """Have an oven of `capacity` slots (the template's default without) while the block runs.

    Raises PortTakenError, EmulatorError, DeploymentError.
    """
    # The emulator speaks plain HTTP.
    parameters = {"RefusePlainHttp": "false"}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    with running_emulator(port, enforce_iam=enforce_iam) as endpoint_url:
        account = aws.local(endpoint_url)
        yield LocalOven(account, deploy(account, STACK_IN_AN_EMULATOR, parameters, report), endpoint_url)
