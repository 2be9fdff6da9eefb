"""The project as a wheel, installed where there is no clone."""

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from serverless_pizza_oven.aws import Aws
from tests.patience import PATIENCE_SECS
from tests.stack.commands import environment

ROOT = Path(__file__).parents[2]
BUILD_SECS = PATIENCE_SECS

FAILING_RESOURCE = """
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Metrics: [{Id: m, Expression: "1"}]

Outputs:
"""
"""The emulator makes no alarms of this kind."""


NEEDS_AN_EXTRA = {
    ("local",): "oven local needs the extra local",
    ("demo", "--n", "1"): "an oven on this machine needs the extra local",
    ("view", "--stack", "spo"): "the page needs the extra local",
    ("simulate", "--items", "1", "--plot", "a.svg"): "--plot needs the extra plot",
}
"""The message of a command whose extra is not installed."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """An environment with the wheel and all libraries of this one."""
    home, packages = _environment_with(wheel, "all")
    # Later in the path than the wheel; and the clone, which is only linked to from there, is not seen.
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return home


@pytest.fixture(scope="session")
def installed_without_extras(wheel: Path) -> Path:
    """An environment with the wheel and what `pip install` brings with it where no extra is named."""
    home, packages = _environment_with(wheel, "base")
    for library in _libraries("serverless-pizza-oven"):
        for name in {file.parts[0] for file in library.files or () if file.parts[0] != ".."}:
            target = packages / name
            if not target.exists():
                target.symlink_to(str(library.locate_file(name)))
    return home


def _environment_with(wheel: Path, name: str) -> tuple[Path, Path]:
    """Make an environment with the wheel alone. Returns its folder, and where its packages are."""
    home = wheel.parent / name
    venv.create(home)
    python = str(home / "bin" / "python")
    _run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", str(wheel))
    return home, Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def _libraries(name: str, extra: str = "") -> Iterator[Distribution]:
    """The dependencies of a package, with theirs, as they are installed here."""
    for requirement in map(Requirement, distribution(name).requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield distribution(requirement.name)
            for inner in ("", *requirement.extras):
                yield from _libraries(requirement.name, inner)


def test_the_client_and_the_commands_for_aws_need_no_extra(
    installed_without_extras: Path, tmp_path: Path, local_aws: Aws
) -> None:
    def oven(*arguments: str) -> str:
        return _run(
            str(installed_without_extras / "bin" / "oven"),
            *arguments,
            folder=tmp_path,
            AWS_ENDPOINT_URL=str(local_aws.endpoint_url),
        )

    assert "NewItemsQueueUrl" in oven("deploy", "--stack", "bare", "--prefix", "bare")
    assert oven("send", "--stack", "bare", "--id", "a", "--bake", "0") == "a\n"
    assert json.loads(oven("collect", "--stack", "bare", "--n", "1", "--wait", "60"))["id"] == "a"
    assert json.loads(oven("status", "--stack", "bare", "--json"))["capacity"] == 14
    assert "1 of 1 pizza" in oven("demo", "--stack", "bare", "--n", "1", "--bake", "0")
    assert oven("dlq", "list", "--stack", "bare") == ""
    assert "100 at once" in oven("simulate")
    assert "in all" in oven("cost", "--stack", "bare")
    assert oven("destroy", "--stack", "bare", "--yes") == "The stack bare is gone.\n"


def test_the_environment_without_extras_has_none(installed_without_extras: Path) -> None:
    found = _run(
        str(installed_without_extras / "bin" / "python"),
        "-c",
        "from importlib.util import find_spec; print([name for name in ("
        "'ministack', 'samtranslator', 'hypercorn', 'starlette', 'sse_starlette', 'matplotlib', 'awscrt'"
        ") if find_spec(name)])",
    )

    assert found == "[]\n"


@pytest.mark.parametrize("command", NEEDS_AN_EXTRA, ids=lambda command: command[0])
def test_a_command_whose_extra_is_missing_says_which_to_install_and_exits_with_5(
    command: tuple[str, ...], installed_without_extras: Path, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [installed_without_extras / "bin" / "oven", *command],
        cwd=tmp_path,
        env=_elsewhere(),
        capture_output=True,
        text=True,
        timeout=BUILD_SECS,
        check=False,
    )

    needs = NEEDS_AN_EXTRA[command]
    extra = needs.rpartition(" ")[2]
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr == f"oven: {needs}: pip install 'serverless-pizza-oven[{extra}]'\n"


def test_the_wheel_brings_the_whole_project_and_nothing_of_the_clone(installed: Path, tmp_path: Path) -> None:
    places = _run(
        str(installed / "bin" / "python"),
        "-c",
        "import serverless_pizza_oven, pizza_oven, serverless_pizza_oven.deployment.template as t;"
        "print(serverless_pizza_oven.__file__, pizza_oven.__file__, t.template_path())",
        folder=tmp_path,
    ).split()

    assert len(places) == 3
    assert all(Path(place).is_relative_to(installed) for place in places)
    assert (ROOT / "template.yml").read_text() == Path(places[2]).read_text()


def test_the_wheel_brings_the_page(installed: Path, tmp_path: Path) -> None:
    served = _run(
        str(installed / "bin" / "python"),
        "-c",
        "from serverless_pizza_oven.web.server import PAGE; print(PAGE, *(p.name for p in PAGE.iterdir()))",
        folder=tmp_path,
    ).split()

    assert Path(served[0]).is_relative_to(installed)
    assert set(served[1:]) == {path.name for path in (ROOT / "src/serverless_pizza_oven/web/page").iterdir()}


def test_an_installed_oven_demo_bakes_in_another_directory(installed: Path, tmp_path: Path) -> None:
    summary = json.loads(
        _run(str(installed / "bin" / "oven"), "demo", "--n", "5", "--bake", "1-1", "--json", folder=tmp_path)
    )

    assert summary["baked"] == 5
    assert not list(tmp_path.iterdir())


def test_a_resource_that_cannot_be_made_is_shown_with_the_reason(
    installed: Path, tmp_path: Path, local_aws: Aws
) -> None:
    (template,) = installed.rglob("serverless_pizza_oven/template.yml")
    sound = template.read_text()
    template.write_text(sound.replace("\nOutputs:\n", FAILING_RESOURCE))
    try:
        failed = subprocess.run(
            [installed / "bin" / "oven", "deploy", "--stack", "failing", "--prefix", "failing"],
            cwd=tmp_path,
            env=_elsewhere(AWS_ENDPOINT_URL=str(local_aws.endpoint_url)),
            capture_output=True,
            text=True,
            timeout=BUILD_SECS,
            check=False,
        )
    finally:
        template.write_text(sound)

    assert failed.returncode == 4
    assert failed.stdout == ""
    last = failed.stderr.splitlines()[-1]
    assert last.startswith(
        "oven: the stack is ROLLBACK_COMPLETE, because of Alarm (AWS::CloudWatch::Alarm): "
    )
    assert "Metrics" in last


def _run(*command: str, folder: Path | None = None, **settings: str) -> str:
    return subprocess.run(
        command,
        cwd=folder,
        env=_elsewhere(**settings),
        stdout=subprocess.PIPE,
        text=True,
        timeout=BUILD_SECS,
        check=True,
    ).stdout


def _elsewhere(**settings: str) -> dict[str, str]:
    """An environment that does not lead back to the clone."""
    return {name: value for name, value in environment(**settings).items() if name != "PYTHONPATH"}
