"""`oven collect`: baked items come out."""

from contextlib import closing
from typing import Annotated

import typer

from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, StackName, oven_of, say
from serverless_pizza_oven.cli.output import end_last_line, write_lines
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.collecting import as_line
from serverless_pizza_oven.operations.collecting import collect as collect_items
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import counted


def collect(
    n: Annotated[int | None, typer.Option("--n", min=1, metavar="N", help="How many at most.")] = None,
    wait: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECS", help="How long to wait for each next one.", show_default="1"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for ever, until Ctrl-C.")] = False,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Take what has baked out of Baked Items, to standard output: one item a line, as it came.

    An item is deleted from the queue only after it was written and flushed. Wherever this dies, or its
    reader goes, nothing is lost; what was in hand comes again, half a minute later at most, perhaps twice.
    But what a reader has taken, it has: say `--n 1` rather than `| head -1`.

    Examples:

    - `oven collect --stack spo`: what is there now
    - `oven collect --stack spo --n 10 --wait 60 > baked.jsonl`
    - `oven collect --stack spo --follow | jq --unbuffered -r .id`
    """
    if follow and wait is not None:
        raise UsageError("--follow waits for ever: --wait does not go with it")
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    end_last_line()
    count = 0
    with closing(collect_items(Queue(aws, oven.baked_items), n, None if follow else wait or 1)) as hands:
        for hand in hands:
            write_lines(as_line(message) for message in hand)
            count += len(hand)
    say(f"{counted(count, 'item')} collected.")
