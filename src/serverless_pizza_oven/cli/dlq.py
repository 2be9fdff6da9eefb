"""`oven dlq`: the dead letters."""

import json
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, StackName, oven_of, say
from serverless_pizza_oven.operations.dead_letters import DeadLetterEntry, list_dead_letters
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import duration


def dlq(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each as a JSON object on a line, with its body.")
    ] = False,
    stack: StackName = None,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the dead letters, the oldest first, with their reasons. Takes none.

    REDRIVE says what oven redrive would do: send it back as it is; under a new id, since its own is used up
    by a baking that failed; or once it is mended. A `no` is no JSON object, which it cannot mend: oven send
    --item sends the item anew, oven discard then throws its letter away. A letter without a sound id goes by
    that of its message.
    """
    aws, oven = oven_of(stack, endpoint_url, profile, region)
    dead_letters = Queue(aws, oven.dead_letters)
    expected = dead_letters.depth()
    letters = list_dead_letters(dead_letters, oven.capacity, Queue(aws, oven.new_items).max_receives())
    now = time.time()
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(letter.as_json(now)))
    elif letters:
        typer.echo(_table(letters, now))
    say_hidden(expected, len(letters))


def say_hidden(expected: int, found: int) -> None:
    """Tell if SQS counts more dead letters than it gave us. Its count may be a minute behind."""
    if not found:
        say("There is no dead letter." if not expected else "No dead letter is to be had now.")
    if expected > found:
        say(
            f"SQS counts {expected}, perhaps of a minute ago. If it is right, {expected - found} more are in "
            "somebody's hand, or were in that of one who died: they are back within half a minute."
        )


def _table(letters: Sequence[DeadLetterEntry], now: float) -> str:
    rows = [("ID", "AGE", "REDRIVE", "REASON")]
    rows += [(letter.id, duration(letter.age_secs(now)), letter.remedy, letter.reason) for letter in letters]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )
