"""`oven collect`: receives baked items."""

from contextlib import closing
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.cli.output import end_last_line, write_lines
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.collecting import as_line
from serverless_pizza_oven.operations.collecting import collect as collect_items
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import counted


def collect(
    target: Target,
    n: Annotated[int | None, typer.Option("--n", min=1, metavar="N", help="How many at most.")] = None,
    wait: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECS", help="How long to wait for the next item.", show_default="1"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait until Ctrl-C.")] = False,
) -> None:
    """Receive baked items and print them, one in a line.

    Examples:

    - `oven collect --stack spo`: what is in Baked Items now
    - `oven collect --stack spo --n 10 --wait 60 > baked.jsonl`
    - `oven collect --stack spo --follow | jq --unbuffered -r .id`

    An item is deleted from the queue after its line was written and flushed. If the command is killed, or its
    reader goes away, nothing is lost: items that were received but not deleted come again within 30 seconds,
    some perhaps twice. What a reader has read is deleted: say `--n 1` instead of `| head -1`.
    """
    if follow and wait is not None:
        raise UsageError("--follow waits until Ctrl-C: --wait does not go with it")
    aws, oven = target.find()
    end_last_line()
    count = 0
    with closing(collect_items(Queue(aws, oven.baked_items), n, None if follow else wait or 1)) as batches:
        for received in batches:
            write_lines(as_line(message) for message in received)
            count += len(received)
    say(f"{counted(count, 'item')} collected.")
