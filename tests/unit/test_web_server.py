"""The answers and refusals of the page's server."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pizza_oven.errors import MalformedItemError
from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.local.emulator import PortTakenError
from serverless_pizza_oven.web import server
from serverless_pizza_oven.web.ordering import PizzaOrder
from serverless_pizza_oven.web.scripted import ScriptedOven, status_at
from serverless_pizza_oven.web.server import running_page

ORDER = {"count": 5, "bakingTimeSecs": 3, "size": 2}


@dataclass
class PageAnswer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        said: str = json.loads(self.body)["said"]
        return said


class PageVisitor:
    """A browser, or a client that pretends to be one."""

    def __init__(self, url: str, oven: ScriptedOven) -> None:
        self.port = urlsplit(url).port or 0
        self.origin = f"http://127.0.0.1:{self.port}"
        self.oven = oven

    def get(self, path: str, **headers: str) -> PageAnswer:
        return self._ask("GET", path, headers)

    def post(self, order: object, **headers: str) -> PageAnswer:
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return self._ask("POST", "/pizzas", {"Origin": self.origin, **headers}, body)

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> PageAnswer:
        named = {name: value for name, value in headers.items() if value}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            # The stream has no end.
            is_stream = found.get("content-type", "").startswith("text/event-stream")
            return PageAnswer(response.status, b"" if is_stream else response.read(), found)


@pytest.fixture
def visitor() -> Iterator[PageVisitor]:
    oven = ScriptedOven(lambda: status_at(100.0))
    with running_page(oven) as page:
        yield PageVisitor(page.url, oven)


def test_the_page_and_its_files_are_served(visitor: PageVisitor) -> None:
    kinds = {path: visitor.get(path).headers["content-type"].partition(";")[0] for path in files()}

    assert kinds["/"] == "text/html"
    assert kinds["/style.css"] == "text/css"
    assert kinds["/page.js"] == "text/javascript"
    assert kinds["/icon.svg"] == "image/svg+xml"


def files() -> list[str]:
    return ["/", *(f"/{path.name}" for path in server.PAGE.iterdir())]


@pytest.mark.parametrize("path", ["/", "/page.js", "/looks", "/nothing"])
def test_every_answer_forbids_all_but_the_pages_own_files(visitor: PageVisitor, path: str) -> None:
    headers = visitor.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_refusals_bear_the_same_headers(visitor: PageVisitor) -> None:
    assert "content-security-policy" in visitor.get("/", Host="evil.example").headers
    assert "content-security-policy" in visitor.get("/", Origin="http://evil.example").headers


@pytest.mark.parametrize("path", ["/", "/looks", "/page.js"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost."])
def test_a_name_that_was_made_to_lead_here_is_refused(visitor: PageVisitor, path: str, host: str) -> None:
    assert visitor.get(path, Host=host).status == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machines_own_names_are_taken_at_any_port_that_leads_here(
    visitor: PageVisitor, host: str
) -> None:
    assert visitor.get("/", Host=f"{host}:8080").status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
def test_another_websites_requests_are_refused(visitor: PageVisitor, origin: str) -> None:
    origin = origin.format(port=visitor.port)

    assert visitor.get("/looks", Origin=origin).status == 403
    assert visitor.post(ORDER, Origin=origin).status == 403
    assert visitor.oven.sent == []


def test_who_does_not_say_where_it_comes_from_may_read_and_not_send(visitor: PageVisitor) -> None:
    assert visitor.get("/").status == 200
    assert visitor.post(ORDER, Origin="").status == 403
    assert visitor.oven.sent == []


def test_an_order_is_sent_to_an_oven_on_this_machine(visitor: PageVisitor) -> None:
    answer = visitor.post(ORDER)

    assert (answer.status, answer.said) == (200, "Sent 5 pizzas.")
    assert visitor.oven.sent == [PizzaOrder(5, 3, 2)]
    assert visitor.post({**ORDER, "count": 1}).said == "Sent 1 pizza."


def test_an_order_for_an_oven_elsewhere_is_refused_with_what_to_do() -> None:
    oven = ScriptedOven(lambda: status_at(100.0), is_local=False)
    with running_page(oven) as page:
        answer = PageVisitor(page.url, oven).post(ORDER)

    assert answer.status == 403
    assert "read-only" in answer.said
    assert "oven send" in answer.said
    assert oven.sent == []


@pytest.mark.parametrize("count", [0, 21, -1, 1.5, True, "5", None, 10**30])
def test_more_than_a_handful_is_refused(visitor: PageVisitor, count: object) -> None:
    answer = visitor.post({**ORDER, "count": count})

    assert answer.status == 400
    assert "from 1 to 20 pizzas" in answer.said
    assert visitor.oven.sent == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"[" * 900, b'{"count": 5}', b"\xff", b'{"a": 2}'])
def test_what_is_no_order_is_refused(visitor: PageVisitor, body: bytes) -> None:
    assert visitor.post(body).status == 400
    assert visitor.oven.sent == []


def test_a_long_body_is_not_read_to_its_end(visitor: PageVisitor) -> None:
    assert visitor.post(b" " * 5000).status == 413


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (MalformedItemError("size must be at most 14"), 400, "Not sent: size must be at most 14."),
        (AwsError("nothing answers"), 502, "It is unknown whether they were sent: nothing answers."),
    ],
)
def test_what_the_oven_says_to_an_order_is_told(
    visitor: PageVisitor, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    def refuse(_: PizzaOrder) -> None:
        raise error

    monkeypatch.setattr(visitor.oven, "send", refuse)

    answer = visitor.post(ORDER)

    assert (answer.status, answer.said) == (status, said)


def test_files_beside_the_page_are_not_served(visitor: PageVisitor) -> None:
    for path in ("/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "//etc/passwd"):
        assert visitor.get(path).status == 404, path


def test_a_page_is_greeted_and_then_told_each_look(visitor: PageVisitor) -> None:
    with contextlib.closing(stream(visitor.port)) as events:
        hello, look = next(events), next(events)

    assert hello[0] == "hello"
    assert (hello[1]["stack"], hello[1]["sends"], hello[1]["history"]) == ("scripted", True, [])
    assert (look[0], look[1]["capacity"]) == ("look", 14)


def stream(port: int) -> Generator[tuple[str, dict[str, object]]]:
    """The events that a page receives."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/looks")
        response = connection.getresponse()
        while line := response.readline().decode().strip():
            kind = line.removeprefix("event: ")
            data = json.loads(response.readline().decode().removeprefix("data: "))
            response.readline()
            yield kind, data


