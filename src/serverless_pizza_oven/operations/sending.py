"""Sends items to an oven: checks them first, sends ten per request, and reports them once SQS stored them.

If a process dies half-way, or a request fails, send the same items again: an id bakes once.
"""

import io
from collections.abc import Iterable, Iterator, Sequence

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, ItemRelease, LeaseExtension, Trigger, parse
from pizza_oven.strict_json import MAX_ITEM_BYTES, sendable
from serverless_pizza_oven.decoding import MAX_LINE_BYTES, decode_line
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.queue_client import NotSentError, Queue, batches

READ_BYTES = 1024 * 1024
"""How much of a file is read at a time."""

ONE_PER_LINE = "write one item per line, as jq -c . does, or of an array jq -c '.[]'"

_BLANKS = " \t\r\n"


class BadLineError(UsageError):
    """A line of a file is not an item for this oven."""


def read_item(body: str, capacity: int) -> Item:
    """Read an item for an oven of `capacity` slots. Raises MalformedItemError."""
    content = parse(sendable(body), capacity)
    match content:
        case Item():
            return content
        case Trigger():
            raise MalformedItemError("a trigger is no item: oven trigger sends one")
        case LeaseExtension():
            raise MalformedItemError("an extension is no item: oven extend sends one")
        case ItemRelease():
            raise MalformedItemError("a release is no item: oven release sends one")


def read_lines(stream: io.BufferedIOBase) -> Iterator[list[bytes]]:
    """Read the lines of a stream, and yield each as soon as it arrived: the writer of a pipe may be slow.

    Ends after a line of more than MAX_LINE_BYTES. Only the beginning of that line is read.
    """
    rest = b""
    while chunk := stream.read1(READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
        if len(rest) > MAX_LINE_BYTES:
            break
    yield [rest]


def read_items(chunks: Iterable[Sequence[bytes]], name: str, capacity: int) -> Iterator[list[Item]]:
    """Read JSON lines as items. Blank lines are skipped, and a byte order mark before the first is dropped.

    Raises BadLineError with the `name` of the file, the number of the line and the reason, after all items
    before it were yielded. An id that repeats is an error: the oven would drop the second item.
    """
    reader = _ItemLineReader(name, capacity)
    for lines in chunks:
        items: list[Item] = []
        try:
            for line in lines:
                items += reader.read(line)
        except BadLineError:
            yield items
            raise
        yield items


def send(new_items: Queue, items: Sequence[Item]) -> Iterator[list[Item]]:
    """Send items, ten per request: at most 640 KB of the 1 MiB that SQS allows. Yields those that SQS took.

    Raises AwsError at the first failure. Whether the items of that request were sent is unknown.
    """
    for some in batches(items):
        try:
            new_items.send([item.body for item in some])
        except NotSentError as error:
            yield [item for position, item in enumerate(some) if position not in error.positions]
            raise
        yield list(some)


class _ItemLineReader:
    """Reads a file line by line."""

    def __init__(self, name: str, capacity: int) -> None:
        self._name = name
        self._capacity = capacity
        self._number = 0
        self._lines: dict[str, int] = {}
        """The line of each id."""

    def read(self, line: bytes) -> list[Item]:
        """Read the item of a line. A blank line has none. Raises BadLineError."""
        self._number += 1
        if len(line) > MAX_LINE_BYTES:
            hint = f": {ONE_PER_LINE}" if line.lstrip().startswith(b"[") else ""
            raise self._bad(
                f"the line is longer than 1 MiB, and an item has at most {MAX_ITEM_BYTES} bytes{hint}"
            )
        try:
            text = decode_line(line, self._number).strip(_BLANKS)
            return [self._check_new(read_item(text, self._capacity))] if text else []
        except ValueError as error:
            raise self._bad(str(error)) from error
        except MalformedItemError as error:
            raise self._bad(f"{error}{_hint(text)}") from error

    def _check_new(self, item: Item) -> Item:
        first = self._lines.setdefault(item.id, self._number)
        if first != self._number:
            raise self._bad(f"the id {item.id} is that of line {first}, too, and an id bakes once")
        return item

    def _bad(self, reason: str) -> BadLineError:
        return BadLineError(f"{self._name}:{self._number}: {reason}")


def _hint(line: str) -> str:
    """What to do about a line that is not a whole JSON object."""
    if line.startswith("[") or line == "{":
        return f": {ONE_PER_LINE}"
    return "" if line.startswith("{") else ": each line must be a JSON object"
