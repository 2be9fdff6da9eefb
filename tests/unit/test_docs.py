"""The documentation is consistent with itself and with the repository."""

import re
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from markdown.extensions.toc import slugify  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

import pizza_oven
from pictures import reference
from pizza_oven.aws import baking_table
from pizza_oven.functions import metrics
from pizza_oven.ports import BakingTable
from pizza_oven.row import Row
from serverless_pizza_oven.cli.command_table import all_commands
from serverless_pizza_oven.deployment.template import default_parameters, template_path
from tests.simulation.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
PAGES = [str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]

FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|(?: ([^|]*) \|)?", re.MULTILINE)
FOREIGN = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=["']?(?:https?:)?//[^>]*>""")


PARAMETERS = "docs/reference/parameters.md"

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
    """The anchors of its headings."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {slugify(heading.replace("`", ""), "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(page for page in PAGES if page.startswith("docs/")))
def test_commands_are_console_blocks_which_a_test_types(page: str) -> None:
    text = (ROOT / page).read_text()

    assert not SHELLS & set(BLOCK.findall(text))
    assert not re.search(r"^\n    \S", prose(page), re.MULTILINE), "a block by indentation has no language"


@pytest.mark.parametrize("page", sorted(reference.PAGES))
def test_a_page_of_the_reference_is_current(page: str) -> None:
    assert (ROOT / reference.FOLDER / page).read_text() == reference.PAGES[page](), "make reference"


def test_the_parameters_of_the_template_are_told_with_their_defaults() -> None:
    text, _, _ = (ROOT / PARAMETERS).read_text().partition("\n## Outputs\n")
    told = {name.strip("`"): default for name, default in ROW.findall(text)}

    assert told == {name: default or "(none)" for name, default in default_parameters().items()}


def test_the_outputs_of_the_template_are_told() -> None:
    told = {name.strip("`") for name, _ in rows("## Outputs", PARAMETERS)}

    assert told == set(yaml_parse(template_path().read_text())["Outputs"])


def test_every_command_is_in_the_reference_with_its_summary() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()

    for command in all_commands():
        assert f"\n\n{command.summary}\n\n| option |" in text


def test_the_metrics_of_the_functions_are_told() -> None:
    told = {name.strip("`") for name, _ in ROW.findall((ROOT / "docs/reference/metrics.md").read_text())}

    assert told == {*metrics.COUNTED.values(), *metrics.SEEN.values(), "WaitingTime"}


def test_the_texts_tell_the_order_in_which_item_removed_works() -> None:
    """As tests/unit/test_item_removed.py has the code do it: the item is out before its slots are free."""
    template = yaml_parse(template_path().read_text())
    pictures = [text for page in ("README.md", "docs/index.md") for text, _ in IMAGE.findall(prose(page))]
    diagram = (ROOT / "docs/diagrams/architecture.mmd").read_text()
    texts = [
        (ROOT / "README.md").read_text().partition("\n4. ")[2].partition("\n5. ")[0],
        *(text for text in pictures if "Item Removed" in text),
        " ".join(sorted(re.findall(r'"([1-9]\. (?:send|free|fill).*?)"', diagram))),
        template["Resources"]["ItemRemoved"]["Properties"]["Description"],
        template["Outputs"]["ItemRemovedFunctionName"]["Description"],
    ]

    assert len(texts) == 6
    for text in texts:
        _, _, after = text.partition("Item Removed")
        assert re.search(r"\bsend.*\bfree.*\bfill", after or text, re.DOTALL | re.IGNORECASE), text


def rows(section: str, page: str) -> list[tuple[str, str]]:
    """The first two columns of the tables in a section of a page."""
    text = (ROOT / page).read_text().partition(f"\n{section}\n")[2]
    return ROW.findall(text.partition("\n## ")[0])


PROTOCOL = "docs/protocol.md"


def test_each_operation_of_the_row_is_in_the_protocol() -> None:
    told = {name.strip("`") for name, _ in rows("## Each operation is one atomic request", PROTOCOL)}

    assert told == {name for name in vars(BakingTable) if not name.startswith("_")}


def test_each_field_of_the_row_is_in_the_protocol_with_its_attribute() -> None:
    section = (ROOT / PROTOCOL).read_text().partition("\n## One row holds everything\n")[2]
    told = dict(re.findall(r"^\| `(\S+)`[^|]* \| `(\w+)`", section.partition("\n## ")[0], re.MULTILINE))

    assert set(told.values()) == {field.name for field in fields(Row)}
    source = Path(baking_table.__file__).read_text()
    assert not [attribute for attribute in told if attribute.isalpha() and f'"{attribute}"' not in source]


def test_the_times_and_limits_of_the_protocol_are_those_of_the_code() -> None:
    told = rows("## These times and limits are in the code", PROTOCOL)
    modules = [import_module(f"pizza_oven.{module.name}") for module in iter_modules(pizza_oven.__path__)]

    for cell, value in told:
        name = cell.strip("`")
        assert {getattr(module, name) for module in modules if hasattr(module, name)} == {float(value)}, name


def test_the_proof_tells_how_many_mutants_there_are() -> None:
    text = " ".join((ROOT / "docs" / "proof.md").read_text().split())

    assert f"has {len(MUTANTS)} small wrong changes" in text


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
