"""`oven dlq discard`: deletes dead letters."""

import json
import time
from contextlib import closing
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import confirm, say
from serverless_pizza_oven.cli.options import Target, check_ids_or_all
from serverless_pizza_oven.cli.output import end_last_line, write_lines
from serverless_pizza_oven.operations.dead_letters import discard as discard_letters
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import counted


def discard(
    target: Target,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Ids of items, or of messages.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters. Asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Print dead letters and delete them.

    Examples:

    - `oven dlq discard --stack spo order-17`
    - `oven dlq discard --stack spo --all --yes > letters.jsonl`

    Each is printed as by `oven dlq list --json`, and deleted after its line was written and flushed.
    """
    check_ids_or_all(ids, everything=everything)
    aws, oven = target.find()
    dead_letters = Queue(aws, oven.dead_letters)
    if everything and not yes:
        about = counted(dead_letters.depth(), "dead letter")
        confirm(f"Discard all, about {about}?", otherwise="Nothing was discarded.")
    tries = Queue(aws, oven.new_items).max_receives()
    end_last_line()
    count = 0
    with closing(discard_letters(dead_letters, ids or None, oven.capacity, tries)) as batches:
        for letters in batches:
            write_lines(json.dumps(letter.as_json(time.time())) for letter in letters)
            count += len(letters)
    say(f"{counted(count, 'dead letter')} discarded.")
