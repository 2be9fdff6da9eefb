"""The page in a browser, with scripted ovens."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Error, Page, expect

from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.operations.throttling import ThrottledRequests, quotas_of
from serverless_pizza_oven.web.ordering import PizzaOrder
from serverless_pizza_oven.web.scripted import ScriptedOven, ScriptedRush, status_at
from tests.browser.conftest import OpenPage, Serve
from tests.browser.looks import (
    HOSTILE,
    LETTERS,
    UNKNOWN,
    count_numbers,
    drawn_blue,
    drawn_shapes,
    drawn_share,
    number,
    oven_of,
    script,
)
from tests.patience import eventually

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


Ovens = dict[str, Callable[[], ScriptedOven]]
"""Makes the oven of each state."""


def busy_oven(**others: Any) -> ScriptedOven:
    return oven_of(
        *(f"pizza-{n}" for n in range(9)), waiting=1234, new=5, baked=8, dead_letters=LETTERS, **others
    )


def gone() -> Status:
    raise AwsError(f"nothing answers at http://127.0.0.1:4566 {HOSTILE}")


def opened(page: Page) -> Page:
    """Wait until the page shows a status."""
    expect(page.locator("#occupied")).not_to_have_text(UNKNOWN)
    return page


# Words


def test_the_headings_are_the_names_of_the_queues_and_what_stands_below(
    serve: Serve, open_page: OpenPage
) -> None:
    page = opened(open_page(serve(busy_oven())))

    assert page.locator(".station h2").all_inner_texts() == [
        "New Items", "Waiting Items", "Baked Items", "Dead letters",
    ]  # fmt: skip
    assert page.locator("#letters-title").inner_text() == "Rejected and failed items"


def test_why_items_wait_beside_free_slots_is_told(serve: Serve, open_page: OpenPage) -> None:
    oven = oven_of("a", waiting=3, too_few_slots=5)
    page = opened(open_page(serve(oven)))
    expect(page.locator("#head")).to_have_text("5 free, the first in line needs more")
    label = page.locator("#oven").get_attribute("aria-label") or ""
    assert "the first in line needs more slots than are free" in label

    oven.script = script([], waiting=3)

    expect(page.locator("#head")).to_have_text("")


# Numbers


def test_the_numbers_are_those_of_the_oven(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(busy_oven())))

    shown = {name: number(page, name) for name in ("occupied", "capacity", "waiting", "new", "baked", "dead")}
    assert shown == {"occupied": 9, "capacity": 14, "waiting": 1234, "new": 5, "baked": 8, "dead": 3}
    assert page.locator("#in-line").inner_text() == "1,234"
    assert page.title() == "scripted: pizza oven"
    assert "9 of 14 slots taken, 5 free; 9 items" in (page.locator("#oven").get_attribute("aria-label") or "")


def test_what_cannot_be_told_yet_is_no_number(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(oven_of("a", waiting=3))))

    assert number(page, "rate") == number(page, "wait") == -1


def test_the_numbers_follow_the_oven(serve: Serve, open_page: OpenPage) -> None:
    oven = oven_of("a", "b")
    page = opened(open_page(serve(oven)))
    oven.script = script([BakingItem("c", 3, time.time() + 60)], waiting=7)

    expect(page.locator("#occupied")).to_have_text("3")
    expect(page.locator("#waiting")).to_have_text("7")


@pytest.mark.parametrize("capacity", [1, 14, 100, 500, 4000])
def test_a_full_oven_looks_full_and_an_empty_one_empty(
    serve: Serve, open_page: OpenPage, capacity: int
) -> None:
    items = [BakingItem(f"pizza-{n}", 1, time.time() + 60) for n in range(capacity)]
    oven = ScriptedOven(script(items, capacity=capacity))
    page = opened(open_page(serve(oven), reduced_motion="reduce"))

    eventually("a full oven is drawn", lambda: drawn_share(page) > 0.05)
    oven.script = script([], capacity=capacity)
    expect(page.locator("#occupied")).to_have_text("0")

    eventually("an empty oven is drawn", lambda: drawn_share(page) < 0.01)


def test_a_pizza_of_several_slots_covers_as_much_as_so_many_of_one(serve: Serve, open_page: OpenPage) -> None:
    until = time.time() + 60
    small = ScriptedOven(script([BakingItem(f"pizza-{n}", 1, until) for n in range(10)], capacity=20))
    large = ScriptedOven(script([BakingItem(f"pizza-{n}", 5, until) for n in range(2)], capacity=20))

    pages = [opened(open_page(serve(oven), reduced_motion="reduce")) for oven in (small, large)]

    def are_drawn() -> bool:
        shares = [drawn_share(page) for page in pages]
        return shares[1] > shares[0] > 0.1

    eventually("both are drawn", are_drawn)


@pytest.mark.parametrize("sizes", [(7, 7), (9, 5), (13,), (3, 3, 3, 3), (2,) * 7])
def test_a_pizza_is_one_shape_with_one_number_also_where_it_wraps(
    serve: Serve, open_page: OpenPage, sizes: tuple[int, ...]
) -> None:
    items = [BakingItem(f"pizza-{n}", size, time.time() + 60) for n, size in enumerate(sizes)]
    page = opened(open_page(serve(ScriptedOven(script(items))), reduced_motion="reduce"))
    places = count_numbers(page)

    eventually("each pizza has a number", lambda: places() >= len(sizes))

    assert drawn_shapes(page) == places() == len(sizes)


def test_a_pizza_that_finds_its_slots_apart_is_one_shape_too(serve: Serve, open_page: OpenPage) -> None:
    until = time.time() + 60
    small = [BakingItem(f"pizza-{n}", 1, until) for n in range(14)]
    oven = ScriptedOven(script(small))
    page = opened(open_page(serve(oven), reduced_motion="reduce"))
    eventually("it is full", lambda: drawn_shapes(page) == 14)

    oven.script = script([*small[::2], BakingItem("large", 7, until)])

    eventually("the large one is one shape", lambda: drawn_shapes(page) == 8)


def test_a_lowered_capacity_still_shows_all_that_bakes(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(oven_of(*map(str, range(12)), capacity=8))))
    expect(page.locator("#note")).to_contain_text("The capacity was lowered")

    page.locator("#items summary").click()

    expect(page.locator("#item-rows tr")).to_have_count(12)
    assert number(page, "occupied") == 12


def test_who_is_overdue_is_marked(serve: Serve, open_page: OpenPage) -> None:
    late = [BakingItem("late", 1, time.time() - 60), BakingItem("well", 1, time.time() + 60)]
    page = opened(open_page(serve(ScriptedOven(script(late)))))

    page.locator("#items summary").click()

    expect(page.locator("tr.overdue")).to_have_text(re.compile("late.*overdue by"))
    assert "1 overdue" in (page.locator("#oven").get_attribute("aria-label") or "")


def test_a_pizza_tells_its_name_and_time_under_the_pointer(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(oven_of("capricciosa", capacity=1))))

    page.locator("#oven").hover()

    expect(page.locator("#tip")).to_have_text(re.compile("^capricciosa, out in [0-9]+ s$"))


def test_a_held_item_is_told_as_such_in_the_list_and_under_the_pointer(
    serve: Serve, open_page: OpenPage
) -> None:
    oven = ScriptedOven(script([BakingItem("kept", 14, time.time() + 90, 3, holder=f"anna@ci {HOSTILE}")]))
    page = opened(open_page(serve(oven), **PHONE))
    page.locator("#items summary").click()

    row = page.locator("#item-rows tr.held")
    by = re.escape(f" by anna@ci {HOSTILE}")
    expect(row).to_have_text(re.compile(f"kept14held{by}, its lease ends in [0-9]+ s, extended 3 times"))
    label = page.locator("#oven").get_attribute("aria-label") or ""
    assert "1 item; 1 held." in label
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#oven").hover()
    expect(page.locator("#tip")).to_have_text(re.compile(f"^kept, 14 slots, held{by}, its lease ends in "))

    oven.script = script([BakingItem("kept", 14, time.time() - 1, 1, ended=True)])

    expect(row).to_have_text(re.compile("kept14held, its lease ended [0-9]+ s ago, extended 1 time"))


def test_a_held_pizza_is_drawn_with_a_lock_and_a_ring_of_its_own(serve: Serve, open_page: OpenPage) -> None:
    until = time.time() + 90
    oven = ScriptedOven(script([BakingItem("kept", 1, until, 0)], capacity=1))
    page = opened(open_page(serve(oven), reduced_motion="reduce"))

    eventually("its lock and its ring are drawn", lambda: drawn_blue(page) > 200)
    oven.script = script([BakingItem("kept", 1, until)], capacity=1)
    eventually("they are gone when it bakes", lambda: drawn_blue(page) == 0)


def test_a_paused_oven_says_so(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(oven_of("a", is_paused=True))))

    expect(page.locator("#state")).to_have_text("Paused")
    expect(page.locator("#note")).to_contain_text("Items that fail keep their slots")


def test_a_quota_that_limits_the_oven_is_told(serve: Serve, open_page: OpenPage) -> None:
    outputs = {"BakingTableName": "t", "ItemStatesArn": "m"}
    functions = {"BakeItemsFunctionName": "b", "ItemRemovedFunctionName": "r"}
    throttled = ThrottledRequests(quotas_of(Stack("spo", {**outputs, **functions}))[0], 312, 0.98)
    page = opened(open_page(serve(oven_of("a", throttled=[throttled])), **PHONE))

    expect(page.locator("#note")).to_have_text(f"{throttled.in_words()}.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_reloaded_page_has_the_last_minutes_still(serve: Serve, open_page: OpenPage) -> None:
    rush = ScriptedRush([1.5] * 200, 20, time.time)
    page = opened(open_page(serve(ScriptedOven(rush, capacity=20))))
    expect(page.locator("#rate")).not_to_have_text(UNKNOWN)

    page.reload()

    opened(page)
    words = page.locator("#chart").get_attribute("aria-label") or ""
    assert int(re.search(r"([0-9]+) seen to come out", words)[1]) > 20  # type: ignore[index]


# Hostile words


def test_names_and_reasons_stay_text_whatever_they_say(serve: Serve, open_page: OpenPage) -> None:
    page = opened(open_page(serve(oven_of(HOSTILE, dead_letters=LETTERS))))
    page.locator("#items summary").click()
    page.locator("#oven").hover()

    expect(page.locator("#item-rows tr").first).to_contain_text(HOSTILE)
    assert page.locator("#letters b").all_inner_texts() == [letter.id for letter in LETTERS]
    expect(page.locator("#letters li").nth(1)).to_contain_text(LETTERS[1].reason)
    assert page.locator("#letters li").count() == 3
    assert page.locator("main img, main script, main a[href^=javascript]").count() == 0


def test_trouble_stays_text_too(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(ScriptedOven(gone)))

    expect(page.locator("#note")).to_contain_text(HOSTILE)
    assert page.locator("#note *").count() == 0


def test_the_policy_lets_no_text_become_a_script(serve: Serve, open_page: OpenPage, browser: Any) -> None:
    page = browser.new_page()
    page.goto(serve(busy_oven()))
    for attempt in (
        "document.body.innerHTML = '<img src=x onerror=\"window.harm = 1\">'",
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.harm = 1' }))",
        "document.body.setAttribute('onclick', 'window.harm = 1'); document.body.click()",
    ):
        with pytest.raises(Error, match=r"TrustedHTML|TrustedScript"):
            page.evaluate(attempt)
    assert page.evaluate("window.harm") is None
    page.close()


# Gone, and back


def test_an_oven_that_is_gone_is_told_and_its_return_too(serve: Serve, open_page: OpenPage) -> None:
    oven = busy_oven()
    works = oven.script
    page = opened(open_page(serve(oven)))

    oven.script = gone
    expect(page.locator("#state")).to_have_text("No contact")
    expect(page.locator("#note")).to_contain_text("nothing answers")
    expect(page.locator("#note")).to_contain_text("This page shows the oven as of")
    assert number(page, "occupied") == 9

    oven.script = works
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator("#note")).to_be_hidden()


def test_a_look_that_takes_too_long_is_told(serve: Serve, open_page: OpenPage) -> None:
    oven, goes_on = busy_oven(), threading.Event()
    works = oven.script

    def hang() -> Status:
        goes_on.wait(60)
        return works()

    page = opened(open_page(serve(oven)))
    oven.script = hang
    expect(page.locator("#state")).to_have_text("No contact")

    goes_on.set()
    expect(page.locator("#state")).to_have_text("Live")


# On a phone, in the dark, by keyboard, read aloud


@pytest.mark.parametrize("state", ["busy", "read-only", "gone", "huge"])
def test_a_phone_needs_no_scrolling_sideways(serve: Serve, open_page: OpenPage, state: str) -> None:
    ovens: Ovens = {
        "busy": busy_oven,
        "read-only": lambda: oven_of("x" * 80),
        "gone": lambda: ScriptedOven(gone),
        "huge": lambda: oven_of(
            *map(str, range(4000)), capacity=4000, waiting=1_000_000, dead_letters=LETTERS
        ),
    }
    oven = ovens[state]()
    oven.is_local = state != "read-only"
    page = open_page(serve(oven), **PHONE)
    expect(page.locator("#state")).not_to_have_text("Opening…")
    page.locator("#items summary").click()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert not page.evaluate("""() => [...document.querySelectorAll("main *")].filter(
        (element) => !element.closest("svg, #flights") && element.getBoundingClientRect().right > 360
    ).map((element) => element.outerHTML)""")


def test_the_dark_is_dark_and_the_light_is_light(serve: Serve, open_page: OpenPage) -> None:
    url = serve(busy_oven())
    brightness = "() => getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"

    assert max(open_page(url, color_scheme="dark").evaluate(brightness)) < 60
    assert min(open_page(url, color_scheme="light").evaluate(brightness)) > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["busy", "read-only", "gone", "paused", "overdue"])
def test_axe_finds_nothing_to_complain_of(serve: Serve, open_page: OpenPage, scheme: str, state: str) -> None:
    ovens: Ovens = {
        "busy": busy_oven,
        "read-only": busy_oven,
        "gone": busy_oven,
        "paused": lambda: busy_oven(is_paused=True),
        "overdue": lambda: busy_oven(secs=-60),
    }
    oven = ovens[state]()
    oven.is_local = state != "read-only"
    page = opened(open_page(serve(oven), color_scheme=scheme))
    page.locator("#items summary").click()
    if state == "gone":
        oven.script = gone
        expect(page.locator("#state")).to_have_text("No contact")

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_alone_reaches_everything(serve: Serve, open_page: OpenPage) -> None:
    oven = busy_oven()
    page = opened(open_page(serve(oven)))
    press = page.keyboard.press
    focused = (
        "() => document.activeElement.id || document.activeElement.name || document.activeElement.tagName"
    )

    press("Tab")
    assert page.locator(".skip").is_visible()
    press("Enter")
    assert page.evaluate(focused) == "kitchen"

    press("Tab")
    assert page.evaluate(focused) == "count"
    page.keyboard.type("3")
    press("Tab")
    page.keyboard.type("7")
    press("Tab")
    page.keyboard.type("2")
    press("Enter")
    expect(page.locator("#sent")).to_have_text("Sent 3 pizzas.")
    assert oven.sent == [PizzaOrder(3, 7, 2)]

    while page.evaluate(focused) != "SUMMARY":
        press("Tab")
    press("Enter")
    expect(page.locator("#item-rows tr").first).to_be_visible()


def test_what_is_read_aloud_speaks_only_when_the_state_changes(serve: Serve, open_page: OpenPage) -> None:
    rush = ScriptedRush([1.0] * 300, 14, time.time)
    oven = ScriptedOven(rush)
    page = opened(open_page(serve(oven)))
    page.evaluate("""() => {
        window.spoken = [];
        const live = "[role=status], [role=alert], [role=log], [aria-live]";
        const note = (changes) => changes.forEach((change) => window.spoken.push(change.target.textContent));
        for (const element of document.querySelectorAll(live)) {
            new MutationObserver(note).observe(element, { subtree: true, childList: true });
        }
    }""")
    before = page.locator("#baked").inner_text()
    expect(page.locator("#baked")).not_to_have_text(before)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.spoken") == []

    oven.script = gone
    expect(page.locator("#state")).to_have_text("No contact")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.spoken") == ["No contact"]


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_pizzas_fly_unless_the_visitor_wants_no_motion(
    serve: Serve, open_page: OpenPage, motion: str
) -> None:
    oven = oven_of(waiting=9)
    page = opened(open_page(serve(oven), reduced_motion=motion))
    page.evaluate("""() => {
        window.flown = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...how) { window.flown++; return animate.apply(this, how); };
    }""")
    oven.script = script(
        [BakingItem("a", 1, time.time() + 60), BakingItem("b", 1, time.time() + 60)], waiting=7
    )
    expect(page.locator("#occupied")).to_have_text("2")

    moving = "document.getAnimations().length"
    if motion == "reduce":
        assert page.evaluate("window.flown") == page.evaluate(moving) == 0
    else:
        assert page.evaluate("window.flown") == 2


# Sending


def test_pizzas_are_sent_from_the_page(serve: Serve, open_page: OpenPage) -> None:
    oven = oven_of()
    page = opened(open_page(serve(oven)))

    page.get_by_label("How many").fill("20")
    page.get_by_label("Seconds to bake").fill("0")
    page.get_by_label("Slots each").fill("14")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#sent")).to_have_text("Sent 20 pizzas.")
    assert oven.sent == [PizzaOrder(20, 0, 14)]


def test_the_page_of_an_oven_elsewhere_has_no_button_and_says_why(serve: Serve, open_page: OpenPage) -> None:
    oven = oven_of()
    oven.is_local = False
    page = opened(open_page(serve(oven)))

    expect(page.get_by_role("button", name="Send")).to_have_count(0)
    expect(page.locator("#sent")).to_contain_text("read-only")


# Many pages, for long


def test_many_pages_see_the_same_and_cost_no_more_than_one(serve: Serve, open_page: OpenPage) -> None:
    looks: list[float] = []
    oven = busy_oven()
    works = oven.script

    def counted() -> Status:
        looks.append(time.monotonic())
        return works()

    oven.script = counted
    begun = time.monotonic()
    url = serve(oven)
    pages = [opened(open_page(url)) for _ in range(4)]
    assert [number(page, "occupied") for page in pages] == [9] * 4
    eventually("the oven was looked at some times", lambda: len(looks) >= 5)

    # Each begins a second after the one before, or later.
    assert looks[4] - begun > 3.9


def test_nobody_looks_at_the_oven_once_the_last_page_is_closed(
    serve: Serve, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serverless_pizza_oven.web.polling.POLL_EVERY_SECS", 0.01)
    looks = [0]
    oven = busy_oven()
    works = oven.script

    def counted() -> Status:
        looks[0] += 1
        return works()

    oven.script = counted
    page = opened(open_page(serve(oven)))
    page.close()

    def is_quiet() -> bool:
        before = looks[0]
        time.sleep(0.2)
        return looks[0] == before

    eventually("nobody looks", is_quiet)


def test_the_page_holds_no_more_after_thousands_of_pizzas(
    serve: Serve, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serverless_pizza_oven.web.polling.POLL_EVERY_SECS", 0.005)
    start, minute = time.time(), [0.0]

    def rush() -> Status:
        count, at = round(minute[0] * 280), start + minute[0] * 60
        items = [BakingItem(f"pizza-{count + n}", 1, at + 14 - n) for n in range(14)]
        return status_at(at, items, waiting=round(minute[0] * 20))

    page = opened(open_page(serve(ScriptedOven(rush))))
    nodes = "document.querySelectorAll('*').length"
    length = (
        "Math.max(...[...document.querySelectorAll('path')].map((path) => path.getAttribute('d').length))"
    )

    showing = """(text) => new Promise((done) => {
        const look = () => {
            if (document.getElementById("waiting").textContent === text) done();
            else setTimeout(look, 2);
        };
        look();
    })"""

    def pass_minutes(until: int) -> tuple[int, int]:
        """Plays statuses six seconds apart, each shown before the next. Returns the memory of the page after
        that."""
        while minute[0] < until:
            minute[0] = round(minute[0] + 0.1, 2)
            page.evaluate(showing, str(round(minute[0] * 20)))
        return page.evaluate(nodes), page.evaluate(length)

    before, after = pass_minutes(6), pass_minutes(12)

    assert after[0] == before[0]
    assert after[1] < before[1] * 1.1
