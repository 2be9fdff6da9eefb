"""A real browser that shows the page. Every test must cause no errors and no requests to other hosts."""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from serverless_pizza_oven.web.scripted import ScriptedOven
from serverless_pizza_oven.web.server import running_page
from tests.patience import PATIENCE_SECS

# The default of Playwright is 5 s.
expect.set_options(timeout=PATIENCE_SECS * 1000)

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

Serve = Callable[[ScriptedOven], str]
"""Serves the page of an oven for one test. Returns its URL."""

OpenPage = Callable[..., Page]
"""Opens a URL in a fresh browser session. Takes the options of a Playwright context, such as
`color_scheme`."""


# Only for one module: while Playwright runs, no other test in this process can run an asyncio loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = f"no Chromium on this machine: none of {', '.join(NAMES)} is there"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        # Without its sandbox, which root in a container may not create, and without a process that would
        # emulate a GPU.
        options = ["--no-sandbox", "--disable-gpu", "--in-process-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as pages:
        yield lambda oven: pages.enter_context(running_page(oven)).url


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Fails the test at the end if the page reported errors or violations of its policy."""
    complaints: list[str] = []
    hosts: set[str | None] = set()

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))

    with contextlib.ExitStack() as sessions:

        def open_url(url: str, **options: Any) -> Page:
            session = sessions.enter_context(browser.new_context(**options))
            session.set_default_timeout(PATIENCE_SECS * 1000)
            page = session.new_page()
            listen(page)
            page.goto(url)
            return page

        yield open_url
    assert not complaints
    assert hosts <= {"127.0.0.1"}


def is_complaint(message: ConsoleMessage) -> bool:
    """Whether an error is only that the server is gone or refuses, which some tests cause."""
    return message.type == "error" and not re.search("Failed to load resource|ERR_", message.text)
