"""Items from a file."""

import os
import tracemalloc
from pathlib import Path

import pytest

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import input_file
from serverless_pizza_oven.forecast.columns import read_columns
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.file_workload import read_workload
from serverless_pizza_oven.forecast.input_file import InputFile, InputFiles
from serverless_pizza_oven.forecast.workload import generated_id
from serverless_pizza_oven.simulator.loop import SECOND


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "orders"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def of(path: Path) -> InputFile:
    return InputFile(path, str(path))


def items_by(columns: str, path: Path) -> list[tuple[float, int, int]]:
    """When each is sent, in seconds, its baking time and its size."""
    workload = read_workload(of(path), capacity=99, columns=read_columns(columns) if columns else {})
    return [(moment / SECOND, item.baking_time_secs, item.size) for moment, item in workload.items(seed=0)]


def items(path: Path) -> list[tuple[float, str, int, int]]:
    """The items of a file: seconds, id, baking time and size."""
    workload = read_workload(
        of(path), capacity=14, baking_secs=Distribution.of(9, 9), slots=Distribution.of(3, 3)
    )
    return [
        (moment / SECOND, item.id, item.baking_time_secs, item.size)
        for moment, item in workload.items(seed=0)
    ]


ONE, TWO = generated_id(1), generated_id(2)

FULL = [(0.0, "a", 20, 3), (1.5, "b", 30, 2)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("time,id,bakingTimeSecs,size\n0,a,20,3\n1.5,b,30,2\n", FULL),
        ("size , id,bakingTimeSecs,time\r\n3, a ,20,100\r\n\r\n2,b,30,101.5", FULL),
        (
            '{"time": 0, "id": "a", "bakingTimeSecs":20}\n{"time":1.5,"id":"b","size":2,"bakingTimeSecs":30}',
            FULL,
        ),
        ("time\n5\n6\n", [(0.0, ONE, 9, 3), (1.0, TWO, 9, 3)]),
        ('{"time": 5}\n\n{"time": "6", "id": "007"}\n', [(0.0, ONE, 9, 3), (1.0, "007", 9, 3)]),
        ("time,size,id\n5,,007\n5,2,\n", [(0.0, "007", 9, 3), (0.0, TWO, 9, 2)]),
        (
            "\ufefftime\n2026-11-23T12:00:00Z\n2026-11-23T14:00:00.5+02:00\n",
            [(0.0, ONE, 9, 3), (0.5, TWO, 9, 3)],
        ),
    ],
)
def test_csv_and_json_lines_are_read_and_what_they_do_not_say_is_made_up(
    content: str, expected: object, tmp_path: Path
) -> None:
    assert items(write(tmp_path, content)) == expected


def test_fields_of_the_senders_own_go_along(tmp_path: Path) -> None:
    path = write(tmp_path, '{"time": 1, "topping": ["ham", "ä"]}\n')
    ((_, item),) = read_workload(of(path), capacity=14).items(0)

    assert '"topping":["ham","ä"]' in item.body


