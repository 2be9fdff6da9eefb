"""What the documentation says of itself and of the rest of the repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from serverless_pizza_oven.deployment.template import default_parameters, template_path

ROOT = Path(__file__).parents[2]
PAGES = [str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))]

FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|(?: ([^|]*) \|)?", re.MULTILINE)
FOREIGN = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=["']?(?:https?:)?//[^>]*>""")


BLOCK = re.compile(r"^```(.*)\n(?:.*\n)*?```$", re.MULTILINE)
SHELLS = {"", "sh", "bash", "shell", "text"}


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return FENCED.sub("", (ROOT / page).read_text())


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_to_a_file_and_a_heading_in_it(page: str) -> None:
    broken = []
    for path, heading in LINK.findall(prose(page)):
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (heading and heading not in anchors(target)):
            broken.append(f"{path}#{heading}")

    assert not broken


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_picture_is_there_and_is_described(page: str) -> None:
    for description, path in IMAGE.findall(prose(page)):
        assert ((ROOT / page).parent / path).exists()
        assert len(description) > 20, f"say what {path} shows, for those who cannot see it"


def anchors(page: Path) -> set[str]:
    """What its headings are called in links."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {slugify(heading.replace("`", ""), "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(page for page in PAGES if page.startswith("docs/")))
def test_commands_are_console_blocks_which_a_test_types(page: str) -> None:
    text = (ROOT / page).read_text()

    assert not SHELLS & set(BLOCK.findall(text))
    assert not re.search(r"^\n    \S", prose(page), re.MULTILINE), "a block by indentation has no language"


def test_the_parameters_of_the_template_are_told_with_their_defaults() -> None:
    told = {names.strip("`"): default for names, default in rows("## Parameters")}

    assert told == {name: default or "(none)" for name, default in default_parameters().items()}


def test_the_outputs_of_the_template_are_told() -> None:
    told = {name.strip("`") for names, _ in rows("## Outputs") for name in names.split(", ")}

    assert told == set(yaml_parse(template_path().read_text())["Outputs"])


def rows(section: str) -> list[tuple[str, str]]:
    """The first two columns of the table in a section of docs/deploy.md."""
    text = (ROOT / "docs" / "deploy.md").read_text().partition(f"\n{section}\n")[2]
    return ROW.findall(text.partition("\n## ")[0])


def test_the_site_builds_without_a_warning_and_asks_nothing_of_another_host(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.glob("**/*.html"))
    assert tmp_path / "faults.html" in pages
    assert not [found for page in pages for found in FOREIGN.findall(page.read_text())]
