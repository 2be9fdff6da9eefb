"""What the commands that move items refuse before they ask AWS."""

from pathlib import Path

import pytest

from kitchen.cli import main

Capture = pytest.CaptureFixture[str]
WHICH = "oven: which? Name the ids of dead letters, or say --all: oven dlq lists them"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["send"],
            "oven: send what? Say --bake SECS for one item, or --json or --file (see oven send --help)",
        ),
        (["send", "--id", "a"], "oven: send what? Say --bake SECS"),
        (
            ["send", "--json", "{}", "--bake", "1"],
            "oven: --json tells all of an item: --bake does not go with",
        ),
        (
            ["send", "--file", "-", "--json", "{}"],
            "oven: --json tells all of an item: --file does not go with",
        ),
        (["send", "--file", "-", "--field", "a=1"], "oven: --file tells all of an item: --field does not go"),
        (["send", "--file", "nowhere.jsonl"], "oven: --file nowhere.jsonl: No such file or directory"),
        (["send", "--file", "."], "oven: --file .: Is a directory"),
        (["send", "--bake", "1", "--field", "a"], "oven: --field takes name=value, such as table=7, not a"),
        (["send", "--bake", "1", "--field", "id=a"], "oven: --field id=... has an option of its own: --id"),
        (
            ["send", "--bake", "1", "--field", "size=1"],
            "oven: --field size=... has an option of its own: --size",
        ),
        (["collect", "--follow", "--wait", "3"], "oven: --follow waits for ever: --wait does not go with it"),
        (["collect", "--n", "0"], "oven: Invalid value for '--n'"),
        (["redrive"], WHICH),
        (["redrive", "--all", "a"], WHICH),
        (["redrive", "a", "--set", "size"], "oven: --set takes name=value, such as table=7, not size"),
        (["discard"], WHICH),
        (["discard", "--all", "a"], WHICH),
        (["remove"], "oven: Missing argument 'ID'"),
        (["send", "--bake", "1"], "oven: which stack? Name it with --stack NAME"),
        (["collect"], "oven: which stack? Name it with --stack NAME"),
        (["dlq"], "oven: which stack? Name it with --stack NAME"),
        (["redrive", "a"], "oven: which stack? Name it with --stack NAME"),
        (["discard", "a"], "oven: which stack? Name it with --stack NAME"),
        (["remove", "a"], "oven: which stack? Name it with --stack NAME"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    arguments: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert not said.out
    (told,) = said.err.splitlines()
    assert told.startswith(line)
