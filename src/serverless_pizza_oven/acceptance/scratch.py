"""An oven for one acceptance test, which is deleted afterwards."""

import contextlib
from collections.abc import Callable, Iterator

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.deployment.preflight import check_names_are_free
from serverless_pizza_oven.deployment.progress import Report, Sleep
from serverless_pizza_oven.deployment.stack import Stack, describe
from serverless_pizza_oven.deployment.teardown import destroy
from serverless_pizza_oven.sdk_errors import aws_errors


@contextlib.contextmanager
def scratch_oven(aws: Aws, name: str, report: Report, sleep: Sleep) -> Iterator[Stack]:
    """Deploy an oven with the template's defaults while the block runs. `name` is its stack and its prefix.

    It is deleted however the block ends, also if its deployment fails or is interrupted. Raises
    DeploymentError and AwsError.
    """
    parameters = {"QueueNamePrefix": name, "BakingTableName": names.table_of(name)}
    if aws.endpoint_url and aws.endpoint_url.startswith("http:"):
        parameters["RefusePlainHttp"] = "false"
    check_names_are_free(aws, parameters)
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(_remove, aws, name, report, sleep)
        yield deploy(aws, name, parameters, report, sleep)


def _remove(aws: Aws, name: str, report: Report, sleep: Callable[[float], None]) -> None:
    with aws_errors(f"looking for the stack {name}"):
        was_begun = describe(aws, name) is not None
    if was_begun:
        report(f"Deleting the stack {name}.")
        destroy(aws, name, report, sleep)
