"""An oven that somebody keeps an eye on."""

from collections.abc import Callable, Iterator

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import AwsError, ToolError, describe_error
from serverless_pizza_oven.operations.status import Status, status

EVERY_SECS = 1


def watch(aws: Aws, stack: Stack, clock: Callable[[], float], sleep: Sleep) -> Iterator[Status | ToolError]:
    """Its status each second, for ever; while it cannot be told, the reason instead.

    The `clock` tells seconds since the epoch.
    """
    last: Status | None = None
    while True:
        now = clock()
        try:
            if last is None:
                # It may have changed while nobody answered, or be gone.
                stack = find_stack(aws, stack.name)
            last = status(aws, stack, now, last)
        except ToolError as error:
            last = None
            yield error
        except Exception as error:
            # Whatever answers there now, it may be the oven in the next second.
            last = None
            yield AwsError(describe_error(error))
        else:
            yield last
        sleep(max(now + EVERY_SECS - clock(), 0))
