"""The process of the local stack: MiniStack with our patches.

It ends when its standard input ends. So it ends with the process that started it, even if that is killed. At
the end it deletes its folder.
"""

import asyncio
import os
import shutil
import sys
from importlib.metadata import version
from typing import Any

from serverless_pizza_oven.local.patches import (
    cloudformation,
    cloudwatch,
    dynamodb,
    iam,
    lambda_workers,
)
from serverless_pizza_oven.local.patches.step_functions import (
    executions,
    paths,
    redrives,
    roles,
    task_tokens,
    tasks,
)
from serverless_pizza_oven.local.request_counts import RequestCounts, counting

MINISTACK_VERSION = "1.5.33"
FOLDER_VARIABLE = "PIZZA_OVEN_FOLDER"
"""Names the folder that is deleted at the end."""
RESERVE_QUEUES_VARIABLE = "PIZZA_OVEN_RESERVE_QUEUES"
"""If set, the names of deleted queues are refused for a minute, as on AWS. Local users need no such wait."""

TASKS_PER_CPU = 4


def main() -> None:
    """Serve until standard input ends."""
    found = version("ministack")
    if found != MINISTACK_VERSION:
        sys.exit(f"MiniStack {found} is installed: pip install ministack=={MINISTACK_VERSION}")

    # Imported here, since MiniStack reads its environment while it is imported.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack import app as ministack  # noqa: PLC0415
    from ministack.core import hypercorn_compat, lambda_runtime  # noqa: PLC0415

    counts = RequestCounts()
    kill_at_once = lambda_runtime.kill_workers
    patch(counts)
    hypercorn_compat.install()

    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "ERROR"
    config.graceful_timeout = 1

    async def serve_until_input_ends() -> None:
        asyncio.get_running_loop().set_exception_handler(_ignore_cancelled_connections)
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)

        async def input_ended() -> None:
            await ended

        await serve(counting(ministack.app, counts), config, shutdown_trigger=input_ended)  # type: ignore[arg-type]

    asyncio.run(serve_until_input_ends())
    lambda_runtime.kill_workers = kill_at_once
    lambda_runtime.reset()
    if folder := os.environ.get(FOLDER_VARIABLE):
        shutil.rmtree(folder, ignore_errors=True)
    # Threads of executions that still wait would delay an orderly exit.
    os._exit(0)


def _ignore_cancelled_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report errors of the event loop, but not the end of the connections that are open when it ends.

    Older versions of asyncio report those: https://github.com/python/cpython/pull/113690.
    """
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def patch(counts: RequestCounts) -> None:
    """Apply all patches to MiniStack, and count its invocations."""
    from ministack import app as ministack  # noqa: PLC0415
    from ministack.core import iam_evaluator, lambda_runtime  # noqa: PLC0415
    from ministack.services import cloudwatch as metrics  # noqa: PLC0415
    from ministack.services import dynamodb as tables  # noqa: PLC0415
    from ministack.services import iam as iam_service  # noqa: PLC0415
    from ministack.services import lambda_svc, sqs, stepfunctions  # noqa: PLC0415
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    cloudformation.accept_metric_math_alarms(provisioners)
    cloudformation.delete_all_of_a_resource(
        provisioners, dynamodb=tables, lambda_service=lambda_svc, step_functions=stepfunctions
    )
    if os.environ.get(RESERVE_QUEUES_VARIABLE):
        cloudformation.reserve_names_of_deleted_queues(provisioners)
    cloudwatch.measure_queues(metrics, sqs)
    cloudwatch.publish_embedded_metrics(metrics, lambda_svc)
    dynamodb.copy_items_quickly(tables)
    iam.report_the_role_of_a_session(iam_evaluator, iam_service)
    lambda_workers.report_invocations(lambda_svc, counts.add_invocation)
    lambda_workers.poll_queues_quickly(lambda_svc)
    lambda_workers.log_all_output(lambda_runtime)
    lambda_workers.finish_invocations_before_update(lambda_runtime)
    lambda_workers.unpack_packages_once(lambda_runtime)
    lambda_workers.isolate_workers(lambda_runtime)
    lambda_workers.report_error_names(lambda_runtime, lambda_svc)
    lambda_workers.give_client_contexts(lambda_runtime)
    lambda_workers.name_throttles(lambda_svc)
    executions.answer_repeated_starts(stepfunctions)
    executions.control_executions(stepfunctions)
    redrives.redrive_executions(stepfunctions)
    task_tokens.wait_for_task_tokens(stepfunctions)
    tasks.limit_parallel_tasks(stepfunctions, TASKS_PER_CPU * (os.cpu_count() or 2))
    tasks.pass_client_contexts(stepfunctions)
    tasks.resolve_timeouts(stepfunctions)
    tasks.run_nested_executions(stepfunctions)
    if ministack.AUTH:
        roles.enforce_roles(stepfunctions, iam_evaluator)
    paths.refuse_missing_values(stepfunctions)
    paths.refuse_failing_intrinsics(stepfunctions)
    paths.refuse_unusable_waits(stepfunctions)


if __name__ == "__main__":
    main()