def test_only_so_many_lines_are_read_as_were_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "time\n1\n2\nnonsense\n")

    workload = read_workload(of(path), capacity=14, max_items=2)

    assert (workload.count, len(list(workload.items(0)))) == (2, 2)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("0,20\n1,30\n", 1, "no column is called time; this line names 0, 20. Name the columns in the first"),
        ("id;ts;size\n", 1, "no column is called time; this line names id, ts, size. "),
        (",,\n", 1, "no column is called time; this line names none. "),
        ('[{"time": 0}]\n', 1, "this is a JSON array: write one object per line, as jq -c '.[]' does"),
        ("\ufeffsize\tTime\n1\t0\n", 1, "Time must be written time"),
        ("TIME,size\n0,1\n", 1, "TIME must be written time"),
        ("time,Size\n0,1\n", 1, "Size must be written size"),
        ("time,baking_time_secs\n0,1\n", 1, "baking_time_secs must be written bakingTimeSecs"),
        (
            '{"time": 0}\n{"time": 1, "BakingTimeSecs": 9}\n',
            2,
            "BakingTimeSecs must be written bakingTimeSecs",
        ),
        ("time,size,size\n0,1,2\n", 1, "there are two columns called size"),
        ("time,size\n0,1\n0,15\n", 3, "size must be a whole number of slots from 1 to 14, not 15"),
        (
            "time,bakingTimeSecs\n0,1.5 s\n",
            2,
            'bakingTimeSecs must be a whole number of seconds from 0 to 31449600, not "1.5 s"',
        ),
        ("time,bakingTimeSecs\n0,-1\n", 2, "not -1"),
        ("time,bakingTimeSecs\n0,-0.5\n", 2, "not -0.5"),
        ("time,bakingTimeSecs\n0,1e99\n", 2, "not 1e+99"),
        ("time,size\n0,2.5\n", 2, "size must be a whole number of slots from 1 to 14, not 2.5"),
        ('{"time": 0, "bakingTimeSecs": 1e999}', 1, "a number that is too large"),
        ("time,bakingTimeSecs\n0,1,5\n", 2, "a cell that contains a comma needs quotation marks"),
        ("time,id\n0,a b\n", 2, "id must be 1 to 80 characters"),
        ("time\n-1\n", 2, "time must be a number of seconds"),
        ("time\nnan\n", 2, "time must be a number of seconds"),
        ("time\n\n2026-13-01\n", 3, "time must be a number of seconds"),
        ("time,id\n,a\n", 2, "time is missing; there is id"),
        ("time\n2\n1\n", 3, "the time 1 is before that of the line above"),
        ("time,id\n1,a,b\n", 2, "3 cells, and 2 columns"),
        ("time\n0\n2026-11-23T12:00:00Z\n", 3, "is a date, and the first one is in seconds"),
        ('{"time": "2026-11-23"}\n{"time": 9}\n', 2, "the time 9 is in seconds, and the first one is a date"),
        ("time\n0\n1763900000\n", 3, "is 20415 days after the first, and a simulation takes at most 1100"),
        ('time,id\n0,a\n\n1,"b\n2,c\n', 4, "a quotation mark is not closed"),
        ('time,note\n0,"two\nlines"\n1,a,b\n', 4, "3 cells, and 2 columns"),
        ('time,id\n0,"a"b\n', 2, "after a cell in quotation marks must come ',' or the end"),
        (f"time,id\n0,{'a' * 200_000}\n", 2, "a cell has more than 131072 characters"),
        (b"time\r0\r1\r", 1, "does the line contain a carriage return?"),
        (b"time\n1\n\xff\n", 3, "the line is not UTF-8"),
        ("time\n1\n".encode("utf-16"), 1, "the file is UTF-16, not UTF-8: convert it"),
        ('{"time": 0}\n{"time": 1\n', 2, "the message is not JSON: Expecting ',' delimiter: column 11"),
        ('{"time": 0}\n[1]\n', 2, "the message must be a JSON object, not [1]"),
        ('{"time": 0, "time": 1}\n', 1, "says a name twice"),
        ('{"id": "a", "ts": 1}\n', 1, "time is missing; there is id, ts"),
        ('{"time": true}\n', 1, "or a date such as 2026-11-23T12:00:00Z, not true"),
        ('{"time": 1e20}\n', 1, "time must be a number of seconds, or of milliseconds since 1970"),
        ("time\n1764000000\n1764000000500\n", 3, "is in milliseconds, and the first one is in seconds"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line_with_its_file_and_line(
    content: str | bytes, line: int, words: str, tmp_path: Path
) -> None:
    path = write(tmp_path, content)

    with pytest.raises(UsageError) as refused:
        read_workload(of(path), capacity=14)

    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_that_the_oven_does_not_read_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "time,baking,SIZE,size,\n0,30,XL,2,\n")

    assert read_workload(of(path), capacity=14).notes == (
        "Not read, as in orders: SIZE, baking. The oven reads time, id, bakingTimeSecs, size.",
    )


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        (["1764000000000", "1764000001500"], "milliseconds"),
        (["1764000000000.0", "1764000001500.0"], "milliseconds"),
        (["1764000000000000", "1764000001500000"], "microseconds"),
        (["1764000000000000000", "1764000001500000000"], "nanoseconds"),
    ],
)
def test_times_in_parts_of_a_second_since_1970_are_read_as_such_and_that_is_told(
    times: list[str], unit: str, tmp_path: Path
) -> None:
    as_csv = write(tmp_path, "time\n" + "\n".join(times))
    assert [moment for moment, *_ in items(as_csv)] == [0, 1.5]
    assert read_workload(of(as_csv), capacity=14).notes == (
        f"The times of orders are read as {unit} since 1970.",
    )

    as_json = write(tmp_path, "".join(f'{{"time": {time}}}\n' for time in times))
    assert [moment for moment, *_ in items(as_json)] == [0, 1.5]


