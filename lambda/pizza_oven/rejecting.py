"""Rejecting: messages that can never be baked, and items whose baking failed, become dead letters with a
reason."""

from collections.abc import Sequence

from pizza_oven.context import Context
from pizza_oven.errors import MalformedItemError
from pizza_oven.execution import Execution
from pizza_oven.messages import DeadLetter


def letter_of(body: str, error: MalformedItemError) -> DeadLetter:
    """The dead letter of a malformed message."""
    return DeadLetter(body, str(error), error.rule, error.item_id)


def reject(context: Context, letters: Sequence[DeadLetter]) -> None:
    """Send letters to the dead-letter queue. Raises ServiceError."""
    context.dead_letters.push(letters)
    for letter in letters:
        context.log.record("rejected", letter.item_id, reason=letter.log_reason)


def dead_letter_failed(context: Context, item_id: str, execution: Execution) -> None:
    """Send a failed item to the dead-letter queue, with the cause. Raises ServiceError.

    This comes before its slots are freed: a crash between the two leaves the lease, and with it the item,
    to be found again.
    """
    reason = f"its baking ended as {execution.status}"
    if execution.cause:
        reason = f"{reason}: {execution.cause}"
    reject(context, [DeadLetter(execution.body, reason, log_reason=reason, item_id=item_id)])
