"""Takes baked items out of an oven's last queue, and deletes there what is safe elsewhere."""

from collections.abc import Generator

from pizza_oven.ports import BATCH
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

HIDE_SECS = 30
"""When others see again what we had in hand, if we die with it."""

LONGEST_POLL_SECS = 20
"""Of SQS (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html)."""


def collect(baked_items: Queue, most: int | None, wait_secs: int | None) -> Generator[list[ReceivedMessage]]:
    """Take up to `most` baked items, until none comes for `wait_secs`; for None, there is no such end.

    Each hand is deleted when the next is asked for: by then its items must be safe elsewhere. It is given
    back when the generator is closed instead. Raises AwsError.
    """
    while most is None or most > 0:
        hand = receive(baked_items, BATCH if most is None else min(most, BATCH), wait_secs, HIDE_SECS)
        if not hand:
            return
        try:
            yield hand
        except GeneratorExit:
            baked_items.give_back(hand)
            raise
        baked_items.delete(hand)
        if most is not None:
            most -= len(hand)


def receive(queue: Queue, most: int, wait_secs: int | None, hide_secs: int) -> list[ReceivedMessage]:
    """Receive as a `Queue` does, but wait for as long as is wanted; for None, until something comes."""
    while wait_secs is None or wait_secs > LONGEST_POLL_SECS:
        if hand := queue.receive(LONGEST_POLL_SECS, hide_secs, most):
            return hand
        if wait_secs is not None:
            wait_secs -= LONGEST_POLL_SECS
    return queue.receive(wait_secs, hide_secs, most)


def as_line(message: ReceivedMessage) -> str:
    """The item as it came, on one line: line breaks in JSON stand between its parts, and mean nothing."""
    return message.body.replace("\r", " ").replace("\n", " ")
