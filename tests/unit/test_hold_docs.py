"""What docs/hold.md shows that no command of it runs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.stack.consoles import files_in
from tests.unit.linting import lint
from tests.unit.resolved import ROOT

PAGE = ROOT / "docs" / "hold.md"
EXAMPLE = ROOT / "docs" / "examples" / "held-workflow.yaml"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse(EXAMPLE.read_text())
    return template


def test_the_states_of_the_page_are_those_of_the_example(example: dict[str, Any]) -> None:
    states = example["Resources"]["Workflow"]["Properties"]["Definition"]["States"]
    blocks = [block.partition("```")[0] for block in PAGE.read_text().split("```yaml\n")[1:]]
    shown = [yaml.safe_load(block) for block in blocks if not block.startswith("#")]

    assert [list(block) for block in shown] == [["Hold"], ["Release"]]
    for block in shown:
        ((name, state),) = block.items()
        assert state == states[name]


def test_the_workflow_of_the_example_ends_before_its_lease(example: dict[str, Any]) -> None:
    definition = example["Resources"]["Workflow"]["Properties"]["Definition"]
    item = definition["States"]["Hold"]["Parameters"]["MessageBody"]

    assert item["bakingTimeSecs"] >= definition["TimeoutSeconds"]


def test_the_linter_has_nothing_to_say_of_the_example(tmp_path: Path) -> None:
    assert lint(EXAMPLE, tmp_path) == ("", 0)


def test_the_job_of_the_page_conforms_to_the_schema_of_github(tmp_path: Path) -> None:
    job = tmp_path / "deploy.yml"
    job.write_text(files_in(PAGE)[".github/workflows/deploy.yml"])
    schema = "vendor.github-workflows"

    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, job],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout
