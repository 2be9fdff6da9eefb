"""`oven simulate` as users see it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.signals import TERMINATED
from serverless_pizza_oven.forecast.options import ForecastOptions, read_request
from serverless_pizza_oven.forecast.plot import figure_of
from serverless_pizza_oven.forecast.run import forecast
from tests.patience import eventually

Capture = pytest.CaptureFixture[str]


def simulate(*options: str) -> object:
    """Run the command. Returns its exit code."""
    try:
        main(["simulate", *options])
    except SystemExit as ended:
        return ended.code or 0
    return 0


def simulated(capsys: Capture, *options: str) -> dict[str, Any]:
    assert simulate("--json", *options) == 0
    said = capsys.readouterr()
    assert said.err == ""
    document: dict[str, Any] = json.loads(said.out)
    return document


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of a printed table."""
    return [tuple(filter(None, (cell.strip() for cell in line.split("   ")))) for line in text.splitlines()]


# What comes out


def test_alone_it_is_the_demo_of_the_original(capsys: Capture) -> None:
    assert simulate() == 0

    said = capsys.readouterr()
    printed = rows(said.out)
    assert said.err == ""
    assert printed[:4] == [
        ("Oven", "14 slots"),
        ("Items", "100 at once"),
        ("baking", "15-30 s"),
        ("slots of each", "1"),
    ]
    told = {cells[0]: cells[1] for cells in printed if len(cells) == 2}
    assert told["Time"].endswith(" s")
    assert told["State transitions"] == "200 (2.00 an item)"
    assert ("Step Functions", "$50.00") in printed
    assert said.out.endswith("before the free tier.\n")
    assert not [line for line in said.out.splitlines() if line != line.rstrip()]


def test_the_json_has_it_all_and_keeps_its_keys(capsys: Capture) -> None:
    document = simulated(capsys, "--items", "20", "--capacity", "5")

    assert list(document) == [
        "setUp",
        "items",
        "sent",
        "copies",
        "out",
        "cameOutAgain",
        "deadLetters",
        "seconds",
        "idealSeconds",
        "timesIdeal",
        "itemsPerSecond",
        "utilisation",
        "waitingSeconds",
        "idealWaitingSeconds",
        "waitingItems",
        "requests",
        "functions",
        "stateTransitions",
        "writeUnits",
        "readUnits",
        "cost",
        "held",
        "limits",
        "series",
        "compared",
    ]
    assert document["setUp"]["capacity"] == 5
    assert (document["items"], document["out"], document["stateTransitions"]) == (20, 20, 40)
    assert list(document["waitingSeconds"]) == ["mean", "p50", "p90", "p99", "max"]
    assert {len(values) for values in document["series"].values()} == {len(document["series"]["seconds"])}
    assert document["cost"]["dollars"] == pytest.approx(
        sum(each["dollars"] for each in document["cost"]["services"])
    )
    assert document["compared"] == []


def test_the_default_of_a_day_is_whole_days_with_their_busy_hours(capsys: Capture) -> None:
    asked = ("--arrivals", "daily:400/day", "--bake", "300-2400", "--capacity", "8")
    week = simulated(capsys, *asked)

    assert week["items"] == 7 * 400
    assert week["waitingSeconds"]["p50"] > 600

    assert simulate("--items", "100", *asked) == 0
    assert capsys.readouterr().err == (
        "Too few items: 100 are less than a day of them, from its beginning. Leave out --items to have whole "
        "days (2,800 items).\n"
    )


def test_the_waiting_of_the_ideal_and_the_spread_of_seeds_stand_beside_the_waiting(capsys: Capture) -> None:
    asked = ("--arrivals", "poisson:0.5", "--bake", "20", "--items", "1000", "--seeds", "3")
    document = simulated(capsys, *asked)

    assert 0 < document["idealWaitingSeconds"]["mean"] < document["waitingSeconds"]["mean"]
    assert [each["seed"] for each in document["seeds"]] == [0, 1, 2]
    means = [each["waitingSeconds"]["mean"] for each in document["seeds"]]
    assert means[0] == document["waitingSeconds"]["mean"]
    assert len(set(means)) == 3

    assert simulate(*asked) == 0
    told = {cells[0]: cells[1] for cells in rows(capsys.readouterr().out) if len(cells) == 2}
    assert told["Over seeds"] == "3, least to most"
    assert told["waiting, mean"] == f"{min(means):.2f} s to {max(means):.2f} s"
    assert told["in the ideal"] == f"{document['idealWaitingSeconds']['p50']:.2f} s (p50)"


def test_what_a_month_costs_is_told_of_arrivals_that_go_on(capsys: Capture) -> None:
    going_on = simulated(capsys, "--arrivals", "steady:0.1", "--bake", "5")
    at_once = simulated(capsys, "--bake", "5")

    cost = going_on["cost"]
    assert cost["dollarsAMonth"] == pytest.approx(
        cost["dollars"] * 30 * 86400 / going_on["seconds"], rel=1e-4
    )
    assert at_once["cost"]["dollarsAMonth"] is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("time", "--columns takes FIELD=COLUMN"),
        ("when=submit", "--columns takes FIELD=COLUMN"),
        ("time=a,time=b", "--columns takes FIELD=COLUMN"),
        ("start=begin", "--columns start=... needs end=..., too"),
        ("end=end,bakingTimeSecs=secs", "--columns takes end=... or bakingTimeSecs=..., not both"),
        ("time=submit", "--columns is for a file of arrivals"),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(columns: str, words: str, capsys: Capture) -> None:
    assert simulate("--columns", columns) == 2
    assert words in capsys.readouterr().err


def test_two_runs_are_the_same_to_the_last_byte(tmp_path: Path) -> None:
    def run(name: str, hash_seed: str) -> tuple[bytes, bytes]:
        picture = tmp_path / name
        outcome = subprocess.run(
            [
                *(
                    sys.executable,
                    "-c",
                    "from serverless_pizza_oven.cli import main; main()",
                    "simulate",
                    "--items=60",
                ),
                *("--arrivals=poisson:2", "--size=1-3", "--faults=mild", "--compare=--seed=7", "--json"),
                f"--plot={picture}",
            ],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        )
        return outcome.stdout, picture.read_bytes()

    assert run("1.svg", "1") == run("2.svg", "2")


def test_another_seed_draws_something_else(capsys: Capture) -> None:
    one, other = (simulated(capsys, "--items", "10", "--seed", seed) for seed in ("1", "2"))

    assert one["seconds"] != other["seconds"]


def test_what_is_compared_differs_in_the_options_named_and_nothing_else(capsys: Capture) -> None:
    options = ("--items", "50", "--capacity", "5", "--size", "1-2")
    document = simulated(capsys, *options, "--compare", "--capacity 20", "--compare", "--seed 3 --bake 1")
    alone = simulated(capsys, "--items", "50", "--size", "1-2", "--capacity", "20")
    larger, other = document["compared"]

    assert larger.pop("options") == "--capacity 20"
    assert larger == {key: value for key, value in alone.items() if key != "compared"}
    assert larger["seconds"] < document["seconds"]
    assert (other["setUp"]["seed"], other["setUp"]["baking"], other["setUp"]["capacity"]) == (3, "1 s", 5)


def test_the_table_holds_what_is_compared_side_by_side(capsys: Capture) -> None:
    quotas = "--quota starts=20 --quota starts-burst=1"
    assert simulate("--items", "30", "--compare", "--capacity 28", "--compare", quotas) == 0

    printed = rows(capsys.readouterr().out)
    assert printed[0] == ("base", "--capacity 28", quotas)
    assert printed[1] == ("Oven", "14 slots", "28 slots", "14 slots")
    assert ("Quotas", "large", "large", "large, starts=20, starts-burst=1") in printed
    (bound,) = (cells for cells in printed if cells[:1] == ("StartExecution, 20/s",))
    assert bound[1:3] == ("-", "-")
    assert "first at" in bound[3]


