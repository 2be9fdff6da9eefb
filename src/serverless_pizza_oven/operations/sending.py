"""Sends items to an oven: checked before, in tens, and each id told once it is safe in New Items.

Who dies half-way, or is told that a request failed, sends the same items again: an id bakes once.
"""

import codecs
import io
from collections.abc import Iterable, Iterator, Sequence

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, Trigger, parse, sendable
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.queue_client import NotSentError, Queue, batches

READ_BYTES = 1024 * 1024
"""What is read of a file at a time."""

_BLANKS = " \t\r\n"


class BadLineError(UsageError):
    """A line of a file that is no item for this oven."""


def read_item(body: str, capacity: int) -> Item:
    """Read an item for an oven of `capacity` slots. Raises MalformedItemError."""
    content = parse(sendable(body), capacity)
    if isinstance(content, Trigger):
        raise MalformedItemError("a trigger is no item: oven trigger sends one")
    return content


def read_lines(stream: io.BufferedIOBase) -> Iterator[list[bytes]]:
    """The lines of a stream, each time those that are there: who writes into a pipe may take a while."""
    rest = b""
    while chunk := stream.read1(READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
    yield [rest]


def read_items(chunks: Iterable[Sequence[bytes]], name: str, capacity: int) -> Iterator[list[Item]]:
    """Read JSON lines as items. Blank lines are none, and a byte order mark is no part of the first.

    Raises BadLineError with the `name` of the file, the number of the line and the reason, after all items
    before it. An id that comes twice is such a reason: the oven would drop the second one.
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
    """Send items, ten to a request, which are 640 KB at most of the 1 MiB that SQS takes. Yields those sent.

    Raises AwsError at the first that fails. Those that were not told may have been sent or not.
    """
    for some in batches(items):
        try:
            new_items.send([item.body for item in some])
        except NotSentError as error:
            yield [item for position, item in enumerate(some) if position not in error.positions]
            raise
        yield list(some)


class _ItemLineReader:
    """Reads line after line."""

    def __init__(self, name: str, capacity: int) -> None:
        self._name = name
        self._capacity = capacity
        self._number = 0
        self._lines: dict[str, int] = {}

    def read(self, line: bytes) -> list[Item]:
        """The item of a line; none of a blank one."""
        self._number += 1
        if self._number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            text = line.decode().strip(_BLANKS)
            return [self._new(read_item(text, self._capacity))] if text else []
        except UnicodeDecodeError as error:
            raise self._bad("the line is not UTF-8") from error
        except MalformedItemError as error:
            hint = ": an item is one line, and jq -c makes it so" if text in ("{", "[") else ""
            raise self._bad(f"{error}{hint}") from error

    def _new(self, item: Item) -> Item:
        first = self._lines.setdefault(item.id, self._number)
        if first != self._number:
            raise self._bad(f"the id {item.id} is that of line {first}, too, and an id bakes once")
        return item

    def _bad(self, reason: str) -> BadLineError:
        return BadLineError(f"{self._name}:{self._number}: {reason}")