@pytest.mark.parametrize(
    "content",
    [
        "time;bakingTimeSecs;size\n0,5;20;2\n2;30,0;3\n",
        "sep=;\ntime;bakingTimeSecs;size\n0,5;20;2\n2;30,0;3\n",
        '"time";"bakingTimeSecs";"size"\n"0,5";"20";"2"\n"2";"30,0";"3"\n',
        "time\tbakingTimeSecs\tsize\n0,5\t20\t2\n2\t30,0\t3\n",
        "time|bakingTimeSecs|size\n0.5|20|2\n2|30|3\n",
    ],
)
def test_a_csv_of_another_country_is_read_and_that_is_told(content: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)

    assert [row[:1] + row[2:] for row in items(path)] == [(0, 20, 2), (1.5, 30, 3)]
    (note,) = read_workload(of(path), capacity=14).notes
    assert note.startswith("The columns of orders are separated by ")


def test_an_empty_cell_at_the_end_of_a_line_with_tabs_is_a_cell(tmp_path: Path) -> None:
    assert items(write(tmp_path, "time\tid\tsize\n0\ta\t\n")) == [(0, "a", 9, 3)]


def test_measured_durations_are_rounded_up_and_that_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "time,bakingTimeSecs,size\n0,20.0,2.0\n1,2.2,1\n2,0.001,1\n")

    assert [row[2:] for row in items(path)] == [(20, 2), (3, 1), (1, 1)]
    assert read_workload(of(path), capacity=14).notes == (
        (
            "2 baking times of orders rounded up to whole seconds, first 2.2 in line 3. An oven refuses "
            "fractions: round them before you send items."
        ),
    )


def test_ids_that_repeat_are_told_before_the_simulation(tmp_path: Path) -> None:
    path = write(tmp_path, "time,id\n0,a\n1,b\n2,a\n3,b\n4,c\n")

    assert read_workload(of(path), capacity=14).notes == (
        (
            "2 items of orders will be dropped, first a in line 4: the id was sent before, and an id bakes "
            "once in 90 days. Leave out the ids to have all items baked."
        ),
    )


@pytest.mark.parametrize("content", ["", "\n\n", "time\n"])
def test_a_file_without_items_is_told_to_have_none(content: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"orders: there are no items in it$"):
        read_workload(of(write(tmp_path, content)), capacity=14)


def test_a_pipe_is_copied_once_and_read_as_often_as_need_be() -> None:
    out, into = os.pipe()
    os.write(into, b"time,size\n0,1\n5,2\n")
    os.close(into)
    sources = InputFiles()
    try:
        for _ in range(2):
            source = found(sources, f"/dev/fd/{out}")
            workload = read_workload(source, capacity=14)
            assert (workload.count, workload.arrivals) == (2, f"as in /dev/fd/{out}")
        with pytest.raises(UsageError, match=f"^/dev/fd/{out}, line 3: size must be"):
            read_workload(source, capacity=1)
    finally:
        os.close(out)
    copy = source.path
    assert copy.exists()
    del workload, source, sources
    assert not copy.exists()


def test_an_endless_pipe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_file, "MAX_COPIED_BYTES", 10)
    out, into = os.pipe()
    os.write(into, b"time\n0\n1\n2\n")
    try:
        os.close(into)
        with pytest.raises(UsageError, match=f"^/dev/fd/{out} holds more than 2 GB"):
            InputFiles().find(f"/dev/fd/{out}")
    finally:
        os.close(out)


