"""When a browser is opened, and how the page's commands refuse."""

import sys
import webbrowser

import pytest

from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.view import open_in_browser, shown
from serverless_pizza_oven.deployment.stack import Stack

Patch = pytest.MonkeyPatch

URL = "http://127.0.0.1:1/"


@pytest.fixture
def opened(monkeypatch: Patch) -> list[str]:
    """The URLs that a browser was asked to open, on a terminal of Linux with nothing else set."""
    urls: list[str] = []

    def open_url(url: str) -> bool:
        urls.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_url)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return urls


@pytest.mark.parametrize("screen", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_browser_is_opened_where_there_is_a_screen(
    opened: list[str], screen: str, monkeypatch: Patch
) -> None:
    monkeypatch.setenv(screen, ":0")

    assert open_in_browser(URL)
    assert opened == [URL]


def test_a_mac_has_a_screen_unless_one_came_by_ssh(opened: list[str], monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert open_in_browser(URL)

    monkeypatch.setenv("SSH_CONNECTION", "somebody")
    assert not open_in_browser(URL)
    assert opened == [URL]


def test_no_browser_is_opened_without_a_screen(opened: list[str]) -> None:
    assert not open_in_browser(URL)
    assert not opened


def test_no_browser_is_opened_in_ci(opened: list[str], monkeypatch: Patch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("CI", "true")

    assert not open_in_browser(URL)
    assert not opened


def test_no_browser_is_opened_where_nobody_watches_the_command(opened: list[str], monkeypatch: Patch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)

    assert not open_in_browser(URL)
    assert not opened


def test_an_unwanted_page_connects_to_nothing(opened: list[str]) -> None:
    with shown(pytest.fail, Stack("spo", {}), wanted=False):
        pass

    assert not opened


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("view",), "missing --stack NAME (or set AWS_ENDPOINT_URL)"),
        (("view", "--port", "0"), "--port"),
        (
            ("demo", "--view", "--in", "http://q/1/a", "--waiting", "http://q/1/b", "--out", "http://q/1/c"),
            "--view shows the oven of a stack: name it with --stack instead of its queues",
        ),
    ],
)
def test_wrong_usage_is_told(
    opened: list[str], arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
    assert not opened


def test_the_help_says_what_watching_costs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["view", "--help"])

    help_text = " ".join(capsys.readouterr().out.split())
    assert "five requests a second" in help_text
    assert "about 1.2 cents an hour" in help_text
    assert "which hides them from others" in help_text
