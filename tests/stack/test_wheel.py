"""The project as a wheel, installed where there is no clone."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from serverless_pizza_oven.aws import Aws
from tests.stack.commands import environment

ROOT = Path(__file__).parents[2]
BUILD_SECS = 120

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


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; of the libraries it sees those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    home = folder / "home"
    venv.create(home)
    python = home / "bin" / "python"
    _run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)
    )
    packages = Path(_run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Later in the path than the wheel; and the clone, which is only linked to from there, is not seen.
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return home


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


def _run(*command: str, folder: Path | None = None) -> str:
    return subprocess.run(
        command,
        cwd=folder,
        env=_elsewhere(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=BUILD_SECS,
        check=True,
    ).stdout


def _elsewhere(**settings: str) -> dict[str, str]:
    """An environment that does not lead back to the clone."""
    return {name: value for name, value in environment(**settings).items() if name != "PYTHONPATH"}
