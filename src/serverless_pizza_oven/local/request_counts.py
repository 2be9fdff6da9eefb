"""Counts what the local stack was asked to do, for benchmarks and tests."""

import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from serverless_pizza_oven.aws import LOCAL_CREDENTIAL
from serverless_pizza_oven.deployment.emulators import LOCAL_STACK_PATH

COUNTS_PATH = LOCAL_STACK_PATH
"""Answers with the counts as JSON: `requests` by caller and action, `invocations` by function."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class RequestCounts:
    """Requests by caller and action, and invocations by function, since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[str, Counter[str]] = {"functions": Counter(), "clients": Counter()}
        self._invocations: Counter[str] = Counter()

    def add_request(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Count a request. Functions are told from clients by the credentials of their roles."""
        named = {name.lower(): value.decode("latin-1") for name, value in headers}
        action = named.get(b"x-amz-target", "").rpartition(".")[2]
        if not action:
            return
        is_client = f"Credential={LOCAL_CREDENTIAL}/" in named.get(b"authorization", "")
        with self._lock:
            self._requests["clients" if is_client else "functions"][action] += 1

    def add_invocation(self, function_name: str) -> None:
        """Count an invocation of a function as it begins."""
        with self._lock:
            self._invocations[function_name] += 1

    def as_json(self) -> bytes:
        """All counts, as COUNTS_PATH answers them."""
        with self._lock:
            return json.dumps({"requests": self._requests, "invocations": self._invocations}).encode()


def counting(app: App, counts: RequestCounts) -> App:
    """Wrap an ASGI app: count its requests, and answer COUNTS_PATH."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == COUNTS_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": counts.as_json()})
            return
        if scope["type"] == "http":
            counts.add_request(scope["headers"])
        await app(scope, receive, send)

    return counted
