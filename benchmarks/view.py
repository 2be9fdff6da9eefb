"""What the page costs this machine: CPU in a rush, and memory over an hour.

Run it with `python -m benchmarks.view`. It needs a Chromium. The CPU is the time that processes spent, so
other work on the machine changes little.
"""

import json
import random
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect, sync_playwright

from pictures.diagrams import chromium
from serverless_pizza_oven.aws import local
from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.queue_client import Queue, batches
from serverless_pizza_oven.web import polling
from serverless_pizza_oven.web.scripted import ScriptedOven, status_at
from serverless_pizza_oven.web.server import running_page
from serverless_pizza_oven.web.watched_oven import DeployedOven, WatchedOven

SLOTS = 500
ITEMS = 1000
BAKING_SECS = (20, 40)
MEASURED_SECS = 20
FILL_SECS = 120
"""The longest time, in seconds, until the oven is full."""

HOUR_LOOKS = 3600
FIRST_LOOKS = 600
"""The number of statuses after which the history is complete."""

QUICK_SECS = 0.02
"""Seconds between two statuses while an hour is played faster."""

LEAVING = 25
"""Items that arrive and leave between two statuses."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds spent since the start."""

    browser: dict[str, float]
    """By kind of process."""
    server: float


def main() -> None:
    """Measure the page. Takes some minutes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        print(f"{ITEMS} items in an oven of {SLOTS} slots: % of a core, over {MEASURED_SECS} s")
        for what, share in cpu_in_a_rush(browser).items():
            print(f"| {what} | {share:.1%} |")
        print("an hour of looks: MB after ten minutes, and at its end")
        for what, (early, late) in memory_over_an_hour(browser).items():
            print(f"| {what} | {early / 2**20:.1f} | {late / 2**20:.1f} |")
        browser.close()


def cpu_in_a_rush(browser: Browser) -> dict[str, float]:
    """The share of a core of each kind of process, while a full oven bakes and other items wait."""
    with running_oven(free_port(), capacity=SLOTS) as oven:
        watched = DeployedOven(local(oven.endpoint_url), oven.stack, time.time, lambda: "unused")
        with opened(browser, watched) as page:
            send(oven)
            expect(page.locator("#occupied")).to_have_text(str(SLOTS), timeout=FILL_SECS * 1000)
            before, began = cpu(browser), time.monotonic()
            page.wait_for_timeout(MEASURED_SECS * 1000)
            after, took = cpu(browser), time.monotonic() - began
    shares = {kind: (spent - before.browser.get(kind, 0)) / took for kind, spent in after.browser.items()}
    named = {f"browser, {kind}": share for kind, share in shares.items()}
    return {"server": (after.server - before.server) / took, "browser": sum(shares.values()), **named}


def cpu(browser: Browser) -> Cpu:
    """The server runs in this process. Nothing else runs in it meanwhile."""
    session = browser.new_browser_cdp_session()
    spent: dict[str, float] = {}
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        spent[process["type"]] = spent.get(process["type"], 0.0) + process["cpuTime"]
    session.detach()
    return Cpu(spent, time.process_time())


def send(oven: LocalOven) -> None:
    """All items at once."""
    chooser = random.Random(1)
    bodies = [
        json.dumps({"id": f"item-{number}", "bakingTimeSecs": chooser.randint(*BAKING_SECS)})
        for number in range(ITEMS)
    ]
    new_items = Queue(oven.aws, oven.stack.new_items)
    for some in batches(bodies):
        new_items.send(some)


def memory_over_an_hour(browser: Browser) -> dict[str, tuple[float, float]]:
    """The memory early and late, in bytes."""
    looks = 0

    def script() -> Status:
        nonlocal looks
        looks += 1
        items = [
            BakingItem(f"item-{number}", 1, looks + 1 + (number - looks * LEAVING) // LEAVING)
            for number in range(looks * LEAVING, looks * LEAVING + SLOTS)
        ]
        return status_at(looks, items, capacity=SLOTS, waiting=ITEMS)

    polling.POLL_EVERY_SECS = QUICK_SECS
    held: list[tuple[float, float]] = []
    with opened(browser, ScriptedOven(script, capacity=SLOTS)) as page:
        for target in (FIRST_LOOKS, HOUR_LOOKS):
            while looks < target:
                page.wait_for_timeout(100)
            held.append((heap(page), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
    (early_page, early_server), (late_page, late_server) = held
    return {"page": (early_page, late_page), "server, at most": (early_server, late_server)}


def heap(page: Page) -> float:
    """The memory of the page after a garbage collection, in bytes."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


@contextmanager
def opened(browser: Browser, oven: WatchedOven) -> Iterator[Page]:
    """The page of an oven, served and shown."""
    with running_page(oven) as served:
        page = browser.new_page(viewport={"width": 1240, "height": 1000})
        page.goto(served.url)
        yield page
        page.close()


if __name__ == "__main__":
    main()
