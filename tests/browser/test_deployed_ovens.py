"""The page with real ovens: a whole rush, and numbers that agree with the queues."""

import contextlib
import itertools
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from serverless_pizza_oven.aws import local
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.web.server import running_page
from serverless_pizza_oven.web.watched_oven import DeployedOven
from tests.browser.conftest import OpenPage
from tests.browser.looks import HOSTILE, number
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import Client, pizza
from tests.stack.commands import OVEN, RUN_SECS, environment
from tests.stack.contents import contents

PIZZAS = 30


@pytest.fixture(scope="module")
def running() -> Iterator[LocalOven]:
    with running_oven(free_port(), capacity=6) as oven:
        yield oven


@pytest.fixture
def oven(running: LocalOven) -> LocalOven:
    """The shared oven. Its tests leave it empty."""
    for url in (running.stack.baked_items, running.stack.dead_letters):
        running.aws.sqs.purge_queue(QueueUrl=url)
    return running


@contextlib.contextmanager
def page_of(oven: LocalOven) -> Iterator[str]:
    """Serves it, and yields its URL."""
    tokens = (f"test{number}" for number in itertools.count())
    watched = DeployedOven(local(oven.endpoint_url), oven.stack, time.time, lambda: next(tokens))
    with running_page(watched) as page:
        yield page.url


def shown(page: Page) -> tuple[int, ...]:
    """Slots taken, new, in line, baked, dead."""
    return tuple(number(page, name) for name in ("occupied", "new", "in-line", "baked", "dead"))


def held(oven: LocalOven) -> tuple[int, ...]:
    """The same numbers, from the queues and the table."""
    found = contents(oven.aws, oven.stack)
    return (found.occupied, found.new, found.waiting, found.baked, found.dead)


def test_a_demos_rush_is_seen_from_the_first_pizza_to_the_last(open_page: OpenPage) -> None:
    command = [OVEN, "demo", "--view", "--n", str(PIZZAS), "--bake", "4-6", "--capacity", "6"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr
        url = next(
            found[0] for line in demo.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+/", line))
        )
        page = open_page(url)

        eventually("a rate is told", lambda: number(page, "rate") > 0)
        expect(page.locator("#occupied")).to_have_text("0")
        expect(page.locator("#waiting")).to_have_text("0")
        outs = page.evaluate("document.getElementById('chart').getAttribute('aria-label')")
        demo.stderr.read()
        assert demo.wait(RUN_SECS) == 0
        # The command has ended, and its page says so.
        expect(page.locator("#state")).to_have_text("No contact")
        expect(page.locator("#note")).to_contain_text("ended")

    assert re.search(r"at most 6; .* in line now, at most [1-9]", outs)


def test_the_page_agrees_with_the_queues_while_its_own_pizzas_bake(
    oven: LocalOven, open_page: OpenPage
) -> None:
    client = Client(oven)
    with page_of(oven) as url:
        page = open_page(url)
        expect(page.locator("#capacity")).to_have_text("6")
        for count, secs in [("6", "600"), ("9", "0")]:
            page.get_by_label("How many").fill(count)
            page.get_by_label("Seconds to bake").fill(secs)
            page.get_by_role("button", name="Send").click()
            expect(page.locator("#sent")).to_have_text(f"Sent {count} pizzas.")
            # Two functions may handle the two orders, in either order.
            expect(page.locator("#occupied")).to_have_text("6")

        eventually("six bake and nine wait", lambda: shown(page) == (6, 0, 9, 0, 0) == held(oven))
        for item_id in client.row().leases:
            client.stop_baking(item_id, "Test", "over")

        def are_all_out() -> bool:
            *inside, baked, dead = held(oven)
            # A slow function may send an item or a dead letter twice.
            return inside == [0, 0, 0] and baked >= 9 and dead >= 6 and shown(page) == held(oven)

        eventually("nine are baked", are_all_out)


def test_an_order_that_the_oven_would_refuse_is_not_sent(oven: LocalOven, open_page: OpenPage) -> None:
    with page_of(oven) as url:
        page = open_page(url)
        page.get_by_label("Slots each").fill("7")
        page.get_by_role("button", name="Send").click()

        expect(page.locator("#sent")).to_have_text(
            re.compile("^Not sent: size must be .* from 1 to 6, not 7")
        )
        expect(page.locator("#sent")).to_have_class("refused")


def test_dead_letters_come_with_their_reasons_and_stay_where_they_are(
    oven: LocalOven, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serverless_pizza_oven.web.polling.DEAD_LETTERS_EVERY_SECS", 0)
    client = Client(oven)
    with page_of(oven) as url:
        page = open_page(url)
        expect(page.locator("#no-letters")).to_have_text("There are none.")

        client.send(pizza("too-large", size=99))
        client.send_bodies([HOSTILE, f'{{"id": "{HOSTILE}", "bakingTimeSecs": 1}}'])

        # Without a reason, as when SQS moves a message there.
        oven.aws.sqs.send_message(QueueUrl=oven.stack.dead_letters, MessageBody=json.dumps(pizza("given-up")))

        expect(page.locator("#letters li")).to_have_count(4)
        expect(page.locator("#letters")).to_contain_text("too-large")
        expect(page.locator("#letters")).to_contain_text("size must be a whole number of slots from 1 to 6")
        expect(page.locator("#letters")).to_contain_text("SQS gave up after 30 tries")
        expect(page.locator("#dead")).to_have_text("4")
    assert contents(oven.aws, oven.stack).dead == 4


def test_an_oven_that_stops_and_comes_back_is_shown_so(open_page: OpenPage) -> None:
    port = free_port()
    with contextlib.ExitStack() as outer:
        with running_oven(port, capacity=6) as oven:
            page = open_page(outer.enter_context(page_of(oven)))
            expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#state")).to_have_text("No contact")

        with running_oven(port, capacity=6) as again:
            expect(page.locator("#state")).to_have_text("Live")
            Client(again).send(pizza("here-again", secs=600))
            expect(page.locator("#occupied")).to_have_text("1")


def test_oven_view_prints_its_url_and_ends_at_ctrl_c_although_the_page_is_open(
    oven: LocalOven, open_page: OpenPage
) -> None:
    command = [OVEN, "view", "--endpoint-url", oven.endpoint_url]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as view:
        assert view.stdout
        page = open_page(view.stdout.readline().strip())
        expect(page.locator("#which")).to_have_text("spo on this machine")
        expect(page.locator("#state")).to_have_text("Live")

        view.send_signal(signal.SIGINT)
        assert view.wait(RUN_SECS) == 0
