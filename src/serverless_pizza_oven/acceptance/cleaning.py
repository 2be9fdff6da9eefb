"""Removes from an oven all that a run of the acceptance test has sent."""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from pizza_oven.item import Trigger
from serverless_pizza_oven.acceptance.check_context import CheckContext

PATIENCES = 1.5
"""How long it may take, by the patience of the run: a look at what was stopped may come a minute late."""

FIRST_ASK_SECS = 3
ASK_SECS = 10
"""When, and then how often, the oven is asked to look into what was stopped: its event may have been lost."""

_GONE = ("ExecutionDoesNotExist", "ValidationException")
"""What Step Functions says of an execution that need not be stopped."""


def clean(context: CheckContext) -> list[str]:
    """Stop what bakes, and receive what came out, until nothing of this run is left.

    Returns what is left when it takes too long, in words. Raises AwsError and what the SDK raises.
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
    # The oven was empty before. What somebody else has sent meanwhile cannot be told apart in all places.
    stack, row = context.stack, context.row()
    leased, unseen = _leased(context), _not_seen_again(context)
    counts = {
        "in New Items": context.depth(stack.new_items),
        "in the line": context.depth(stack.waiting_items),
        "counted as waiting": row.waiting,
        f"in the oven ({', '.join(leased)})": len(leased),
        f"sent and not seen again ({', '.join(unseen)})": len(unseen),
    }
    return [f"{count} {where}" for where, count in counts.items() if count]


def _not_seen_again(context: CheckContext) -> list[str]:
    """The items that neither came out nor became a dead letter."""
    traffic = context.traffic
    return [i for i in traffic.sent if not traffic.received(i) and not traffic.letters_of(i)]


def _leased(context: CheckContext) -> list[str]:
    return [item_id for item_id in context.row().leases if item_id.startswith(context.run)]


def _stop(context: CheckContext, item_ids: Iterable[str]) -> None:
    for item_id in item_ids:
        arn = context.execution_arn(item_id)
        try:
            execution = context.aws.stepfunctions.describe_execution(executionArn=arn)
            if execution["status"] == "RUNNING":
                context.aws.stepfunctions.stop_execution(
                    executionArn=arn, error="Oven.Check", cause="oven check removed what it had sent"
                )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
