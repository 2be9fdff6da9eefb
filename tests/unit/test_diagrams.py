"""The diagrams of the documentation and the pictures that were made of them."""

from pathlib import Path

import pytest

from pictures import diagrams

SOURCES = sorted(diagrams.SOURCES.glob("*.mmd"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_each_diagram_has_a_picture_made_from_what_it_says_now(source: Path) -> None:
    assert diagrams.is_fresh(source), "make pictures"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_each_diagram_is_shown_on_a_page(source: Path) -> None:
    pages = [Path("README.md"), *Path("docs").glob("**/*.md")]

    assert any(f"images/{source.stem}.svg" in page.read_text() for page in pages)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_picture_asks_nothing_of_another_host(source: Path) -> None:
    svg = diagrams.picture(source).read_text()

    assert "url(http" not in svg
    assert "href=" not in svg.replace('href="#', "")


def test_a_diagram_that_was_changed_has_a_stale_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagrams, "PICTURES", tmp_path)
    source = tmp_path / "any.mmd"
    source.write_text("flowchart TB\n")
    diagrams.picture(source).write_text(diagrams.mark("flowchart TB\n"))
    fresh = diagrams.is_fresh(source)

    source.write_text("flowchart LR\n")

    assert fresh
    assert not diagrams.is_fresh(source)