def test_what_is_unusual_is_told_and_nothing_else(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("time,id\n0,a\n1,a\n")
    unusual = {"Quotas", "Faults", "Dropped, id sent before", "Came out again", "Dead letters"}

    def told(*options: str) -> dict[str, str]:
        assert simulate(*options) == 0
        printed = [cells for cells in rows(capsys.readouterr().out) if len(cells) == 2]
        return {label: value for label, value in printed if label in unusual}

    assert told("--items=5") == {}
    assert told(f"--arrivals={path}") == {"Dropped, id sent before": "1"}
    assert told("--items=5", "--region-quotas=other", "--quota=starts=7") == {"Quotas": "other, starts=7"}
    assert told("--items=5", "--quota=new-account", "--quota=starts=7") == {"Quotas": "new-account, starts=7"}
    assert told("--items=5", "--faults=mild")["Faults"] == "mild"


def test_items_come_from_a_file(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("time,bakingTimeSecs\n0,2\n10,2\n20,2\n")

    document = simulated(capsys, "--arrivals", str(path))

    assert (document["items"], document["out"], document["idealSeconds"]) == (3, 3, 22)
    assert document["setUp"]["arrivals"] == "as in orders.csv"


def test_items_come_from_standard_input_for_everything_that_is_compared() -> None:
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-c",
                "from serverless_pizza_oven.cli import main; main()",
                "simulate",
                "--json",
            ),
            *("--arrivals", "-", "--compare=--capacity 1"),
        ],
        input=b"time,bakingTimeSecs\n0,2\n0,2\n",
        capture_output=True,
        check=True,
    )

    document = json.loads(done.stdout)
    assert document["setUp"]["arrivals"] == "as in standard input"
    assert [each["idealSeconds"] for each in (document, *document["compared"])] == [2, 4]
    assert done.stderr == b""


def test_who_is_terminated_leaves_no_copy_of_a_pipe_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from serverless_pizza_oven.cli import main; main()",
            "simulate",
            "--arrivals",
            "-",
        ],
        stdin=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as simulation:
        eventually("it copies", lambda: list(tmp_path.iterdir()))
        simulation.terminate()
        simulation.wait(30)

    assert simulation.returncode == TERMINATED
    assert list(tmp_path.iterdir()) == []


def test_fields_that_are_not_read_are_said_of_each_file_though_their_names_are_the_same(
    tmp_path: Path, capsys: Capture
) -> None:
    paths = [tmp_path / folder / "orders.csv" for folder in ("a", "b")]
    for path, column in zip(paths, ("note", "size"), strict=True):
        path.parent.mkdir()
        path.write_text(f"time,{column}\n0,1\n")

    assert simulate("--arrivals", str(paths[0]), "--compare", f"--arrivals {paths[1]}", "--json") == 0

    assert "Not read, as in orders.csv: note." in capsys.readouterr().err


