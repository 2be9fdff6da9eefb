"""A network between a function and the emulator in which a chosen request kills the function."""

import contextlib
import http.client
import http.server
import signal
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.patience import PATIENCE_SECS
from tests.stack.logs import Function
from tests.stack.ovens import TestOven, changed_variables
from tests.stack.processes import send_signal
from tests.stack.workers import Workers


@contextlib.contextmanager
def killed_after(oven: TestOven, function: Function, operation: str) -> Iterator[list[int]]:
    """Kill a function when its first request of this kind has taken effect, before it has the answer.

    The `operation` is one of DynamoDB, SQS or Step Functions. Yields the HTTP statuses with which the
    emulator answered such requests: that of the first one never reached the function.
    """
    answers: list[int] = []
    workers = Workers(oven, function)

    class Relay(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Before the request takes effect: a function that its effect invokes is not meant.
            pids = workers.pids()
            upstream = http.client.HTTPConnection(urlsplit(oven.endpoint_url).netloc, timeout=PATIENCE_SECS)
            with contextlib.closing(upstream):
                upstream.request("POST", self.path, body, dict(self.headers))
                answer = upstream.getresponse()
                content = answer.read()
            if self.headers.get("X-Amz-Target", "").endswith(f".{operation}"):
                answers.append(answer.status)
                if len(answers) == 1:
                    for pid in pids:
                        send_signal(pid, signal.SIGKILL)
                    self.close_connection = True
                    return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # Another function may be killed, too, before it has its answer.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        try:
            url, name = f"http://127.0.0.1:{relay.server_port}", oven.stack.outputs[f"{function}FunctionName"]
            with changed_variables(oven.aws, name, AWS_ENDPOINT_URL=url):
                yield answers
        finally:
            relay.shutdown()
