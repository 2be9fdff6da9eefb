"""The embedded AWS: MiniStack in a process of its own, with eleven things added.

- It ends when the process that started it does, however that came about, and takes its folder along.
- Step Functions tasks take turns. AWS has a thousand environments for them; here each is a Python
  process, and a hundred that start at once only keep each other from working.
- It counts the requests and the invocations that it gets, for `GET /_oven/counts`.
- What a function writes is in the log of its invocation, however slow the machine; some of it would be late.
- A function that is updated ends what it has under way, as on AWS; here its processes would be killed.
- Its Python processes share one unpacked copy of a package, which is compiled once, not by each of them.
- Its table copies a row of hundreds of leases, as each write has it do, in a fraction of the time.
- Its event source mappings take up a message that comes soon after another within 20 ms, not 50: those of
  AWS are about as quick.
- Policies that ask who is there (`aws:PrincipalArn`) are told a function's role, as on AWS, not its session.
- Its CloudFormation takes alarms on several metrics for alarms on the first of them, rather than for errors.
- Its CloudWatch knows how old the oldest message of a queue is.

The last ten reach into MiniStack's private parts, so its version is pinned, and checked at the start.
"""

import asyncio
import copy
import fcntl
import functools
import hashlib
import json
import marshal
import os
import re
import shutil
import sys
import tempfile
import termios
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL

MINISTACK_VERSION = "1.5.33"
COUNTS_PATH = "/_oven/counts"
FOLDER_VARIABLE = "PIZZA_OVEN_FOLDER"
"""Names the folder that is removed at the end."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Counts:
    """Requests by caller and action, and invocations by function, since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[str, Counter[str]] = {"functions": Counter(), "clients": Counter()}
        self._invocations: Counter[str] = Counter()

    def request(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Count a request. Functions are told from clients by the credentials of their roles."""
        named = {name.lower(): value.decode("latin-1") for name, value in headers}
        action = named.get(b"x-amz-target", "").rpartition(".")[2]
        if not action:
            return
        is_client = f"Credential={LOCAL_CREDENTIAL}/" in named.get(b"authorization", "")
        with self._lock:
            self._requests["clients" if is_client else "functions"][action] += 1

    def invocation(self, function_name: str) -> None:
        with self._lock:
            self._invocations[function_name] += 1

    def as_json(self) -> bytes:
        with self._lock:
            return json.dumps({"requests": self._requests, "invocations": self._invocations}).encode()


def counting(app: App, counts: Counts) -> App:
    """Wrap an ASGI app: count what it is asked, and answer for the counts."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == COUNTS_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": counts.as_json()})
            return
        if scope["type"] == "http":
            counts.request(scope["headers"])
        await app(scope, receive, send)

    return counted


def count_invocations(lambda_service: Any, counts: Counts) -> None:
    """Have MiniStack's Lambda tell of each invocation, whoever asks for it."""
    dispatch = lambda_service._execute_function_dispatch  # noqa: SLF001 - see above: a pinned version

    @functools.wraps(dispatch)
    def counted(func: Any, config: dict[str, Any], *rest: Any) -> Any:
        counts.invocation(config["FunctionName"])
        return dispatch(func, config, *rest)

    lambda_service._execute_function_dispatch = counted  # noqa: SLF001 - see above: a pinned version


def take_turns(step_functions: Any, at_once: int) -> None:
    """Have at most so many Step Functions tasks run at a time; the others wait."""
    call = step_functions._call_lambda  # noqa: SLF001 - see above: a pinned version
    turns = threading.Semaphore(at_once)

    @functools.wraps(call)
    def in_turn(function: Any, event: Any) -> Any:
        with turns:
            return call(function, event)

    step_functions._call_lambda = in_turn  # noqa: SLF001 - see above: a pinned version


def log_all_that_is_written(lambda_runtime: Any) -> None:
    """Have MiniStack's Lambda end the log of an invocation when what it wrote was read, not after 5 ms."""
    collect = lambda_runtime.Worker._drain_stderr_bounded  # noqa: SLF001 - see above: a pinned version

    @functools.wraps(collect)
    def collected(worker: Any, **waits: float) -> Any:
        give_up = time.monotonic() + 1
        while worker._proc and _is_unread(worker._proc.stderr) and time.monotonic() < give_up:  # noqa: SLF001 - the same
            time.sleep(0.001)
        return collect(worker, **waits)

    lambda_runtime.Worker._drain_stderr_bounded = collected  # noqa: SLF001 - the same


def _is_unread(pipe: Any) -> bool:
    return fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)) != bytes(4)


def end_what_is_under_way(lambda_runtime: Any) -> None:
    """Have MiniStack's Lambda kill a process that an update makes obsolete once it is idle, not at work."""
    kill = lambda_runtime.kill_workers

    def kill_when_idle(worker: Any) -> None:
        give_up = time.monotonic() + worker.config["Timeout"]
        while worker.in_use and time.monotonic() < give_up:
            time.sleep(0.02)
        kill([worker])

    def kill_the_idle(workers: Sequence[Any]) -> None:
        at_work = [worker for worker in workers if worker.in_use]
        for worker in at_work:
            threading.Thread(target=kill_when_idle, args=[worker], daemon=True).start()
        kill([worker for worker in workers if worker not in at_work])

    lambda_runtime.kill_workers = kill_the_idle


