"""Whether the libraries of an extra are installed, in versions that fit."""

from importlib.metadata import PackageNotFoundError

import pytest

from serverless_pizza_oven import extras
from serverless_pizza_oven.extras import MissingExtraError, require

Patch = pytest.MonkeyPatch
REQUIRED = ["boto3>=1.43", "absent", 'emulator==1.5; extra == "local"', 'boto3<1.44; extra == "local"']


def installing(patch: Patch, **versions: str) -> None:
    """Have these libraries installed, and no others."""

    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    patch.setattr(extras, "requires", lambda _: REQUIRED)
    patch.setattr(extras, "version", version)


def test_an_extra_whose_libraries_fit_is_there(monkeypatch: Patch) -> None:
    installing(monkeypatch, emulator="1.5", boto3="1.43.106")

    require("local", "oven local")
    require("unknown", "oven local")


def test_the_extra_of_a_library_that_is_missing_is_named_with_what_to_install(monkeypatch: Patch) -> None:
    installing(monkeypatch, boto3="1.43.106")

    with pytest.raises(MissingExtraError) as missing:
        require("local", "oven local")

    assert str(missing.value) == (
        "oven local needs the extra local: pip install 'serverless-pizza-oven[local]'"
    )
    assert missing.value.exit_code == 5


def test_a_library_of_another_version_is_named_with_the_version_that_is_needed(monkeypatch: Patch) -> None:
    installing(monkeypatch, emulator="1.5", boto3="1.50.2")

    with pytest.raises(MissingExtraError) as missing:
        require("local", "oven local")

    assert str(missing.value) == (
        "oven local needs boto3<1.44, and 1.50.2 is installed: pip install 'serverless-pizza-oven[local]'"
    )
