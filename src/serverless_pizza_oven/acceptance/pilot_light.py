"""A check of the pilot light: from EventBridge, through the policy of New Items, to Bake Items."""

from email.utils import parsedate_to_datetime

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok
from serverless_pizza_oven.acceptance.invocations import Invocation, invocations
from serverless_pizza_oven.operations.decision_log import POLL_SECS
from serverless_pizza_oven.operations.idle_cost import checks_per_month
from serverless_pizza_oven.prices import SECS_IN_MONTH

LONGEST_SECS = 300
"""The longest schedule that is waited for."""

LATE_SECS = 30
"""How late a trigger and its log may be."""

QUIET_SECS = 6
"""After this time none of the oven's own triggers is on its way: their delay is 5 s at most."""


def pilot_light(context: CheckContext) -> Finding:
    """The pilot light's trigger comes on schedule, and invokes Bake Items.

    The oven is idle meanwhile, so an invocation is due to that trigger.
    """
    parameters = context.template.parameters
    if parameters.get("PilotLight") == "DISABLED":
        return not_shown("the stack has PilotLight=DISABLED")
    schedule = parameters.get("PilotLightSchedule", "")
    every = SECS_IN_MONTH / checks_per_month(schedule)
    if every > LONGEST_SECS:
        return not_shown(f"it comes by {schedule}: too seldom to wait for")
    if not context.until(lambda: context.depth(context.stack.new_items) == 0):
        return failed("New Items does not become empty", context.see_logs)
    context.sleep(QUIET_SECS)
    since, waited_since = _now_on_aws(context), context.clock()
    if not context.until(lambda: _since(context, since), every + LATE_SECS, POLL_SECS):
        return failed(
            f"Bake Items was not invoked in {every + LATE_SECS:.0f} s",
            "see whether PilotLightRule is enabled, and in CloudWatch its FailedInvocations: the policy "
            "of New Items must let it send",
        )
    return ok(f"it came after {context.clock() - waited_since:.0f} s, by {schedule}")


def _since(context: CheckContext, since: float) -> list[Invocation]:
    found = invocations(context.aws, context.stack, "BakeItems", since)
    return [invocation for invocation in found if invocation.began_at > since]


def _now_on_aws(context: CheckContext) -> float:
    """The end of the current second by the clock of SQS. The clock of this machine may differ."""
    answer = context.aws.sqs.get_queue_attributes(
        QueueUrl=context.stack.new_items, AttributeNames=["QueueArn"]
    )
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).timestamp() + 1 if date else context.clock()


CHECKS = (Check("pilot light", pilot_light),)
