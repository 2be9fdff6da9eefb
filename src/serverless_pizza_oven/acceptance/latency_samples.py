"""Samples of the latencies that the simulator assumes, by the clocks of AWS.

The logs have the start of each invocation, and how long its item had waited. The histories of executions
have the end of each state.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from pizza_oven.messages import BATCH
from serverless_pizza_oven.acceptance.check_context import CLOCKS_APART_SECS, CheckContext
from serverless_pizza_oven.acceptance.invocations import Invocation, invocations

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

Samples = Mapping[str, Sequence[float]]
"""Seconds, by the name of the latency in a file for `oven simulate --latencies`."""

PERCENTILES = (50, 90, 99)


def samples(context: CheckContext) -> Samples:
    """The samples of this run. Raises AwsError and the SDK's errors."""
    since = context.began_at - CLOCKS_APART_SECS
    bake_items = _own(context, invocations(context.aws, context.stack, "BakeItems", since))
    item_removed = _own(context, invocations(context.aws, context.stack, "ItemRemoved", since))
    histories = {item_id: history(context, item_id) for item_id in context.traffic.sent}
    found: dict[str, list[float]] = defaultdict(list)
    direct = _direct(context)
    polls = [(invocation, _on_its_way(invocation, direct)) for invocation in bake_items]
    tasks = [(invocation, _after_the_wait(invocation, histories)) for invocation in item_removed]
    for name, measured in (("poll", polls), ("task", tasks)):
        found[name] = [secs for one, secs in measured if secs is not None and one.init_secs is None]
        if found[name]:
            usual = median(found[name])
            # What a cold invocation took beyond that is its cold start.
            found["coldStart"] += [
                max(secs - usual, 0) for one, secs in measured if secs is not None and one.init_secs
            ]
    if found["poll"]:
        usual = median(found["poll"])
        found["event"] = [max(secs - usual, 0) for secs in _events(context, bake_items, histories)]
    return {name: secs for name, secs in found.items() if secs}


def percentiles(secs: Iterable[float]) -> dict[str, float]:
    """The percentiles of samples by nearest rank, in milliseconds."""
    ordered = sorted(secs)
    return {
        f"p{percent}": round(ordered[math.ceil(percent / 100 * len(ordered)) - 1] * 1000, 1)
        for percent in PERCENTILES
    }


def history(context: CheckContext, item_id: str) -> "Sequence[HistoryEventTypeDef]":
    """The events of the execution of an item. Empty if there was none."""
    client = context.aws.stepfunctions
    try:
        pages = client.get_paginator("get_execution_history").paginate(
            executionArn=context.execution_arn(item_id)
        )
        return [event for page in pages for event in page["events"]]
    except client.exceptions.ExecutionDoesNotExist:
        return []


def _on_its_way(invocation: Invocation, direct: Collection[str]) -> float | None:
    """The time from sending an item to the start of the invocation that loaded it. None if it loaded none.

    Each log entry says how long its item had waited by then, to the millisecond.
    """
    waited = [
        invocation.began_at - (entry.at - float(entry.facts.get("waited_secs", 0)))
        for entry in invocation.decision("loaded")
        if entry.item_id in direct
    ]
    return max(min(waited), 0) if waited else None


def _direct(context: CheckContext) -> set[str]:
    """The items that were admitted at once. Of the others, the logs have only the time in line."""
    room_for_all = context.stack.capacity >= BATCH
    names = ("-first", "-thrice", "-ledger", *(("-large-",) if room_for_all else ()))
    return {item_id for item_id in context.traffic.sent if any(name in item_id for name in names)}


def _own(context: CheckContext, found: Iterable[Invocation]) -> list[Invocation]:
    """The invocations that handled items of this run."""
    return [
        invocation
        for invocation in found
        if any(entry.item_id in context.traffic.sent for entry in invocation.decisions)
    ]


def _after_the_wait(
    invocation: Invocation, histories: "Mapping[str, Sequence[HistoryEventTypeDef]]"
) -> float | None:
    """The time from the end of the wait to the start of Item Removed. None for another invocation."""
    for entry in invocation.decision("baked"):
        ended = _time(histories.get(entry.item_id or "", ()), "WaitStateExited")
        if ended is not None:
            return max(invocation.began_at - ended, 0)
    return None


def _events(
    context: CheckContext,
    found: Iterable[Invocation],
    histories: "Mapping[str, Sequence[HistoryEventTypeDef]]",
) -> list[float]:
    """The time from the stop of an execution to the start of the invocation that freed its slots."""
    ledger = f"{context.run}-ledger"
    stopped = _time(histories.get(ledger, ()), "ExecutionAborted")
    first = [one.began_at for one in found if any(e.item_id == ledger for e in one.decision("evicted"))]
    return [] if stopped is None or not first else [max(min(first) - stopped, 0)]


def _time(events: "Iterable[HistoryEventTypeDef]", kind: str) -> float | None:
    return next((event["timestamp"].timestamp() for event in events if event["type"] == kind), None)