def test_it_is_said_once_which_fields_are_not_read(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("time,baking,size,note\x1b[7m\n0,30,1,now\n")

    assert simulate("--arrivals", str(path), "--compare", "--capacity 2", "--json") == 0
    assert capsys.readouterr().err == (
        "Not read, as in orders.csv: baking, note?[7m. The oven reads time, id, bakingTimeSecs, size.\n"
    )


def test_a_fault_of_its_own_rate_changes_the_outcome_and_is_told(capsys: Capture) -> None:
    document = simulated(
        capsys,
        *("--items", "40", "--faults", "mild", "--fault", "task-twice=0", "--fault", "refused=0.1"),
        *("--compare", "--fault event-lost=.9"),
    )
    mild = simulated(capsys, "--items", "40", "--faults", "mild")

    assert document["setUp"]["faults"] == "mild, refused=0.1, task-twice=0.0"
    assert document["compared"][0]["setUp"]["faults"] == "mild, event-lost=0.9"
    assert document["out"] == mild["out"] == 40
    assert document["waitingSeconds"] != mild["waitingSeconds"]


# Pictures


@pytest.mark.parametrize(("name", "magic"), [("a.svg", b"<?xml"), ("a.SVG", b"<?xml"), ("a.png", b"\x89PNG")])
def test_a_picture_is_drawn(name: str, magic: bytes, tmp_path: Path, capsys: Capture) -> None:
    picture = tmp_path / name

    simulated(capsys, "--items", "10", "--plot", str(picture), "--compare", "--capacity 1")

    assert picture.read_bytes().startswith(magic)


def test_a_picture_shows_what_is_sent_waits_bakes_and_is_out() -> None:
    one = forecast(read_request(ForecastOptions(items=10, size="2", capacity=4)))
    panels = figure_of(["base"], [one]).axes
    lines = {
        line.get_label(): np.asarray(line.get_ydata()).tolist()
        for axes in panels
        for line in axes.get_lines()
    }

    assert lines["sent"] == one.series.sent
    assert lines["out"] == one.series.out
    assert lines["items baking"] == one.series.baking
    assert [axes.get_title(loc="left") for axes in panels] == ["Items", "Waiting", "In the oven, of 4 slots"]


# What it refuses


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--capacity 0", "--capacity takes a whole number from 1 to 4000, not 0 (see oven simulate --help)"),
        ("--items 0", "--items takes a whole number from 1 to 10000000, not 0"),
        ("--seed -1", "--seed takes a whole number, 0 or more, not -1"),
        ("--capacity 1e6", "--capacity takes a whole number from 1 to 4000, not 1e6"),
        ("--faults evil", "--faults takes none, mild or rough, not evil"),
        ("--region-quotas eu-west-1", "--region-quotas takes large or other, not eu-west-1"),
        ("--bake", "Option '--bake' requires an argument (see oven simulate --help)"),
        ("--size 15", "--size 15: size must be a whole number of slots from 1 to 14, not 15"),
        ("--capacity 2 --size 1-3", "--size 1-3: size must be a whole number of slots from 1 to 2, not 3"),
        ("--bake 31449601", "--bake 31449601: bakingTimeSecs must be a whole number of seconds"),
        (
            "--bake -5",
            "--bake takes numbers such as 20, 15-30, 5m-40m, or 15-30:9,60:1 with weights: '-5' is",
        ),
        ("--arrivals poisson", "--arrivals poisson: poisson needs a rate, such as poisson:5/s"),
        ("--arrivals steady:0", "--arrivals steady:0: a rate is like 5/s"),
        ("--arrivals poison:5", "there is no file 'poison:5'"),
        ("--quota start=5", "--quota start=5: the quotas are row-writes, row-reads"),
        ("--quota starts=0", "--quota starts=0: it takes NAME=N, a whole number from 1"),
        ("--fault refuse=0.1", "--fault refuse=0.1: the faults are crash-before, crash-after, hang"),
        ("--fault event-lost=0.91", "--fault event-lost=0.91: it takes NAME=RATE, a number from 0 to 0.9"),
        ("--fault refused=", "--fault refused=: it takes NAME=RATE"),
        (
            "--fault refused=0.0000001",
            "it takes NAME=RATE, a number from 0 to 0.9, with six decimals at most",
        ),
        (
            "--fault refused=0.2 --fault hang=0.01",
            "--fault hang=0.01 and refused=0.2: at most 0.2 of the requests may meet one, or the simulation",
        ),
        (
            "--arrivals steady:1/day --items 2000",
            "--arrivals steady:1/day: 2000 items take 1999 days to arrive, and a simulation takes",
        ),
        ("--plot a.pdf", "--plot a.pdf: the name must end in .svg or .png"),
        ("--plot /nowhere/a.svg", "--plot /nowhere/a.svg: there is no folder /nowhere"),
        ("--compare=", "--compare : it takes options of the oven and its items"),
        ("--compare=--json", "--compare --json: it takes options of the oven and its items"),
        ("--compare='--size", "--compare '--size: No closing quotation"),
        ("--compare=--sizes=3", "--compare --sizes=3: No such option: --sizes"),
        (
            "--compare=--capacity=0",
            "--compare --capacity=0: --capacity takes a whole number from 1 to 4000, not",
        ),
        ("--compare=--size=15", "--size 15: size must be a whole number of slots from 1 to 14, not 15"),
    ],
)
def test_what_cannot_be_simulated_is_told_in_one_line(options: str, words: str, capsys: Capture) -> None:
    assert simulate(*options.split()) == 2

    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("oven: ")
    assert words in line


def test_a_bad_line_of_a_file_is_named(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("time,size\n0,1\n1,99\n")

    assert simulate("--arrivals", str(path)) == 2
    assert capsys.readouterr().err == (
        f"oven: {path}, line 3: size must be a whole number of slots from 1 to 14, not 99\n"
    )
