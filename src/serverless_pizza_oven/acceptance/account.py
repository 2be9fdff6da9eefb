"""Whether the account's quotas leave the oven room to work."""

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok
from serverless_pizza_oven.deployment.account_quotas import AccountQuotas, read_quotas, shortages


def concurrency(context: CheckContext) -> Finding:
    """Bake Items leaves some of the account's Lambda concurrency for Item Removed."""
    free, at_once = context.once(_quotas).instances, _at_once(context)
    if free is None:
        return not_shown(
            "the Lambda concurrency of the account cannot be read", "allow lambda:GetAccountSettings"
        )
    seen = f"{free} function instances at once, of which Bake Items takes up to {at_once}"
    if free <= at_once:
        return failed(
            f"{seen}: none is left for Item Removed, and items come out late",
            "ask for more in Service Quotas, AWS Lambda, Concurrent executions; or lower MaximumConcurrency",
        )
    return ok(_with_shortages(seen, context, AccountQuotas(instances=free)))


def step_functions_quotas(context: CheckContext) -> Finding:
    """How many executions and state transitions a second the account may have."""
    quotas = context.once(_quotas)
    if quotas.starts is None or quotas.transitions is None:
        return not_shown("Service Quotas does not tell", "allow servicequotas:ListServiceQuotas")
    seen = f"{quotas.starts:,.0f} executions started and {quotas.transitions:,.0f} state transitions a second"
    return ok(_with_shortages(seen, context, AccountQuotas(None, quotas.starts, quotas.transitions)))


def _with_shortages(seen: str, context: CheckContext, quotas: AccountQuotas) -> str:
    return ". ".join([seen, *shortages(quotas, context.stack.capacity, _at_once(context))])


def _quotas(context: CheckContext) -> AccountQuotas:
    return read_quotas(context.aws)


def _at_once(context: CheckContext) -> int:
    (mapping,) = context.template.of_type("AWS::Lambda::EventSourceMapping")
    return int(mapping.properties["ScalingConfig"]["MaximumConcurrency"])


CHECKS = (
    Check("concurrency", concurrency),
    Check("Step Functions quotas", step_functions_quotas, "it has no quotas"),
)
