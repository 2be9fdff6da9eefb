"""The functions' package."""

import io
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

import pizza_oven
from serverless_pizza_oven.deployment.package import build_package

MAX_BYTES = 2 * 1024 * 1024
HANDLERS = ("pizza_oven.functions.bake_items", "pizza_oven.functions.item_removed")

IN_THE_RUNTIME = ("botocore", "jmespath", "urllib3", "dateutil", "six.py")
"""The packages of a Lambda runtime: botocore and its dependencies."""

IMPORT_SECS = 60
"""Seconds: far more than an import takes. A function has 10."""

PROBE = """
import importlib, json, sys
sys.path[:] = [path for path in sys.path if "-packages" not in path] + json.loads(sys.argv[2])
module = importlib.import_module(sys.argv[1])
assert callable(module.handler)
print(json.dumps([module.__file__, sys.modules["aws_lambda_powertools"].__file__]))
"""


@pytest.fixture(scope="module")
def package() -> bytes:
    return build_package().content


@pytest.fixture(scope="module")
def names(package: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


def test_two_packages_of_the_same_code_are_the_same_bytes_whatever_the_files_times(
    package: bytes, tmp_path: Path
) -> None:
    touched = Path(pizza_oven.__path__[0]) / "item.py"
    times = touched.stat()
    os.utime(touched, (1_000_000_000, 1_000_000_000))
    try:
        again = build_package()
    finally:
        os.utime(touched, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert again.content == package
    assert build_package().key == again.key


def test_a_package_is_small(package: bytes) -> None:
    assert len(package) <= MAX_BYTES


def test_a_package_holds_every_module_of_the_oven(names: list[str]) -> None:
    root = Path(pizza_oven.__path__[0])
    modules = {f"pizza_oven/{path.relative_to(root).as_posix()}" for path in root.rglob("*.py")}

    assert {name for name in names if name.startswith("pizza_oven/")} == modules


def test_a_package_holds_powertools_and_what_that_needs(names: list[str]) -> None:
    folders = {name.partition("/")[0] for name in names}

    assert folders >= {"pizza_oven", "aws_lambda_powertools", "jmespath", "typing_extensions.py"}


def test_a_package_holds_neither_tests_nor_bytecode_nor_what_lambda_has(names: list[str]) -> None:
    assert not [name for name in names if not name.endswith(".py")]
    assert not [name for name in names if "tests" in name.split("/") or "__pycache__" in name]
    assert not [
        name for name in names if name.split("/")[0] in ("boto3", "botocore", "serverless_pizza_oven")
    ]


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handler_is_imported_from_the_package_and_botocore_alone_without_any_setting(
    module: str, package: bytes, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    zipfile.ZipFile(io.BytesIO(package)).extractall(code)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in IN_THE_RUNTIME:
        (runtime / name).symlink_to(_installed(name))

    # Neither the settings nor the packages of this interpreter are seen: reading one of the oven's settings
    # would fail, and so would making a client, for want of a region.
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE, module, json.dumps([str(code), str(runtime)])],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=IMPORT_SECS,
        check=False,
    )

    assert found.returncode == 0, found.stderr
    assert all(path.startswith(str(code)) for path in json.loads(found.stdout))


def _installed(name: str) -> Path:
    """The place where a dependency of botocore is installed."""
    project = {"dateutil": "python-dateutil", "six.py": "six"}.get(name, name)
    return Path(str(distribution(project).locate_file(name)))
