"""Statuses of scripted ovens, and functions that read the page."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from playwright.sync_api import Page

from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.web.scripted import ScriptedOven, status_at
from serverless_pizza_oven.web.watched_oven import DeadLetterSummary

UNKNOWN = "\N{EN DASH}"
"""The text of the page where it has no number yet."""

HOSTILE = "<img src=x onerror=alert(document.domain)>"

LETTERS = [
    DeadLetterSummary("order-4711", "size must be a whole number of slots from 1 to 14, not 20"),
    DeadLetterSummary(
        HOSTILE, f"the message is not JSON: {HOSTILE} </li></ul><script>alert(2)</script> {'x' * 200}"
    ),
    DeadLetterSummary("\N{RIGHT-TO-LEFT OVERRIDE}desrever &amp; 'quoted' \"twice\"", "javascript:alert(3)"),
]


def oven_of(
    *ids: str, secs: float = 60, dead_letters: Sequence[DeadLetterSummary] = (), **others: Any
) -> ScriptedOven:
    """An oven in which these items bake."""
    until = time.time() + secs
    items = [BakingItem(item_id, 1, until) for item_id in ids]
    dead = {"dead": len(dead_letters)} if dead_letters else {}
    return ScriptedOven(script(items, **dead, **others), dead_letters=dead_letters)


def script(items: Sequence[BakingItem], **others: Any) -> Callable[[], Status]:
    """A script with the same status each time."""
    return lambda: status_at(time.time(), items, **others)


def number(page: Page, name: str) -> int:
    """One of the page's numbers, or -1 where it shows none."""
    text = page.locator(f"#{name}").inner_text().replace(",", "")
    return int(text) if text.isdigit() else -1


def drawn_share(page: Page) -> float:
    """How much of the oven's inside is covered by bright pixels, from 0 to 1."""
    share: float = page.evaluate("""() => {
        const canvas = document.getElementById("oven");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let bright = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] > 150 && data[at + 3] > 200) bright++;
        return bright / (data.length / 4);
    }""")
    return share


def drawn_blue(page: Page) -> int:
    """How many pixels of the oven's inside have the blue of held items."""
    count: int = page.evaluate("""() => {
        const canvas = document.getElementById("oven");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let blue = 0;
        for (let at = 0; at < data.length; at += 4) {
            if (data[at] === 0x9f && data[at + 1] === 0xd0 && data[at + 2] === 0xff) blue++;
        }
        return blue;
    }""")
    return count


def drawn_shapes(page: Page) -> int:
    """How many connected shapes are drawn in the oven."""
    count: int = page.evaluate("""() => {
        const canvas = document.getElementById("oven");
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        const left = new Set();
        for (let at = 0; at < width * height; at++) if (data[at * 4 + 3] > 200) left.add(at);
        let shapes = 0;
        for (const first of left) {
            shapes++;
            const edge = [first];
            left.delete(first);
            while (edge.length) {
                const at = edge.pop();
                for (const next of [at - 1, at + 1, at - width, at + width]) {
                    if (left.delete(next)) edge.push(next);
                }
            }
        }
        return shapes;
    }""")
    return count


def count_numbers(page: Page) -> Callable[[], int]:
    """Begin to count the places of the oven at which a number is drawn. Returns a function that tells the
    count."""
    page.evaluate("""() => {
        const context = document.getElementById("oven").getContext("2d");
        const draw = context.fillText.bind(context);
        window.places = new Set();
        context.fillText = (text, x, y) => {
            window.places.add(`${x} ${y}`);
            draw(text, x, y);
        };
    }""")
    return lambda: int(page.evaluate("window.places.size"))
