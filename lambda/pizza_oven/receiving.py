"""More messages of a standard queue than a request of SQS carries: one write of the row settles them all."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pizza_oven.context import Context
from pizza_oven.errors import ServiceError
from pizza_oven.messages import BATCH

Message = TypeVar("Message")


class Receivable(Protocol[Message]):
    """New Items or Leaving Items."""

    def receive(self, count: int) -> list[Message]: ...

    def delete(self, messages: Sequence[Message], /) -> None: ...


def receive_up_to(context: Context, queue: Receivable[Message], most: int) -> list[Message]:
    """Receive until that many messages are there, or no more come."""
    messages: list[Message] = []
    try:
        while len(messages) < most:
            received = queue.receive(BATCH)
            messages += received
            if len(received) < BATCH:
                break
    except ServiceError as error:
        # Nothing else waits for them: they are received again.
        context.log.record("failed", error=str(error))
    return messages


def delete_all(context: Context, queue: Receivable[Message], messages: Sequence[Message]) -> None:
    """Delete messages whose work is done. Those that this fails for are received again, and recognised."""
    try:
        for first in range(0, len(messages), BATCH):
            queue.delete(messages[first : first + BATCH])
    except ServiceError as error:
        context.log.record("failed", error=str(error))
