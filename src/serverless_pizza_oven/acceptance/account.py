"""Whether the account's quotas leave the oven room to work."""

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, ok

REGULAR_CONCURRENCY = 1_000
"""Of an account that is not new (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


def concurrency(context: CheckContext) -> Finding:
    """Bake Items and Item Removed find room in the Lambda concurrency of the account.

    What Bake Items may take at most must leave some for Item Removed, or items come out late.
    """
    limit = context.aws.lambda_functions.get_account_settings()["AccountLimit"]
    free, whole = limit["UnreservedConcurrentExecutions"], limit["ConcurrentExecutions"]
    (mapping,) = context.template.of_type("AWS::Lambda::EventSourceMapping")
    wanted = int(mapping.properties["ScalingConfig"]["MaximumConcurrency"])
    seen = f"{whole} in this account and region, {free} of them unreserved; Bake Items takes up to {wanted}"
    ask = "ask for a higher quota: Service Quotas, AWS Lambda, Concurrent executions"
    if free <= wanted:
        return failed(f"{seen}, which leaves none for Item Removed", f"{ask}, or lower MaximumConcurrency")
    if whole < REGULAR_CONCURRENCY and not context.is_emulated:
        return ok(f"{seen}; that is less than the usual {REGULAR_CONCURRENCY:,}, so items may come out late")
    return ok(seen)


CHECKS = (Check("concurrency", concurrency),)
