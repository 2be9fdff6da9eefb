"""Reads the status of an oven again and again."""

from collections.abc import Callable, Iterator

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import AwsError, ToolError, describe_error
from serverless_pizza_oven.operations.status import Status, status

EVERY_SECS = 1


def watch(aws: Aws, stack: Stack, clock: Callable[[], float], sleep: Sleep) -> Iterator[Status | ToolError]:
    """Yield the status each second, for ever; an error instead while it cannot be read.

    The `clock` tells seconds since the epoch.
    """
    last: Status | None = None
    while True:
        now = clock()
        try:
            if last is None:
                # After an outage the stack may have changed, or be gone.
                stack = find_stack(aws, stack.name)
            last = status(aws, stack, now, last)
        except ToolError as error:
            last = None
            yield error
        except Exception as error:
            # An unexpected answer. The next may be the oven's again.
            last = None
            yield AwsError(describe_error(error))
        else:
            yield last
        sleep(max(now + EVERY_SECS - clock(), 0))
