"""Measurements: latencies, state transitions and metrics."""

import statistics
from collections.abc import Callable
from typing import Any

from pizza_oven.aws.baking_table import KEY
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.cloudwatch_values import values
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok
from serverless_pizza_oven.acceptance.latency_samples import history, percentiles, samples
from serverless_pizza_oven.forecast.measured import names
from serverless_pizza_oven.prices import TRANSITIONS_PER_EXECUTION
from serverless_pizza_oven.simulator.latencies import AWS
from serverless_pizza_oven.simulator.loop import MILLISECOND

METRICS_SECS = 90
"""How long metrics are waited for. AWS does not document how late they may be."""

METRICS_PAUSE_SECS = 5
"""The pause between two requests, since CloudWatch charges for each."""

TIMES = 10
"""How often a request is timed."""

LATER = "run the check again in a few minutes: CloudWatch is sometimes late"


def measured(context: CheckContext) -> dict[str, dict[str, float]]:
    """The latencies measured within AWS, in the form that `oven simulate --latencies` reads."""
    return {name: {**percentiles(secs), "samples": len(secs)} for name, secs in context.once(samples).items()}


def latencies(context: CheckContext) -> Finding:
    """The medians of the measured latencies, beside those that the simulator assumes."""
    found = context.once(measured)
    if not found:
        return not_shown("the logs have nothing of this run", context.see_logs)
    told = [f"{name} {value['p50']:.0f} ms ({_assumed(name)})" for name, value in found.items()]
    return ok(f"{', '.join(told)}; in brackets what oven simulate assumes")


def row_writes(context: CheckContext) -> Finding:
    """How long DynamoDB takes for a write of the row, without the network
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
    """
    dimensions = {"TableName": context.stack.table, "Operation": "UpdateItem"}
    found = values(context, "AWS/DynamoDB", "SuccessfulRequestLatency", dimensions, ("Average", "Maximum"))
    if not found["Average"]:
        return not_shown("CloudWatch has no latency of writes yet", LATER)
    average, most = statistics.mean(found["Average"]), max(found["Maximum"])
    return ok(f"{average:.1f} ms on average, {most:.1f} ms at most, within DynamoDB")


def latencies_from_here(context: CheckContext) -> Finding:
    """The medians of requests from this machine, the network included."""
    execution = context.execution_arn(f"{context.run}-first")
    asked: dict[str, Callable[[], object]] = {
        "readRow": lambda: context.aws.dynamodb.get_item(TableName=context.stack.table, Key=KEY),
        "describeExecution": lambda: context.aws.stepfunctions.describe_execution(executionArn=execution),
    }
    told = [f"{name} {_median_ms(context, ask):.0f} ms ({_assumed(name)})" for name, ask in asked.items()]
    return ok(f"{', '.join(told)}; the network to here is part of it")


def transitions(context: CheckContext) -> Finding:
    """An execution enters as many states as the prices assume."""
    events = history(context, f"{context.run}-first")
    entered = [event for event in events if event["type"].endswith("StateEntered")]
    retries = [event for event in events if event["type"] in ("TaskFailed", "LambdaFunctionFailed")]
    if not entered:
        return not_shown("the first item has no execution")
    seen = f"{len(entered)} states entered, {len(retries)} retries, in {len(events)} events"
    if len(entered) + len(retries) > TRANSITIONS_PER_EXECUTION:
        return failed(
            f"{seen}; the prices assume {TRANSITIONS_PER_EXECUTION} transitions",
            "see why Item Removed failed: oven logs",
        )
    return ok(seen)


def counted_transitions(context: CheckContext) -> Finding:
    """CloudWatch's count of state transitions, which is of the whole account.

    (https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html).
    """
    executions = len([item_id for item_id in context.traffic.sent if history(context, item_id)])
    found = values(context, "AWS/States", "ConsumedCapacity", {"ServiceMetric": "StateTransition"}, ("Sum",))
    count = sum(found["Sum"])
    if not count:
        return not_shown("CloudWatch has no count of state transitions yet", LATER)
    return ok(
        f"{count:.0f} in this account, for {executions} executions of this run: {count / executions:.1f} "
        "each; the bill of the day tells what is charged"
    )


def metrics(context: CheckContext) -> Finding:
    """The oven's own metrics arrive, which CloudWatch extracts from the logs."""
    if context.template.parameters.get("Metrics") == "DISABLED":
        return not_shown("the stack has Metrics=DISABLED")
    began = context.clock()
    if not context.until(lambda: _loaded(context), METRICS_SECS, METRICS_PAUSE_SECS):
        return not_shown(f"CloudWatch has no metric Loaded {METRICS_SECS} s after the run", LATER)
    return ok(f"Loaded {_loaded(context):.0f}; it took {context.clock() - began:.0f} s more to arrive")


def _loaded(context: CheckContext) -> float:
    return sum(values(context, "PizzaOven", "Loaded", {"Stack": context.stack.name}, ("Sum",))["Sum"])


def _median_ms(context: CheckContext, ask: Callable[[], object]) -> float:
    def timed() -> float:
        began = context.clock()
        ask()
        return (context.clock() - began) * 1000

    return statistics.median(timed() for _ in range(TIMES))


def _assumed(name: str) -> str:
    spans = getattr(AWS, names()[name]).spans
    return f"{spans[len(spans) // 2] / MILLISECOND:.0f}"


def latencies_document(context: CheckContext, at: str) -> dict[str, Any]:
    """The content of a file for `oven simulate --latencies`. It has no latencies if none were measured."""
    return {
        "stack": context.stack.name,
        "region": context.aws.region,
        "measuredAt": at,
        "latencies": context.known(measured) or {},
    }


CHECKS = (
    Check("latencies", latencies),
    Check("row writes", row_writes, "it has no metrics of DynamoDB"),
    Check("latencies from here", latencies_from_here),
    Check("transitions", transitions),
    Check("counted transitions", counted_transitions, "it has no metrics of Step Functions"),
    Check("metrics", metrics, "it makes no metrics of logs"),
)