@pytest.mark.parametrize(
    ("beginning", "reason"),
    [
        (b"time,id\n0,", "line 2: the line is longer than 1 MiB"),
        (b"[", "line 1: the line is longer than 1 MiB: of a JSON array, write one object per line, as jq"),
        (b'{"time": 0}\n{"time":', "line 2: the line is longer than 1 MiB"),
    ],
)
def test_a_line_without_an_end_is_measured_before_it_is_taken_in_whole(
    beginning: bytes, reason: str, tmp_path: Path
) -> None:
    path = write(tmp_path, beginning)
    os.truncate(path, 200_000_000)

    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match=reason):
            read_workload(of(path), capacity=14)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def found(sources: InputFiles, text: str) -> InputFile:
    source = sources.find(text)
    assert source is not None
    return source


def test_what_is_no_file_is_not_found() -> None:
    assert [InputFiles().find(text) for text in ("", "none", "x" * 5000)] == [None, None, None]


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file and no pipe"):
        read_workload(of(tmp_path), capacity=14)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_workload(of(tmp_path / "none"), capacity=14)


# Files of others


@pytest.mark.parametrize(
    ("columns", "content"),
    [
        ("time=submit,bakingTimeSecs=secs,size=procs", "job,submit,secs,procs\n1,100,60,8\n2,160,30,4\n"),
        ("time=submit,size=procs,end=end", "submit;end;procs\n100;160;8\n160;190;4\n"),
        ("time=at,size=n,start=begin,end=done", "at\tbegin\tdone\tn\n0\t5\t65\t8\n60\t70\t100\t4\n"),
        ("time=when,size=procs,end=end", "when,size,end,procs\n0,L,60,8\n60,S,90,4\n"),
        (
            "time=t,size=n,start=s,end=e",
            (
                "t,s,e,n\n2026-11-23T12:00:00Z,2026-11-23T12:00:01Z,2026-11-23T12:01:01Z,8\n"
                "2026-11-23T12:01:00Z,2026-11-23T12:01:00Z,2026-11-23T12:01:30Z,4\n"
            ),
        ),
        (
            "time=t,size=n,bakingTimeSecs=b",
            '{"t": 0, "b": 60, "n": 8}\n{"t": 60, "b": 30, "n": 4}\n',
        ),
    ],
)
def test_a_file_with_other_names_is_read_by_what_they_stand_for(
    tmp_path: Path, columns: str, content: str
) -> None:
    assert items_by(columns, write(tmp_path, content)) == [(0.0, 60, 8), (60.0, 30, 4)]


@pytest.mark.parametrize(
    ("columns", "content", "words"),
    [
        ("time=submit", "when,size\n1,2\n", "line 1: no column is called submit, for --columns time=submit"),
        ("time=t,end=e", "t,e\n5,4\n", "line 2: the end 4 is before the start 5"),
        ("time=t,end=e", "t,e\n5,\n", "line 2: end is missing"),
        ("time=t,end=e", "t,e\n5,soon\n", "line 2: time must be a number"),
    ],
)
def test_what_is_wrong_in_such_a_file_is_told_with_its_line(
    tmp_path: Path, columns: str, content: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        items_by(columns, write(tmp_path, content))


SWF = """; Version: 2.2
; Computer: an example
;
    1      0     10     60      8   -1    -1      8    100   -1   1   1   1   1   1  -1  -1  -1
    2     30      0     -1     -1   -1    -1      4    100   -1   0   1   1   1   1  -1  -1  -1
    3     60      5     30     -1   -1    -1      4    100   -1   1   1   1   1   1  -1  -1  -1
"""


def test_the_standard_workload_format_is_read_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, SWF)

    assert items_by("", path) == [(0.0, 60, 8), (60.0, 30, 4)]
    assert read_workload(of(path), capacity=99).notes == (
        "1 job of orders left out: no run time, or no processors.",
    )


def test_a_short_line_of_the_standard_workload_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 7: a job of the Standard Workload Format has 18 numbers"):
        items_by("", write(tmp_path, SWF + "4 90 1\n"))
