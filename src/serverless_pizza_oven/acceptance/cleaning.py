"""Remove everything that a run has sent from the oven and its queues."""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from pizza_oven.item import Trigger
from serverless_pizza_oven.acceptance.check_context import CheckContext

PATIENCES = 1.5
"""How long it may take, in patiences of the run. Freeing the slots of a stopped item may take a minute."""

FIRST_ASK_SECS = 3
ASK_SECS = 10
"""When, and then how often, triggers name the stopped items: their events may have been lost."""

ERROR = "Oven.Check"
CAUSE = "oven check removed what it had sent"
"""They are in the reason of the dead letter."""

_GONE = ("ExecutionDoesNotExist", "ValidationException")
"""Step Functions' errors for an execution that does not exist."""


def clean(context: CheckContext) -> list[str]:
    """Stop running executions, and receive items and dead letters, until nothing of this run is left.

    Returns what is left if that takes too long, as text. Raises AwsError and the SDK's errors.
    """
    traffic = context.traffic
    _stop(context, _not_seen_again(context))
    now = context.clock()
    ask_at, give_up = now + FIRST_ASK_SECS, now + PATIENCES * context.patience_secs
    while True:
        came = traffic.receive_baked() + traffic.receive_letters()
        left = _left(context)
        if not left and not came:
            return []
        now = context.clock()
        if now >= give_up:
            return left
        if now >= ask_at:
            ask_at = now + ASK_SECS
            _stop(context, _leased(context))
            traffic.send_bodies(Trigger(item_id).body for item_id in _leased(context))


def _left(context: CheckContext) -> list[str]:
    # The oven was idle before, so whatever is in it now is of this run, unless somebody has begun to use it.
    stack, row = context.stack, context.row()
    leased = _leased(context)
    unseen = [item_id for item_id in _not_seen_again(context) if _status(context, item_id)]
    counts = {
        "in New Items": context.depth(stack.new_items),
        "in the line": context.depth(stack.waiting_items),
        "counted as waiting": row.waiting,
        f"in the oven ({', '.join(leased)})": len(leased),
        f"baked and not received ({', '.join(unseen)})": len(unseen),
    }
    return [f"{count} {where}" for where, count in counts.items() if count]


def _not_seen_again(context: CheckContext) -> list[str]:
    """The items that were not received, neither baked nor as dead letters, and not released."""
    traffic = context.traffic
    sent = traffic.sent.keys() - traffic.released
    return [i for i in sent if not traffic.received(i) and not traffic.letters_of(i)]


def _leased(context: CheckContext) -> list[str]:
    return [item_id for item_id in context.row().leases if item_id.startswith(context.run)]


def _stop(context: CheckContext, item_ids: Iterable[str]) -> None:
    for item_id in item_ids:
        if _status(context, item_id) == "RUNNING":
            context.aws.stepfunctions.stop_execution(
                executionArn=context.execution_arn(item_id), error=ERROR, cause=CAUSE
            )


def _status(context: CheckContext, item_id: str) -> str | None:
    """The status of the execution of an item. None if there is none."""
    arn = context.execution_arn(item_id)
    try:
        return context.aws.stepfunctions.describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
