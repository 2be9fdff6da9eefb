"""The ovens that `oven local` runs: how other commands find them, and what they must never do."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.local_ovens import LocalRecord, recorded, records_folder, running_ovens


@pytest.fixture
def url() -> Iterator[str]:
    """Something answers there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_oven_is_found_while_it_runs_and_leaves_nothing(tmp_path: Path, url: str) -> None:
    folder = tmp_path / "records"
    with recorded(folder, LocalRecord(url, "spo")):
        assert running_ovens(folder) == [LocalRecord(url, "spo")]

    assert running_ovens(folder) == []
    assert list(tmp_path.iterdir()) == []


def test_only_addresses_of_this_machine_are_taken(tmp_path: Path) -> None:
    for place in ("https://sqs.eu-west-1.amazonaws.com", "http://10.0.0.7:4566", "", "no url"):
        with recorded(tmp_path / "records", LocalRecord(place, "spo")):
            assert running_ovens(tmp_path / "records") == []


def test_the_record_of_a_killed_oven_is_passed_over(tmp_path: Path, url: str) -> None:
    folder = tmp_path / "records"
    folder.mkdir(mode=0o700)
    # No process can have this number.
    (folder / "4194305.json").write_text(json.dumps({"endpoint_url": url, "stack": "spo"}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    (folder / f"{os.getpid()}.json").write_text(json.dumps({"endpoint_url": closed, "stack": "spo"}))

    assert running_ovens(folder) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"endpoint_url": 1}', "\x00"])
def test_a_file_that_is_no_record_is_passed_over(tmp_path: Path, text: str) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / f"{os.getpid()}.json").write_text(text)

    assert running_ovens(tmp_path) == []


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path, url: str, mode: int) -> None:
    with recorded(tmp_path / "records", LocalRecord(url, "spo")):
        (tmp_path / "records").chmod(mode)

        assert running_ovens(tmp_path / "records") == []


def test_a_link_to_a_folder_is_not_trusted(tmp_path: Path, url: str) -> None:
    with recorded(tmp_path / "records", LocalRecord(url, "spo")):
        (tmp_path / "link").symlink_to(tmp_path / "records")

        assert running_ovens(tmp_path / "link") == []


def test_where_nothing_can_be_written_the_oven_runs_all_the_same() -> None:
    with recorded(Path(os.devnull) / "records", LocalRecord("http://127.0.0.1:4566", "spo")):
        assert running_ovens(Path(os.devnull) / "records") == []


def test_the_records_of_each_user_are_apart() -> None:
    assert records_folder({"XDG_RUNTIME_DIR": "/run/user/1"}).parent == Path("/run/user/1")
    assert records_folder({}).name.endswith(f"-{os.getuid()}")


def status_said(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    with pytest.raises(SystemExit):
        main(["status", *options])
    return capsys.readouterr().err


def test_a_command_takes_the_local_oven_that_runs_only_if_no_option_names_another(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    folder = records_folder(os.environ)
    with socket.create_server(("127.0.0.1", 0)) as server:
        elsewhere = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert status_said(capsys) == "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)\n"

    with recorded(folder, LocalRecord(url, "no stack")):
        (folder / "broken.json").write_text("{")
        assert "Using the local oven" not in status_said(capsys, "--endpoint-url", elsewhere)
        assert "missing --stack NAME" in status_said(capsys, "--region", "eu-west-1")
        assert "Using the local oven" not in status_said(capsys, "--stack", "spo", "--profile", "none")


def test_of_several_local_ovens_none_is_guessed(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    folder = records_folder(os.environ)
    with recorded(folder, LocalRecord(url, "spo")):
        (folder / f"{os.getppid()}.json").write_text(json.dumps({"endpoint_url": url, "stack": "spo"}))

        said = status_said(capsys)

    assert said.startswith("oven: several local ovens run: choose one with --endpoint-url (http://127.0.0.1:")
