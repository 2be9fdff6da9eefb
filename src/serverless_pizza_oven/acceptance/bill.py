"""What a run costs."""

from collections.abc import Sequence

from serverless_pizza_oven import prices
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.operations.item_cost import (
    ADMITTED_AT_ONCE,
    ADMITTED_FROM_LINE,
    IDLE_CHECK,
    charges_for,
)
from serverless_pizza_oven.prices import Charge

TRIGGERS_PER_MINUTE = 1
"""The pilot light's triggers during the run."""

CHUNK_BYTES = 64 * 1024
"""SQS charges for each such part of a message as for a request (https://aws.amazon.com/sqs/pricing/)."""


class Meter:
    """Counts the requests to SQS and DynamoDB that the run makes."""

    def __init__(self, context: CheckContext) -> None:
        self.sqs = 0
        self.dynamodb = 0
        context.aws.sqs.meta.events.register("before-send.sqs", self._count_sqs)
        context.aws.dynamodb.meta.events.register("before-send.dynamodb", self._count_dynamodb)

    def _count_sqs(self, **asked: object) -> None:
        body = getattr(asked["request"], "body", b"") or b""
        self.sqs += max(1, -(-len(body) // CHUNK_BYTES))

    def _count_dynamodb(self, **_asked: object) -> None:
        self.dynamodb += 1


def bill(context: CheckContext, meter: Meter) -> Sequence[Charge]:
    """What AWS charges for the run, before the free tier: the oven's part by what an item costs on average,
    and the run's own requests as counted. What the idle oven costs is not included.
    """
    items = len(context.traffic.sent)
    waited = sum("-order-" in item_id or "-stuck" in item_id for item_id in context.traffic.sent)
    large = sum("-large-" in item_id for item_id in context.traffic.sent)
    minutes = (context.clock() - context.began_at) / 60
    use = (
        ADMITTED_AT_ONCE * (items - waited)
        + ADMITTED_FROM_LINE * waited
        + IDLE_CHECK * (minutes * TRIGGERS_PER_MINUTE)
    )
    own = [
        Charge(prices.STANDARD_REQUEST, meter.sqs + large),
        Charge(prices.READ_UNIT, meter.dynamodb),
        Charge(prices.METRIC_REQUEST, context.metrics_asked),
    ]
    return [*charges_for(use, 1, context.template.parameters), *own]
