"""`oven send`: sends items to an oven."""

import contextlib
import io
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item
from pizza_oven.strict_json import write_object
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.assignments import read_fields
from serverless_pizza_oven.cli.messages import say, say_if_paused
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.cli.output import report_lines
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.sending import BadLineError, read_item, read_items, read_lines
from serverless_pizza_oven.operations.sending import send as send_items
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import counted

STDIN = "-"


def send(
    target: Target,
    item_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The item's id.", show_default="a new one")
    ] = None,
    bake: Annotated[int | None, typer.Option(metavar="SECS", help="How long it bakes.")] = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", help="The slots it takes.", show_default="1")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A field of yours: JSON, or else text. Repeatable."),
    ] = None,
    whole: Annotated[
        str | None, typer.Option("--item", metavar="{…}", help="The whole item, as JSON.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Items, a JSON object in each line; `-` is standard input.",
        ),
    ] = None,
    wait: Annotated[
        Sign | None,
        typer.Option(help="Wait until the item has its slots (held), or came out of the oven (out)."),
    ] = None,
) -> None:
    """Send one item or many to be baked.

    Examples:

    - `oven send --stack spo --bake 30`: an item of one slot, with a new id
    - `oven send --stack spo --id order-17 --bake 30 --size 2 --field table=7`
    - `oven send --stack spo --id order-18 --bake 30 --wait out`: return once it came out of the oven
    - `oven send --stack spo --file items.jsonl`
    - `jq -c '.[]' items.json | oven send --stack spo --file -`

    Prints the id of each item once it is in New Items. A file is checked whole before its first item is sent.
    A pipe is checked line by line, and a bad line ends it. An id that comes twice is refused: an id bakes
    once.

    With --wait it exits with 1 if the item is rejected or fails.

    If it is interrupted or fails, run it again with the same file or the same id: nothing is lost, and
    nothing bakes twice.
    """
    options = {
        "--id": item_id,
        "--bake": bake,
        "--size": size,
        "--field": field,
        "--item": whole,
        "--file": file,
    }
    given = [option for option, value in options.items() if value not in (None, [])]
    _check_combination(given)
    if file is not None and wait is not None:
        raise UsageError("--wait and --file do not go together: --wait is for one item")
    if file is not None:
        with _open(file) as stream:
            aws, oven = target.find()
            name = "standard input" if file == STDIN else file
            items = _checked(stream, name, oven.capacity)
            _send(aws, oven, items, again="Send the same again: what was sent bakes once.")
    else:
        body = _written(item_id, bake, size, field) if whole is None else whole
        aws, oven = target.find()
        item = _item(body, oven.capacity)
        same = f"it again, with --id {item.id}" if whole is None else "the same again"
        if wait is not None:
            _say_if_known(aws, oven, item)
        _send(aws, oven, [[item]], again=f"Send {same}: it bakes once.")
        if wait is not None:
            _wait(aws, oven, item, wait)


def _say_if_known(aws: Aws, oven: Stack, item: Item) -> None:
    """Say that the item will be dropped, if its id is in the oven or baked before."""
    # Imported when it is needed: it takes long, and few wait.
    from serverless_pizza_oven.cli.item_progress import told  # noqa: PLC0415
    from serverless_pizza_oven.operations.item_lookup import find_in_oven  # noqa: PLC0415

    found = find_in_oven(aws, oven, item.id)
    if found is not None:
        where = told(found, time.time(), oven)
        say(f"{item.id} {where}. This one will be dropped: an id bakes once in 90 days.")


def _wait(aws: Aws, oven: Stack, item: Item, sign: Sign) -> None:
    from serverless_pizza_oven.cli.item_progress import told, wait_until  # noqa: PLC0415 - see above

    found = wait_until(aws, oven, item.id, sign)
    say(f"{item.id} {told(found, time.time(), oven)}.")


def _check_combination(given: Sequence[str]) -> None:
    for option in ("--item", "--file"):
        if option in given and len(given) > 1:
            other = next(name for name in given if name != option)
            raise UsageError(f"{option} and {other} do not go together")
    if not {"--item", "--file", "--bake"} & set(given):
        raise UsageError("missing --bake SECS for one item, or --item or --file (see oven send --help)")


def _written(item_id: str | None, bake: int | None, size: int | None, fields: list[str] | None) -> str:
    own: dict[str, Any] = {"id": _new_id() if item_id is None else item_id, "bakingTimeSecs": bake}
    if size is not None:
        own["size"] = size
    others = read_fields("--field", fields or [])
    for name, option in {"id": "--id", "bakingTimeSecs": "--bake", "size": "--size"}.items():
        if name in others:
            raise UsageError(f"--field {name}=... has an option of its own: {option}")
    return write_object(own | others)


def _new_id() -> str:
    return f"item-{secrets.token_hex(8)}"


def _item(body: str, capacity: int) -> Item:
    try:
        return read_item(body, capacity)
    except MalformedItemError as error:
        raise UsageError(f"{error}; nothing was sent") from error


@contextlib.contextmanager
def _open(file: str) -> Iterator[io.BufferedReader]:
    try:
        stream = open(0 if file == STDIN else file, "rb", closefd=file != STDIN)  # noqa: SIM115 - may be 0
    except OSError as error:
        raise UsageError(f"--file {file}: {error.strerror}") from error
    with stream:
        yield stream


def _checked(stream: io.BufferedReader, name: str, capacity: int) -> Iterator[list[Item]]:
    """Read the items of a stream; if it can be read twice, after all of it was checked."""
    if stream.seekable():
        start = stream.tell()
        for _ in read_items(read_lines(stream), name, capacity):
            pass
        stream.seek(start)
    return read_items(read_lines(stream), name, capacity)


def _send(aws: Aws, oven: Stack, items: Iterable[list[Item]], again: str) -> None:
    new_items = Queue(aws, oven.new_items)
    count = 0
    try:
        for some in items:
            for sent in send_items(new_items, some):
                count += len(sent)
                report_lines(item.id for item in sent)
    except BadLineError:
        say(f"{counted(count, 'item')} sent before a bad line.")
        raise
    except (ToolError, KeyboardInterrupt):
        say(f"{counted(count, 'item')} sent for sure. {again}")
        raise
    say(f"{counted(count, 'item')} sent.")
    if count:
        say_if_paused(oven)
