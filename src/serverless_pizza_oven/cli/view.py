"""`oven view`: an oven in the browser, live."""

import contextlib
import os
import secrets
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.cli.signals import stopped
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.extras import require
from serverless_pizza_oven.web.watched_oven import DeployedOven

if TYPE_CHECKING:
    from serverless_pizza_oven.web.server import Page

BROWSER_SECS = 10
"""How long a browser may take to open the page."""

WithView = Annotated[
    bool, typer.Option("--view", help="Show the oven in the browser, too, until the command ends.")
]


def view(
    target: Target,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            metavar="N",
            help="The port of 127.0.0.1 to serve on.",
            show_default="a free one",
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the URL only.")] = False,
) -> None:
    """Show an oven in the browser, live, until Ctrl-C.

    Examples:

    - `oven view --stack spo --region eu-west-1`: the oven of a stack on AWS
    - `oven view --endpoint-url http://127.0.0.1:4566`: the oven of `oven local`
    - `oven demo --view`: an oven at work

    Prints the URL of the page, and opens it if there is a screen. The page is served to this machine only,
    and changes nothing in the oven. While it is open it makes five requests a second, and some more every
    10 seconds and each minute: about 1.2 cents an hour on AWS for a small oven. When the number of dead
    letters changes, it receives up to ten to show their reasons, which hides them from others for a moment.
    To an oven on this machine it can send pizzas.
    """
    require("local", "the page")
    aws, found = target.find()
    stop = stopped()
    with _running_page(aws, found, port) as page:
        typer.echo(page.url)
        say("Ctrl-C ends the page; the oven goes on.")
        if not no_browser:
            open_in_browser(page.url)
        while not stop.wait(1):
            pass


@contextlib.contextmanager
def shown(connected: Callable[[], Aws], stack: Stack, *, wanted: bool) -> Iterator[None]:
    """If `wanted`, show an oven in the browser while the block runs, and wait until the page is open.

    The page gets a connection of its own from `connected`, since it runs in another thread.
    """
    if not wanted:
        yield
        return
    require("local", "--view")
    with _running_page(connected(), stack, None) as page:
        say(f"Watch it at {page.url}")
        if open_in_browser(page.url):
            page.wait_until_open(BROWSER_SECS)
        yield


def _running_page(aws: Aws, stack: Stack, port: int | None) -> "AbstractContextManager[Page]":
    # A web server takes long to import: only a command that shows the page does.
    from serverless_pizza_oven.web.server import running_page  # noqa: PLC0415

    return running_page(DeployedOven(aws, stack, time.time, lambda: secrets.token_hex(5)), port)


def open_in_browser(url: str) -> bool:
    """Open the URL if there is a screen. Returns whether a browser was started."""
    return _has_screen() and webbrowser.open(url)


def _has_screen() -> bool:
    if "CI" in os.environ or not sys.stderr.isatty():
        return False
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