def unpack_once(lambda_runtime: Any) -> None:
    """Have the processes of MiniStack's Lambda share what a package holds."""
    unpacked: dict[bytes, str] = {}
    lock = threading.Lock()

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_rest: Any) -> None:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).digest()
            with lock:
                if digest not in unpacked:
                    unpacked[digest] = tempfile.mkdtemp(prefix="package-")
                    super().extractall(unpacked[digest])
            # What removes this folder with its process removes the link alone.
            Path(path).rmdir()
            Path(path).symlink_to(unpacked[digest])

    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )


def copy_quickly(dynamodb: Any) -> None:
    """Have MiniStack's DynamoDB copy items as plain data, and read each number once."""

    def plain_copy(value: Any) -> Any:
        try:
            return marshal.loads(marshal.dumps(value))  # noqa: S302 - what was dumped a moment ago
        except ValueError:
            return copy.deepcopy(value)

    dynamodb.copy = SimpleNamespace(deepcopy=plain_copy)
    canonical = dynamodb._ddb_canonicalize_number  # noqa: SLF001 - see above: a pinned version
    dynamodb._ddb_canonicalize_number = functools.lru_cache(100_000)(canonical)  # noqa: SLF001 - the same


def take_alarms_on_several_metrics(provisioners: Any) -> None:
    """Have MiniStack's CloudFormation put down an alarm of metric math as one on its first metric."""
    record = provisioners._cw_metric_alarm_record  # noqa: SLF001 - see above: a pinned version

    @functools.wraps(record)
    def recorded(name: str, props: dict[str, Any]) -> dict[str, Any]:
        stats = [query["MetricStat"] for query in props.get("Metrics", ()) if "MetricStat" in query]
        if not stats:
            alarm: dict[str, Any] = record(name, props)
            return alarm
        rest = {key: value for key, value in props.items() if key != "Metrics"}
        first = {"Statistic": stats[0]["Stat"], "Period": stats[0]["Period"]}
        return {**record(name, {**rest, **stats[0]["Metric"], **first}), "Metrics": props["Metrics"]}

    provisioners._cw_metric_alarm_record = recorded  # noqa: SLF001 - see above: a pinned version


def know_sessions_by_their_role(iam_evaluator: Any) -> None:
    """Have MiniStack's policies see the role where a session of it asks, as AWS does
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html)."""
    resolve = iam_evaluator._resolve_condition_key  # noqa: SLF001 - see above: a pinned version

    @functools.wraps(resolve)
    def resolved(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in value:
            return value
        account, role = re.findall(r":sts::(\d+):assumed-role/([^/]+)/", value)[0]
        return f"arn:aws:iam::{account}:role/{role}"

    iam_evaluator._resolve_condition_key = resolved  # noqa: SLF001 - see above: a pinned version


def tell_ages_of_messages(cloudwatch: Any, sqs: Any) -> None:
    """Have MiniStack's CloudWatch measure its queues as SQS does each minute: here, whenever it is asked."""
    answer = cloudwatch._get_metric_statistics  # noqa: SLF001 - see above: a pinned version

    @functools.wraps(answer)
    def measured(*request: Any) -> Any:
        now = time.time()
        for queue in sqs._queues.values():  # noqa: SLF001 - see above: a pinned version
            age = max((now - message["sent_at"] for message in list(queue["messages"])), default=0)
            of_queue = {"QueueName": queue["name"]}
            cloudwatch.record_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", age, "Seconds", of_queue)
        return answer(*request)

    cloudwatch._get_metric_statistics = measured  # noqa: SLF001 - see above: a pinned version


def main() -> None:
    """Serve until standard input ends."""
    found = version("ministack")
    if found != MINISTACK_VERSION:
        sys.exit(
            f"MiniStack {found} is installed: pip install ministack=={MINISTACK_VERSION}, which is needed"
        )

    # Imported here, since it reads its environment while it is imported.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack import app  # noqa: PLC0415
    from ministack.core import hypercorn_compat, iam_evaluator, lambda_runtime  # noqa: PLC0415
    from ministack.services import cloudwatch, dynamodb, lambda_svc, sqs, stepfunctions  # noqa: PLC0415
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    counts = Counts()
    count_invocations(lambda_svc, counts)
    copy_quickly(dynamodb)
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = 0.02  # noqa: SLF001 - see above: a pinned version
    know_sessions_by_their_role(iam_evaluator)
    take_alarms_on_several_metrics(provisioners)
    tell_ages_of_messages(cloudwatch, sqs)
    kill_at_once = lambda_runtime.kill_workers
    end_what_is_under_way(lambda_runtime)
    log_all_that_is_written(lambda_runtime)
    unpack_once(lambda_runtime)
    take_turns(stepfunctions, at_once=4 * (os.cpu_count() or 2))
    hypercorn_compat.install()

    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "ERROR"
    config.graceful_timeout = 1

    async def serve_until_told() -> None:
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)

        async def told() -> None:
            await ended

        await serve(counting(app.app, counts), config, shutdown_trigger=told)  # type: ignore[arg-type]

    asyncio.run(serve_until_told())
    lambda_runtime.kill_workers = kill_at_once
    lambda_runtime.reset()
    if folder := os.environ.get(FOLDER_VARIABLE):
        shutil.rmtree(folder, ignore_errors=True)
    # Threads of executions that still wait would hold up an orderly exit.
    os._exit(0)


if __name__ == "__main__":
    main()
