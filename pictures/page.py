"""docs/images/page-*.png: the page of an oven on this machine, in the midst of a rush."""

import io
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from kitchen.aws import local
from kitchen.local.emulator import free_port
from kitchen.local.oven import LocalOven, running_oven
from kitchen.stack.queues import Queue, batches
from kitchen.view.oven import DeployedOven
from kitchen.view.server import running_page
from pictures.diagrams import chromium

FOLDER = Path("docs/images")
ITEMS = 160
SETTLED_SECS = 45
"""When the line moves, and the charts have something to tell."""

DESKTOP = {"width": 1240, "height": 1000}
PHONE = {"width": 390, "height": 844}
DENSITY = 1.5
"""Pixels of a picture for one of the page."""

COLOURS = 256
SHOTS = (("light", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light"))


def main() -> None:
    """Have a rush, and take its pictures."""
    with running_oven(free_port()) as oven, sync_playwright() as playwright:
        tokens = (f"visitor{number}" for number in itertools.count())
        watched = DeployedOven(local(oven.endpoint_url), oven.stack, time.time, lambda: next(tokens))
        with running_page(watched) as page:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            pages = {name: opened(browser, page.url, size, scheme) for name, size, scheme in SHOTS}
            send(oven)
            pages["light"].wait_for_timeout(SETTLED_SECS * 1000)
            for name, shown in pages.items():
                save(FOLDER / f"page-{name}.png", shown)
            browser.close()


def opened(browser: Browser, url: str, size: dict[str, int], scheme: str) -> Page:
    """The page in a window of its own."""
    page = browser.new_page(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=DENSITY,
    )
    page.goto(url)
    return page


def send(oven: LocalOven) -> None:
    """A rush of all sizes, and some messages that no oven can bake."""
    new_items = Queue(oven.aws, oven.stack.new_items)
    for some in batches(list(bodies(random.Random(5)))):  # noqa: S311 - a menu is no secret
        new_items.send(some)


def bodies(chooser: random.Random) -> Iterator[str]:
    """The messages."""
    yield json.dumps({"id": "family-feast", "bakingTimeSecs": 30, "size": 20})
    yield "Two Margherita, please"
    yield json.dumps({"id": "order-4711", "size": 2})
    for number in range(1, ITEMS + 1):
        size = chooser.choice((1, 1, 1, 1, 2, 2, 3))
        yield json.dumps({"id": f"order-{number}", "bakingTimeSecs": chooser.randint(6, 18), "size": size})


def save(path: Path, page: Page) -> None:
    """What is above the last panels, in few colours."""
    bottom = page.locator(".columns").evaluate("columns => columns.getBoundingClientRect().bottom")
    width = page.evaluate("innerWidth")
    shot = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": bottom})
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
