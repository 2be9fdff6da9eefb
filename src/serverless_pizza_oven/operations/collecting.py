"""Receives baked items, and deletes each after it is safe elsewhere."""

from collections.abc import Generator

from pizza_oven.messages import BATCH
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

HIDE_SECS = 30
"""The visibility timeout in seconds: after it, others receive what a killed process had received."""

MAX_POLL_SECS = 20
"""The longest that SQS waits for a message
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html)."""


def collect(baked_items: Queue, most: int | None, wait_secs: int | None) -> Generator[list[ReceivedMessage]]:
    """Receive up to `most` baked items, until none comes for `wait_secs`; for None, without end.

    Yields up to ten messages at a time. They are deleted when the next are asked for, and must be safe
    elsewhere by then. If the generator is closed instead, they are given back. Raises AwsError.
    """
    while most is None or most > 0:
        count = BATCH if most is None else min(most, BATCH)
        messages = receive(baked_items, count, wait_secs, HIDE_SECS)
        if not messages:
            return
        try:
            yield messages
        except GeneratorExit:
            baked_items.give_back(messages)
            raise
        baked_items.delete(messages)
        if most is not None:
            most -= len(messages)


def receive(queue: Queue, most: int, wait_secs: int | None, hide_secs: int) -> list[ReceivedMessage]:
    """Receive from a queue, waiting `wait_secs` for the first message; for None, until one comes.

    Unlike SQS, this waits for more than 20 seconds. Raises AwsError.
    """
    while wait_secs is None or wait_secs > MAX_POLL_SECS:
        if messages := queue.receive(MAX_POLL_SECS, hide_secs, most):
            return messages
        if wait_secs is not None:
            wait_secs -= MAX_POLL_SECS
    return queue.receive(wait_secs, hide_secs, most)


def as_line(message: ReceivedMessage) -> str:
    """The item on one line. A line break in JSON stands between its parts, and means as much as a space."""
    return message.body.replace("\r", " ").replace("\n", " ")
