"""Starts `oven` commands quickly: as forks of a process that has imported all of it.

Python and the SDK take half a second of a core to start, and the tests run hundreds of commands. The program
of `quick_oven` passes its arguments, folder, environment and streams on, and exits as the fork does. Signals
are not passed on: tests that send some use `OVEN` itself.
"""

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [request[:1]], [0, 1, 2])
server.sendall(request[1:] + b"\\n")
sys.exit(int(server.recv(8) or b"1"))
"""


@cache
def quick_oven() -> str:
    """The path of the program, which is named oven, too. Starts the process that is forked, once."""
    folder = Path(tempfile.mkdtemp(prefix="quick-oven-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(folder / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.stack.quick_oven", str(listener.fileno())],
        cwd=Path(__file__).parents[2],
        pass_fds=[listener.fileno()],
        # It ends with this process, also if that is killed.
        stdin=subprocess.PIPE,
    )
    atexit.register(server.kill)
    listener.close()
    program = folder / "oven"
    program.write_text(CLIENT.format(python=sys.executable, address=address))
    program.chmod(0o755)
    return str(program)


def serve(listener: socket.socket) -> None:
    """Fork for each client, until standard input ends."""
    # The forks that ended are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        client, _ = listener.accept()
        if not os.fork():
            listener.close()
            client.sendall(str(run(client)).encode())
            os._exit(0)
        client.close()


def run(client: socket.socket) -> int:
    """Run the command of a client in this process, and return its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams, _, _ = socket.recv_fds(client, 1, 3)
    while not request.endswith(b"\n"):
        request += client.recv(1 << 16)
    arguments, folder, environment = json.loads(request)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if environment.get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    from serverless_pizza_oven.cli import main  # noqa: PLC0415 - imported before the fork

    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def import_all() -> None:
    """Import what any command imports."""
    import typer.rich_utils  # noqa: F401, PLC0415

    from serverless_pizza_oven.cli.command_table import PANELS, Command  # noqa: PLC0415

    for entries in PANELS.values():
        for entry in entries:
            for command in [entry] if isinstance(entry, Command) else entry.commands:
                command.load()


if __name__ == "__main__":
    import_all()
    serve(socket.socket(fileno=int(sys.argv[1])))
