"""Runs a whole oven on this machine for the duration of a block."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serverless_pizza_oven import aws
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.names import STACK_IN_AN_EMULATOR
from serverless_pizza_oven.deployment.progress import Report
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.local.emulator import EmulatorError, running_emulator
from serverless_pizza_oven.sdk_errors import aws_errors


@dataclass(frozen=True, slots=True)
class LocalOven:
    """An oven in the embedded AWS."""

    aws: aws.Aws
    stack: Stack
    endpoint_url: str


@contextlib.contextmanager
def running_oven(
    port: int,
    *,
    capacity: int | None = None,
    enforce_iam: bool = False,
    log: Path | None = None,
    report: Report = lambda _line: None,
) -> Iterator[LocalOven]:
    """Run an oven of `capacity` slots while the block runs. Without a capacity, the template's default holds.

    The oven is ready: one of its functions has run. The emulator writes its errors to `log`, if that is
    named.

    Raises PortTakenError, EmulatorError, DeploymentError.
    """
    # The emulator speaks plain HTTP.
    parameters = {"RefusePlainHttp": "false"}
    if capacity is not None:
        parameters["BakingTableCapacityCount"] = str(capacity)
    with running_emulator(port, enforce_iam=enforce_iam, log=log) as endpoint_url:
        account = aws.local(endpoint_url)
        stack = deploy(account, STACK_IN_AN_EMULATOR, parameters, report)
        _check_functions_run(account, stack)
        yield LocalOven(account, stack, endpoint_url)


def _check_functions_run(account: Aws, stack: Stack) -> None:
    """Have Bake Items handle no messages. Raises EmulatorError where it cannot.

    The emulator answers although it cannot start a process, as with a full disk: then nothing would bake.
    """
    with aws_errors("running Bake Items"):
        response = account.lambda_functions.invoke(
            FunctionName=stack.outputs["BakeItemsFunctionName"], Payload=json.dumps({"Records": []})
        )
        answer = json.load(response["Payload"])
    if "FunctionError" in response:
        raise EmulatorError(
            f"the embedded AWS cannot run the function BakeItems: {answer['errorMessage']} "
            f"(its files are in {tempfile.gettempdir()}; TMPDIR names another folder)"
        )
