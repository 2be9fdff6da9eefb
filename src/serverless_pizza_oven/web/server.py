"""Serves the page on this machine."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pizza_oven.errors import MalformedItemError, PizzaOvenError
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.local.emulator import HOST, PortTakenError
from serverless_pizza_oven.web.board import Board
from serverless_pizza_oven.web.figures import LiveFigures
from serverless_pizza_oven.web.ordering import MAX_BYTES, read_order
from serverless_pizza_oven.web.polling import StatusPoller, event
from serverless_pizza_oven.web.safety import HOSTS, OwnOrigin, SafeHeaders
from serverless_pizza_oven.web.watched_oven import WatchedOven
from serverless_pizza_oven.web.watching_cost import cost_in_words

PAGE = Path(__file__).parent / "page"
STOP_SECS = 1
"""How long a request under way may take when the server stops."""

READ_ONLY = (
    "This page is read-only: it sends pizzas only to an oven on this machine. Use oven send, or any AWS "
    "client."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is being served."""

    url: str
    board: Board

    def wait_until_open(self, secs: float) -> bool:
        """Wait up to `secs` until a browser has opened the page. Returns whether one has."""
        return self.board.wait_for_readers(secs)


@contextlib.contextmanager
def running_page(
    oven: WatchedOven, port: int | None = None, timer: Callable[[], float] = time.monotonic
) -> Iterator[Page]:
    """Serve the page of an oven on 127.0.0.1 while the block runs: on the `port`, or on a free one.

    The `timer` returns seconds from any origin. Raises PortTakenError.
    """
    board, figures = Board(), LiveFigures()
    watch = StatusPoller(oven, board, figures, timer)
    with _listening(port or 0) as listener:
        server = threading.Thread(target=_serve, args=(page_app(oven, board, figures), listener, board))
        server.start()
        # A daemon: a request that hangs does not keep the command from ending.
        threading.Thread(target=watch.run, daemon=True).start()
        try:
            yield Page(f"http://{HOST}:{listener.getsockname()[1]}/", board)
        finally:
            board.close()
            server.join()


def page_app(oven: WatchedOven, board: Board, figures: LiveFigures) -> Starlette:
    """The application: the page, its stream of events at `/looks`, and `/pizzas`, which sends pizzas."""

    async def looks(_: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield event("hello", _hello(oven, figures))
            async for posted in board.read():
                yield posted

        return EventSourceResponse(events())

    async def pizzas(request: Request) -> Response:
        if not oven.is_local:
            return JSONResponse({"said": READ_ONLY}, 403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return JSONResponse({"said": f"an order has at most {MAX_BYTES} bytes"}, 413)
        return await asyncio.to_thread(_send, oven, body)

    return Starlette(
        routes=[
            Route("/looks", looks),
            Route("/pizzas", pizzas, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
            Middleware(OwnOrigin),
        ],
    )


def _hello(oven: WatchedOven, figures: LiveFigures) -> dict[str, object]:
    return {
        "stack": oven.name,
        "where": oven.where,
        "sends": oven.is_local,
        "whyNot": READ_ONLY,
        "cost": cost_in_words(oven.capacity, is_local=oven.is_local),
        "history": figures.history,
    }


def _send(oven: WatchedOven, body: bytes) -> Response:
    try:
        order = read_order(body)
        oven.send(order)
    except (UsageError, MalformedItemError) as error:
        return JSONResponse({"said": f"Not sent: {error}."}, 400)
    except PizzaOvenError as error:
        return JSONResponse({"said": f"It is unknown whether they were sent: {error}."}, 502)
    return JSONResponse({"said": f"Sent {order.count} pizza{'' if order.count == 1 else 's'}."})


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise PortTakenError(f"port {port} of {HOST} is taken: choose another with --port") from error
        # From here on a browser is not refused: it waits for the server.
        listener.listen()
        yield listener


def _serve(app: Starlette, listener: socket.socket, board: Board) -> None:
    config = Config()
    # A duplicate, since Hypercorn closes it.
    config.bind = [f"fd://{os.dup(listener.fileno())}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = STOP_SECS

    async def closed() -> None:
        await asyncio.to_thread(board.closed.wait)

    asyncio.run(serve(app, config, shutdown_trigger=closed))  # type: ignore[arg-type]
