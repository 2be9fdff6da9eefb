"""Items from a file."""

import os
from pathlib import Path

import pytest

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast import files
from serverless_pizza_oven.forecast.files import Source, Sources, read
from serverless_pizza_oven.forecast.orders import made_up_id
from serverless_pizza_oven.forecast.spread import Spread
from serverless_pizza_oven.simulator.loop import SECOND


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "orders"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def of(path: Path) -> Source:
    return Source(path, str(path))


def items(path: Path) -> list[tuple[float, str, int, int]]:
    """What is read: when each is sent, in seconds, its id, baking time and size."""
    orders = read(of(path), capacity=14, baking_secs=Spread.of(9, 9), slots=Spread.of(3, 3))
    return [
        (moment / SECOND, item.id, item.baking_time_secs, item.size) for moment, item in orders.each(seed=0)
    ]


ONE, TWO = made_up_id(1), made_up_id(2)

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
    ((_, item),) = read(of(path), capacity=14).each(0)

    assert '"topping":["ham","ä"]' in item.body


def test_only_so_many_lines_are_read_as_were_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "time\n1\n2\nnonsense\n")

    orders = read(of(path), capacity=14, most=2)

    assert (orders.count, len(list(orders.each(0)))) == (2, 2)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("0,20\n1,30\n", 1, "it must name the columns, of which one is called time"),
        ("time;size\n0;1\n", 1, "there are semicolons between its columns: put commas there"),
        ("\ufeffsize\tTime\n1\t0\n", 1, "there are tabs between its columns: put commas there"),
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
            "time,bakingTimeSecs\n0,1.5\n",
            2,
            'bakingTimeSecs must be a whole number of seconds from 0 to 31536000, not "1.5"',
        ),
        ("time,bakingTimeSecs\n0,-1\n", 2, "not -1"),
        ("time,id\n0,a b\n", 2, "id must be 1 to 80 characters"),
        ("time\n-1\n", 2, "time must be seconds from 0"),
        ("time\nnan\n", 2, "time must be seconds from 0"),
        ("time\n\n2026-13-01\n", 3, "time must be seconds from 0"),
        ("time,id\n,a\n", 2, "time is missing"),
        ("time\n2\n1\n", 3, "the time 1 is before that of the line above"),
        ("time,id\n1,a,b\n", 2, "3 cells, and 2 columns"),
        ("time\n0\n2026-11-23T12:00:00Z\n", 3, "is a date, and the first one is in seconds"),
        ('{"time": "2026-11-23"}\n{"time": 9}\n', 2, "the time 9 is in seconds, and the first one is a date"),
        ("time\n0\n1763900000\n", 3, "is 20415 days after the first, and no simulation takes more than 1100"),
        ('time,id\n0,a\n\n1,"b\n2,c\n', 4, "a quotation mark is not closed"),
        ('time,note\n0,"two\nlines"\n1,a,b\n', 4, "3 cells, and 2 columns"),
        ('time,id\n0,"a"b\n', 2, "after a cell in quotation marks there must be a comma"),
        (f"time,id\n0,{'a' * 200_000}\n", 2, "a cell has more than 131072 characters"),
        (b"time\r0\r1\r", 1, "is there a carriage return in the midst of it?"),
        (b"time\n1\n\xff\n", 3, "the line is not UTF-8"),
        ("time\n1\n".encode("utf-16"), 1, "the line is not UTF-8"),
        ('{"time": 0}\n{"time": 1\n', 2, "the message is not JSON: Expecting ',' delimiter: column 11"),
        ('{"time": 0}\n[1]\n', 2, "the message must be a JSON object, not [1]"),
        ('{"time": 0, "time": 1}\n', 1, "says a name twice"),
        ('{"id": "a"}\n', 1, "time is missing"),
        ('{"time": true}\n', 1, "or a date such as 2026-11-23T12:00:00Z, not true"),
        ('{"time": 1764000000000}\n', 1, "time must be seconds from 0 to 10000000000"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line_with_its_file_and_line(
    content: str | bytes, line: int, words: str, tmp_path: Path
) -> None:
    path = write(tmp_path, content)

    with pytest.raises(UsageError) as refused:
        read(of(path), capacity=14)

    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_that_the_oven_does_not_read_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "time,baking,SIZE,size,\n0,30,XL,2,\n")

    assert read(of(path), capacity=14).unread == ["SIZE", "baking"]


@pytest.mark.parametrize("content", ["", "\n\n", "time\n"])
def test_a_file_without_items_is_told_to_have_none(content: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"orders: there are no items in it$"):
        read(of(write(tmp_path, content)), capacity=14)


def test_a_pipe_is_copied_once_and_read_as_often_as_need_be() -> None:
    out, into = os.pipe()
    os.write(into, b"time,size\n0,1\n5,2\n")
    os.close(into)
    sources = Sources()
    try:
        for _ in range(2):
            source = found(sources, f"/dev/fd/{out}")
            orders = read(source, capacity=14)
            assert (orders.count, orders.arrivals) == (2, f"as in /dev/fd/{out}")
        with pytest.raises(UsageError, match=f"^/dev/fd/{out}, line 3: size must be"):
            read(source, capacity=1)
    finally:
        os.close(out)
    copy = source.path
    assert copy.exists()
    del orders, source, sources
    assert not copy.exists()


def test_an_endless_pipe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_COPIED", 10)
    out, into = os.pipe()
    os.write(into, b"time\n0\n1\n2\n")
    try:
        os.close(into)
        with pytest.raises(UsageError, match=f"^/dev/fd/{out}: more than 2 GB come out of it"):
            Sources().find(f"/dev/fd/{out}")
    finally:
        os.close(out)


def found(sources: Sources, text: str) -> Source:
    source = sources.find(text)
    assert source is not None
    return source


def test_what_is_no_file_is_not_found() -> None:
    assert [Sources().find(text) for text in ("", "none", "x" * 5000)] == [None, None, None]


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file and no pipe"):
        read(of(tmp_path), capacity=14)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read(of(tmp_path / "none"), capacity=14)
