"""A forecast as one JSON object.

Its keys stay. Times are in seconds, money in US dollars, and what cannot be told is null:

    items, sent, copies, out, cameOutAgain, deadLetters
    seconds, idealSeconds, timesIdeal, itemsPerSecond, utilisation (0 to 1)
    waitingSeconds: mean, p50, p90, p99, max
    waitingItems: mean, max
    requests: a list of service, resource, action, by, count
    functions: a list of name, invocations, coldStarts, billedSeconds
    stateTransitions, writeUnits, readUnits
    cost: services (a list of service, dollars), dollars, dollarsPerMillionItems
    limits: a list of name, times, firstSeconds; in the order in which they were met
    series: seconds, sent, waiting, baking, out, occupiedSlots: lists of one length
    setUp: capacity, maximumConcurrency, pilotLight, quotas (by their names), latenciesMeasured (the names of
        those), seed; and in words arrivals, baking, sizes and faults
"""

from typing import Any

from serverless_pizza_oven.forecast.counts import Usage
from serverless_pizza_oven.forecast.forecasts import Forecast, Plan
from serverless_pizza_oven.forecast.measured import replaced
from serverless_pizza_oven.forecast.plans import faults_in_words, quotas_of
from serverless_pizza_oven.forecast.recording import Series


def document(forecast: Forecast) -> dict[str, Any]:
    """All of it for programs."""
    waits = forecast.waits
    return {
        "setUp": _set_up(forecast.plan),
        "items": forecast.plan.orders.count,
        "sent": forecast.sent,
        "copies": forecast.copies,
        "out": forecast.out,
        "cameOutAgain": forecast.again,
        "deadLetters": forecast.dead,
        "seconds": rounded(forecast.secs),
        "idealSeconds": rounded(forecast.ideal_secs),
        "timesIdeal": rounded(forecast.times_ideal),
        "itemsPerSecond": rounded(forecast.throughput),
        "utilisation": rounded(forecast.utilisation),
        "waitingSeconds": {
            "mean": rounded(waits.mean),
            "p50": rounded(waits.p50),
            "p90": rounded(waits.p90),
            "p99": rounded(waits.p99),
            "max": rounded(waits.most),
        },
        "waitingItems": {"mean": rounded(forecast.mean_waiting), "max": forecast.most_waiting},
        **_usage(forecast.usage),
        "cost": {
            "services": [
                {"service": cost.service, "dollars": rounded(cost.dollars, 9)} for cost in forecast.costs
            ],
            "dollars": rounded(forecast.dollars, 9),
            "dollarsPerMillionItems": rounded(forecast.dollars_for_a_million),
        },
        "limits": [
            {"name": limit.name, "times": limit.times, "firstSeconds": rounded(limit.first_secs)}
            for limit in forecast.limits
        ],
        "series": _series(forecast.series),
    }


def rounded(value: float | None, digits: int = 6) -> float | None:
    return None if value is None else round(value, digits)


def _set_up(plan: Plan) -> dict[str, Any]:
    return {
        "capacity": plan.setup.capacity,
        "maximumConcurrency": plan.setup.max_concurrency,
        "arrivals": plan.orders.arrivals,
        "baking": plan.orders.baking,
        "sizes": plan.orders.sizes,
        "pilotLight": plan.setup.pilot_light_secs is not None,
        "quotas": quotas_of(plan.quotas),
        "faults": faults_in_words(plan.faults),
        "latenciesMeasured": replaced(plan.latencies),
        "seed": plan.seed,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "requests": [
            {
                "service": requests.service,
                "resource": requests.resource,
                "action": requests.action,
                "by": requests.by,
                "count": requests.count,
            }
            for requests in usage.requests
        ],
        "functions": [
            {
                "name": function.name,
                "invocations": function.invocations,
                "coldStarts": function.cold_starts,
                "billedSeconds": rounded(function.billed_secs),
            }
            for function in usage.functions
        ],
        "stateTransitions": usage.transitions,
        "writeUnits": usage.write_units,
        "readUnits": usage.read_units,
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "seconds": [rounded(secs) for secs in series.secs],
        "sent": series.sent,
        "waiting": series.waiting,
        "baking": series.baking,
        "out": series.out,
        "occupiedSlots": series.occupied,
    }
