"""`oven discard`: dead letters are thrown away."""

import json
import time
from contextlib import closing
from typing import Annotated

import typer

from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, StackName, confirm, oven_of, say
from serverless_pizza_oven.cli.output import end_last_line, write_lines
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.dead_letters import discard as discard_letters
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import counted


def discard(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Which: ids of items, or of messages.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them. Asks first.")] = False,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Throw dead letters away that nobody will redrive: those named, or all.

    Each is printed as `oven dlq --json` would, and is deleted after it was written and flushed.

    Example: `oven discard --stack spo --all --yes > letters.jsonl`
    """
    if bool(ids) == everything:
        raise UsageError("which? Name the ids of dead letters, or say --all: oven dlq lists them")
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    dead_letters = Queue(aws, oven.dead_letters)
    if everything and not yes:
        about = counted(dead_letters.depth(), "dead letter")
        confirm(f"Discard all there are, about {about}?", otherwise="Nothing was discarded.")
    tries = Queue(aws, oven.new_items).max_receives()
    end_last_line()
    count = 0
    with closing(discard_letters(dead_letters, ids or None, oven.capacity, tries)) as hands:
        for letters in hands:
            write_lines(json.dumps(letter.as_json(time.time())) for letter in letters)
            count += len(letters)
    say(f"{counted(count, 'dead letter')} discarded.")
