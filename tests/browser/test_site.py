"""The site of the documentation, in a real browser. A request to another host fails a test: see conftest."""

import functools
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

ROOT = Path(__file__).parents[2]
PAGES = [
    str(page.relative_to(ROOT / "docs").with_suffix("")) for page in sorted((ROOT / "docs").rglob("*.md"))
]
OF_EACH_KIND = ["index", "operate", "protocol", "scaling", "reference/parameters"]
"""Pages with all that pages have: code, tables, diagrams, plots, notes, and what is generated."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_all_pages_fit_a_phone(site: str, open_page: OpenPage) -> None:
    shown = open_page(site, viewport={"width": 360, "height": 740})
    widths = {}
    for page in PAGES:
        shown.goto(f"{site}/{page}.html")
        widths[page] = shown.evaluate("document.documentElement.scrollWidth")

    assert widths == dict.fromkeys(PAGES, 360)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", OF_EACH_KIND)
def test_a_page_is_accessible(site: str, open_page: OpenPage, page: str, scheme: str) -> None:
    found = Axe().run(open_page(f"{site}/{page}.html", color_scheme=scheme))

    assert found.violations_count == 0, found.generate_report()


def test_what_is_searched_for_is_found(site: str, open_page: OpenPage) -> None:
    shown = open_page(f"{site}/index.html")

    expect(shown.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    shown.get_by_role("textbox", name="Search").press_sequentially("reconciling corrects")

    expect(shown.locator(".md-search-result__item").first).to_contain_text("Reconciling corrects the row")
