"""Lambda: the processes that run the functions, which MiniStack calls workers."""

import fcntl
import functools
import hashlib
import subprocess
import sys
import tempfile
import termios
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LATE_OUTPUT_SECS = 1
"""How long the log of an invocation waits for output that is written but not read yet, in seconds."""

RUNTIME_LIBRARIES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""The SDK, and what it imports: what Lambda's Python runtimes bring besides Python
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html)."""

RUNTIME_VARIABLES = ("AWS_", "LAMBDA_", "_LAMBDA_")
"""The prefixes of the environment variables that MiniStack sets as Lambda does."""

CLIENT_CONTEXT: ContextVar[dict[str, Any] | None] = ContextVar("client_context", default=None)
"""The client context of the invocations that this thread makes."""

INTERPRETER_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
"""What Python itself may need to start on this machine."""


def poll_queues_quickly(lambda_service: Any) -> None:
    """Poll a queue again 20 ms after an empty poll instead of 50, which is about as fast as AWS."""
    lambda_service._ESM_IDLE_WAKE_GAP_SECONDS = 0.02


def report_invocations(lambda_service: Any, report: Callable[[str], None]) -> None:
    """Call `report` with the function's name at the start of each invocation, whoever asks for it."""
    dispatch = lambda_service._execute_function_dispatch

    @functools.wraps(dispatch)
    def reported(func: Any, config: dict[str, Any], *rest: Any) -> Any:
        report(config["FunctionName"])
        return dispatch(func, config, *rest)

    lambda_service._execute_function_dispatch = reported


def log_all_output(lambda_runtime: Any) -> None:
    """Close the log of an invocation once all its output was read. MiniStack closes it after 5 ms."""
    collect = lambda_runtime.Worker._drain_stderr_bounded

    @functools.wraps(collect)
    def collected(worker: Any, **waits: float) -> Any:
        give_up = time.monotonic() + LATE_OUTPUT_SECS
        while worker._proc and _has_unread(worker._proc.stderr) and time.monotonic() < give_up:
            time.sleep(0.001)
        return collect(worker, **waits)

    lambda_runtime.Worker._drain_stderr_bounded = collected


def _has_unread(pipe: Any) -> bool:
    return fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)) != bytes(4)


def finish_invocations_before_update(lambda_runtime: Any) -> None:
    """Kill a worker that an update makes obsolete once it is idle. MiniStack kills it while it works."""
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


def unpack_packages_once(lambda_runtime: Any) -> None:
    """Let all workers of a package share one unpacked copy, which is compiled once."""
    unpacked: dict[bytes, str] = {}
    lock = threading.Lock()

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_rest: Any) -> None:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).digest()
            with lock:
                if digest not in unpacked:
                    folder = tempfile.mkdtemp(prefix="package-")
                    super().extractall(folder)
                    unpacked[digest] = folder
            # MiniStack removes this folder with the worker: that removes the link alone.
            Path(path).rmdir()
            Path(path).symlink_to(unpacked[digest])

    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )


def isolate_workers(lambda_runtime: Any) -> None:
    """Let functions see their package and the libraries of Lambda's runtime, and no others.

    MiniStack starts them with its own environment, and with all libraries installed here: a package that
    lacks a library works, until it is deployed on AWS.
    """
    runtime = tempfile.mkdtemp(prefix="runtime-")
    for name in RUNTIME_LIBRARIES:
        _link(name, Path(runtime))

    def start(command: Sequence[str], *, env: Mapping[str, str], **options: Any) -> Any:
        if command[0] == sys.executable:
            # Without site-packages, the user's packages, and the folder of the worker's script.
            command = [command[0], "-sSP", *command[1:]]
        kept = {
            name: value
            for name, value in env.items()
            if name.startswith(RUNTIME_VARIABLES) or name in INTERPRETER_VARIABLES
        }
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        of_lambda = {"LAMBDA_RUNTIME_DIR": runtime, "PYTHONPATH": runtime, "TZ": ":UTC"}
        environment = {**kept, **of_lambda, "PYTHONUTF8": "1"}
        return subprocess.Popen(command, env=environment, **options)  # noqa: S603 - MiniStack's command

    lambda_runtime.subprocess = SimpleNamespace(
        Popen=start, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT
    )


def _link(library: str, folder: Path) -> None:
    """Put an installed library into a folder. Raises ImportError where it is not installed."""
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        raise ImportError(f"the local stack needs {library}, which is not installed", name=library)
    source = Path(spec.origin)
    if spec.submodule_search_locations:
        source = source.parent
    (folder / source.name).symlink_to(source)


def report_error_names(lambda_runtime: Any, lambda_service: Any) -> None:
    """Give the name of a handler's exception as the `errorType`. MiniStack has one name for all.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    error = '"error": str(e), "trace"'
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(error, f'"error_type": type(e).__name__, {error}')
    invoke, execute = lambda_runtime.Worker.invoke, lambda_service._execute_function_warm
    # MiniStack calls the first from the second in one thread, and passes on only the fields that it knows.
    last = threading.local()

    @functools.wraps(invoke)
    def invoked(*arguments: Any, **named: Any) -> Any:
        result = invoke(*arguments, **named)
        last.error_type = result.get("error_type")
        return result

    @functools.wraps(execute)
    def executed(*arguments: Any) -> Any:
        last.error_type = None
        result = execute(*arguments)
        if last.error_type:
            result["body"]["errorType"] = last.error_type
        return result

    lambda_runtime.Worker.invoke = invoked
    lambda_service._execute_function_warm = executed


def give_client_contexts(lambda_runtime: Any) -> None:
    """Give a function the client context of its invocation, which is None in MiniStack.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    given = (
        '_ms_durable.get("client_context") and __import__("types").SimpleNamespace('
        '**{"custom": None, "env": None, "client": None} | _ms_durable["client_context"])'
    )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(
        '"client_context": None', f'"client_context": {given}'
    )
    invoke = lambda_runtime.Worker.invoke

    @functools.wraps(invoke)
    def invoked(*arguments: Any, durable: Mapping[str, Any] | None = None, **named: Any) -> Any:
        # The worker copies only names that it knows from this mapping into its environment.
        context = {"client_context": CLIENT_CONTEXT.get()}
        return invoke(*arguments, durable={**(durable or {}), **context}, **named)

    lambda_runtime.Worker.invoke = invoked


def name_throttles(lambda_service: Any) -> None:
    """Name a throttled invocation in Step Functions as AWS does. MiniStack gives it no name.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    """
    respond = lambda_service._throttle_response

    @functools.wraps(respond)
    def responded(*arguments: Any, **named: Any) -> Any:
        response = respond(*arguments, **named)
        response["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return response

    lambda_service._throttle_response = responded
