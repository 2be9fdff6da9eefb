"""The files that GitHub and pre-commit read. They cannot run here: schemas and a linter check them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
PRE_COMMIT = ROOT / ".pre-commit-config.yaml"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")

SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_github_reads_conforms_to_its_schema(schema: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, SCHEMAS[schema])],
        capture_output=True,
        text=True,
        check=False,
    )

    assert SCHEMAS[schema]
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_linter_of_workflows_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    checked = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--strict-collection", "--collect=all", GITHUB, PRE_COMMIT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_and_names_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())

    assert used
    assert [action for action in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v[\d.]+", action)] == []


def test_ci_runs_the_script_of_the_repository_on_every_python_that_is_declared() -> None:
    job = load(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]
    prefix = "Programming Language :: Python :: 3."
    declared = [each for each in pyproject()["project"]["classifiers"] if each.startswith(prefix)]

    assert [each.rpartition(" ")[2] for each in declared] == job["strategy"]["matrix"]["python"]
    assert {"ubuntu", "macos"} == {os.partition("-")[0] for os in job["strategy"]["matrix"]["os"]}
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert (ROOT / ".ci" / "run").exists()


def test_workflows_make_only_what_the_makefile_has() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {target for path in WORKFLOWS for target in re.findall(r"run: make ([a-z]+)", path.read_text())}

    assert made == {"docs", "dist"}
    assert made <= targets


def test_a_release_is_published_after_its_tests_and_without_a_stored_password() -> None:
    release = (GITHUB / "workflows" / "release.yml").read_text()
    publish = yaml.safe_load(release)["jobs"]["publish"]

    assert set(publish["needs"]) == {"test", "build"}
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in release
    assert "password:" not in release


def test_pre_commit_runs_the_pinned_tools() -> None:
    hooks = [hook for repo in load(PRE_COMMIT)["repos"] for hook in repo["hooks"]]
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))

    assert len({hook["id"] for hook in hooks}) == len(hooks) > 0
    for hook in hooks:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert hook["language"] == "system"
        assert tool in pinned | {"python"}


def test_the_development_tools_are_pinned() -> None:
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    wanted = {
        re.split(r"[\[<>=]", each)[0].lower().replace("_", "-")
        for each in pyproject()["dependency-groups"]["dev"]
    }

    assert wanted <= pinned


def test_the_changelog_begins_with_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "Unreleased"
    kinds = re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1], re.MULTILINE)
    # https://keepachangelog.com/en/1.1.0/
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert len(kinds) == len(set(kinds))


def test_the_project_says_where_it_is() -> None:
    urls = pyproject()["project"]["urls"]

    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(urls)
    assert all(url.startswith("https://") for url in urls.values())
