"""The page during a rush: light, dark and on a phone. Its screenshots are the pictures of the
documentation."""

import io
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from serverless_pizza_oven.aws import local
from serverless_pizza_oven.local.oven import running_oven
from serverless_pizza_oven.web.server import running_page
from serverless_pizza_oven.web.watched_oven import DeployedOven
from tests.browser.conftest import OpenPage
from tests.browser.looks import number
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client

PICTURES = Path(__file__).parents[2] / "docs" / "images"
ITEMS = 160
PICTURED_AFTER_SECS = 45
"""Seconds after the start of the rush: by then the line has moved and the charts are filled."""

DESKTOP = {"width": 1240, "height": 1000}
PHONE = {"width": 390, "height": 844}
DENSITY = 1.5
"""Pixels of a picture for one of the page."""

COLOURS = 256
SHOTS = (("light", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light"))


def test_a_rush_is_seen_by_all_who_look_and_so_are_its_dead_letters(
    open_page: OpenPage, request: pytest.FixtureRequest
) -> None:
    with running_oven(free_port()) as oven:
        tokens = (f"visitor{number}" for number in itertools.count())
        watched = DeployedOven(local(oven.endpoint_url), oven.stack, time.time, lambda: next(tokens))
        with running_page(watched) as served:
            pages = {
                name: open_page(served.url, viewport=size, color_scheme=scheme, device_scale_factor=DENSITY)
                for name, size, scheme in SHOTS
            }
            began = time.monotonic()
            Client(oven).send_bodies(list(bodies(random.Random(5))))

            for page in pages.values():
                expect(page.locator("#letters li")).to_have_count(3)
                expect(page.locator("#letters")).to_contain_text("family-feast")
            page = pages["light"]
            eventually("a rate is told", lambda: number(page, "rate") > 0)
            assert 0 < number(page, "occupied") <= 14
            assert 0 < number(page, "in-line") < ITEMS

            if request.config.getoption("--save-pictures"):
                page.wait_for_timeout(max(began + PICTURED_AFTER_SECS - time.monotonic(), 0) * 1000)
                for name, page in pages.items():
                    save(PICTURES / f"page-{name}.png", page)


def bodies(chooser: random.Random) -> Iterator[str]:
    """A rush of items of all sizes, and some messages that cannot be baked."""
    yield json.dumps({"id": "family-feast", "bakingTimeSecs": 30, "size": 20})
    yield "Two Margherita, please"
    yield json.dumps({"id": "order-4711", "size": 2})
    for count in range(1, ITEMS + 1):
        size = chooser.choice((1, 1, 1, 1, 2, 2, 3))
        yield json.dumps({"id": f"order-{count}", "bakingTimeSecs": chooser.randint(6, 18), "size": size})


def save(path: Path, page: Page) -> None:
    """A picture of the page above the last panels, in few colours."""
    bottom = page.locator(".columns").evaluate("columns => columns.getBoundingClientRect().bottom")
    width = page.evaluate("innerWidth")
    shot = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": bottom})
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