def test_the_page_listens_on_this_machine_alone(visitor: PageVisitor) -> None:
    with socket.socket() as probe:
        # All of 127.0.0.0/8 is this machine, but not where we listen.
        assert probe.connect_ex(("127.0.0.2", visitor.port)) != 0


def test_a_port_that_is_taken_is_an_error_that_says_so(visitor: PageVisitor) -> None:
    taken = pytest.raises(PortTakenError, match=f"port {visitor.port} of 127.0.0.1 is taken: .* --port")
    with taken, running_page(visitor.oven, visitor.port):
        pass


def test_the_command_ends_soon_although_pages_are_open_and_a_look_hangs() -> None:
    hangs = threading.Event()

    def look() -> None:
        hangs.wait(30)
        raise AwsError("too late")

    oven = ScriptedOven(look)  # type: ignore[arg-type]
    with running_page(oven) as page:
        pages = [stream(PageVisitor(page.url, oven).port) for _ in range(3)]
        for events in pages:
            assert next(events)[0] == "hello"
        began = time.monotonic()
    took = time.monotonic() - began
    hangs.set()

    assert took < 5
    for events in pages:
        events.close()


def test_the_page_asks_no_other_host_for_anything() -> None:
    namespaces = ("http://www.w3.org/2000/svg",)
    for path in Path(server.PAGE).iterdir():
        text = path.read_text()
        for namespace in namespaces:
            text = text.replace(namespace, "")
        assert "http:" not in text, path.name
        assert "https:" not in text, path.name
        assert "innerHTML" not in text, path.name
