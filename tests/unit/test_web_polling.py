"""Which thread polls the oven, when, and what the pages get."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

from serverless_pizza_oven.errors import AwsError
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.web.board import Board
from serverless_pizza_oven.web.figures import LiveFigures
from serverless_pizza_oven.web.polling import DEAD_LETTERS_EVERY_SECS, StatusPoller
from serverless_pizza_oven.web.scripted import ScriptedOven, status_at
from serverless_pizza_oven.web.watched_oven import DeadLetterSummary


class PeekedOven(ScriptedOven):
    """Counts how often its dead letters are read."""

    peeks = 0
    error: AwsError | None = None

    def read_dead_letters(self) -> Sequence[DeadLetterSummary]:
        self.peeks += 1
        if self.error:
            raise self.error
        return [DeadLetterSummary("a", "it is dead")]


class BoardReader:
    """A page that reads a board, by hand."""

    def __init__(self, board: Board) -> None:
        self._events = board.read()

    async def next(self) -> tuple[str, Any]:
        event = (await asyncio.wait_for(anext(self._events), 5)).decode()
        lines = dict(line.split(": ", 1) for line in event.split("\r\n") if line)
        return lines["event"], json.loads(lines["data"])

    async def leave(self) -> None:
        await self._events.aclose()  # type: ignore[attr-defined]


async def awaited(reader: BoardReader, board: Board) -> "asyncio.Future[tuple[str, Any]]":
    """The next event that a waiting page gets."""
    first = asyncio.ensure_future(reader.next())
    while not board.wait_for_readers(0):
        await asyncio.sleep(0)
    return first


def read_once(poller: StatusPoller, board: Board) -> tuple[str, Any]:
    """The event of the next status."""

    async def one() -> tuple[str, Any]:
        reader = BoardReader(board)
        first = await awaited(reader, board)
        poller.poll()
        try:
            return await first
        finally:
            await reader.leave()

    return asyncio.run(one())


def watching(oven: ScriptedOven, now: Sequence[float] = (0,)) -> tuple[StatusPoller, Board]:
    board = Board()
    return StatusPoller(oven, board, LiveFigures(), lambda: now[-1]), board


def test_a_page_gets_each_look() -> None:
    poller, board = watching(ScriptedOven(lambda: status_at(100.0, waiting=7)))

    kind, look = read_once(poller, board)

    assert (kind, look["waiting"]) == ("look", 7)
    assert look["letters"] == []


def test_an_oven_that_does_not_answer_is_trouble_and_then_it_is_back() -> None:
    def gone() -> Status:
        raise AwsError("nothing answers at http://127.0.0.1:4566")

    oven = ScriptedOven(gone)
    poller, board = watching(oven)

    assert read_once(poller, board) == ("trouble", {"said": "nothing answers at http://127.0.0.1:4566"})
    oven.script = lambda: status_at(100.0)
    assert read_once(poller, board)[0] == "look"


def test_an_error_that_nobody_thought_of_is_trouble_too_and_does_not_end_the_watch() -> None:
    def senseless() -> Status:
        raise KeyError("Attributes")

    oven = ScriptedOven(senseless)
    poller, board = watching(oven)

    assert read_once(poller, board) == ("trouble", {"said": "KeyError: 'Attributes'"})
    oven.script = lambda: status_at(100.0)
    assert read_once(poller, board)[0] == "look"


def test_a_page_that_comes_between_two_looks_gets_the_last_one_at_once() -> None:
    poller, board = watching(ScriptedOven(lambda: status_at(100.0)))

    async def two() -> None:
        early, late = BoardReader(board), BoardReader(board)
        first = await awaited(early, board)
        poller.poll()
        assert await first == await late.next()
        await early.leave()
        await late.leave()

    asyncio.run(two())


def test_a_page_that_comes_when_nobody_watched_gets_no_old_look() -> None:
    looks = [status_at(100.0, waiting=0), status_at(101.0, waiting=1), status_at(900.0, waiting=2)]
    poller, board = watching(ScriptedOven(lambda: looks.pop(0)))
    read_once(poller, board)
    poller.poll()

    async def anew() -> None:
        reader = BoardReader(board)
        first = await awaited(reader, board)
        poller.poll()
        assert (await first)[1]["waiting"] == 2
        await reader.leave()

    asyncio.run(anew())


def test_a_slow_page_misses_all_but_the_newest_look() -> None:
    looks = [status_at(float(at), waiting=at) for at in range(100)]
    poller, board = watching(ScriptedOven(lambda: looks.pop(0)))

    async def slow() -> None:
        reader = BoardReader(board)
        first = await awaited(reader, board)
        poller.poll()
        assert (await first)[1]["waiting"] == 0
        for _ in range(99):
            poller.poll()
        assert (await reader.next())[1]["waiting"] == 99
        await reader.leave()

    asyncio.run(slow())


def test_nobody_looks_while_no_page_is_open() -> None:
    looked = threading.Event()

    def look() -> Status:
        looked.set()
        return status_at(100.0)

    board = Board()
    thread = threading.Thread(target=StatusPoller(ScriptedOven(look), board, LiveFigures()).run)
    thread.start()
    try:
        assert not looked.wait(0.2)
        kind, _ = asyncio.run(BoardReader(board).next())
        assert kind == "look"
    finally:
        board.close()
        thread.join(5)
    assert not thread.is_alive()


def test_the_pages_end_when_the_board_is_closed() -> None:
    board = Board()

    async def read() -> list[bytes]:
        asyncio.get_running_loop().call_later(0.05, board.close)
        return [event async for event in board.read()]

    assert asyncio.run(asyncio.wait_for(read(), 5)) == []
    assert asyncio.run(asyncio.wait_for(read(), 5)) == []


def test_dead_letters_are_read_when_their_number_changes_and_not_more_often_than_every_ten_seconds() -> None:
    now, dead = [0.0], [0]
    oven = PeekedOven(lambda: status_at(100.0, dead=dead[-1]))
    poller, board = watching(oven, now)

    peeks = []
    for at, count in [(0, 0), (1, 1), (2, 1), (3, 2), (1 + DEAD_LETTERS_EVERY_SECS, 2), (99, 2), (100, 3)]:
        now.append(at)
        dead.append(count)
        _, look = read_once(poller, board)
        peeks.append(oven.peeks)

    assert peeks == [0, 1, 1, 1, 2, 2, 3]
    assert look["letters"] == [{"id": "a", "reason": "it is dead"}]


def test_an_emptied_queue_of_dead_letters_is_told_without_reading_it() -> None:
    now, dead = [0.0], [1]
    oven = PeekedOven(lambda: status_at(100.0, dead=dead[-1]))
    poller, board = watching(oven, now)
    read_once(poller, board)
    now.append(60)
    dead.append(0)

    _, look = read_once(poller, board)

    assert (look["letters"], look["letterNote"], oven.peeks) == ([], "There are none.", 1)


def test_letters_that_may_not_be_read_leave_the_numbers() -> None:
    oven = PeekedOven(lambda: status_at(100.0, waiting=7, dead=1))
    oven.error = AwsError("AccessDenied")
    poller, board = watching(oven)

    kind, look = read_once(poller, board)

    assert (kind, look["waiting"]) == ("look", 7)
    assert look["letterNote"] == "They cannot be read: AccessDenied"


def test_letters_that_could_not_be_read_are_read_some_seconds_later() -> None:
    now = [0.0]
    oven = PeekedOven(lambda: status_at(100.0, dead=1))
    oven.error = AwsError("throttled")
    poller, board = watching(oven, now)
    read_once(poller, board)
    oven.error = None

    now.append(DEAD_LETTERS_EVERY_SECS - 1)
    _, soon = read_once(poller, board)
    now.append(DEAD_LETTERS_EVERY_SECS)
    _, later = read_once(poller, board)

    assert (soon["letters"], oven.peeks) == ([], 2)
    assert later["letters"] == [{"id": "a", "reason": "it is dead"}]
