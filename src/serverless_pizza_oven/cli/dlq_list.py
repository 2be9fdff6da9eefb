"""`oven dlq list`: the messages in the dead-letter queue."""

import json
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.operations.dead_letters import DeadLetterEntry
from serverless_pizza_oven.operations.dead_letters import list_dead_letters as read_dead_letters
from serverless_pizza_oven.operations.removing import after_resume
from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.text import duration


def list_dead_letters(
    target: Target,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object in each line, with the body.")
    ] = False,
) -> None:
    """List the messages in the dead-letter queue, oldest first, with reasons.

    Examples:

    - `oven dlq list --stack spo`
    - `oven dlq list --stack spo --json | jq -r .body`

    It leaves them in the queue. REDRIVE shows what `oven dlq redrive` would do:

    - `as it is`: send the item back
    - `new id`: send it back under a new id, since its own is used up by a failed execution
    - `with --set`: send it back with fields corrected by `oven dlq redrive --set`
    - `no`: nothing, since the message is not a JSON object. Send the item anew with `oven send --item`, then
      discard the dead letter.

    A dead letter without a valid item id has the id of its message.
    """
    aws, oven = target.find()
    dead_letters = Queue(aws, oven.dead_letters)
    expected = dead_letters.depth()
    letters = read_dead_letters(dead_letters, oven.capacity, Queue(aws, oven.new_items).max_receives())
    now = time.time()
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(letter.as_json(now)))
    elif letters:
        typer.echo(_table(letters, now))
    say_hidden(expected, len(letters))
    if oven.is_paused:
        say(f"The oven is paused: items that fail or are removed are listed here {after_resume(oven)}.")


def say_hidden(expected: int, found: int) -> None:
    """Say if SQS counts more dead letters than were received. Its count may be a minute behind."""
    if not found:
        say("There are no dead letters." if not expected else "No dead letter can be received now.")
    if expected > found:
        say(
            f"SQS counts {expected}, perhaps of a minute ago. If that is right, {expected - found} more were "
            "received by another command. If that was killed, they are visible again after 30 seconds, or "
            "after twice the time that it ran."
        )


def _table(letters: Sequence[DeadLetterEntry], now: float) -> str:
    rows = [("ID", "AGE", "REDRIVE", "REASON")]
    rows += [(letter.id, duration(letter.age_secs(now)), letter.remedy, letter.reason) for letter in letters]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )
