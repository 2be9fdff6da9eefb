"""A forecast as one JSON object.

Its keys are stable. Times are in seconds, money in US dollars, and null stands for what is unknown:

    items, sent, copies, out, cameOutAgain, deadLetters
    seconds, idealSeconds, timesIdeal, itemsPerSecond, utilisation (0 to 1)
    waitingSeconds: mean, p50, p90, p99, max
    idealWaitingSeconds: the same in an oven in which only baking takes time
    waitingItems: mean, max
    requests: a list of service, resource, action, by, count
    functions: a list of name, invocations, coldStarts, billedSeconds
    stateTransitions, writeUnits, readUnits
    cost: services (a list of service, dollars), dollars, dollarsPerMillionItems, dollarsAMonth
    held, null without --hold: leaseSeconds, deadHolderSeconds (a list: slots are free after at least, at
        most), extensions, confirmations, rounds, looks, leasesLost, dollarsPerMillionItems (extensions,
        rounds, waiting)
    seeds, with --seeds: a list of seed, seconds, waitingSeconds, idealWaitingSeconds
    limits: a list of name, times, firstSeconds, used (the share of a rate from the first time to the last);
        in the order in which they were met
    series: seconds, sent, waiting, baking, out, occupiedSlots: lists of one length
    setUp: capacity, maximumConcurrency, pilotLight, quotas (by their names), latenciesMeasured (the names of
        those), seed; and in words arrivals, baking, sizes and faults
"""

from typing import Any

from serverless_pizza_oven.forecast.conditions import faults_in_words, quotas_of
from serverless_pizza_oven.forecast.measured import replaced
from serverless_pizza_oven.forecast.recording import TimeSeries
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast, WaitTimes
from serverless_pizza_oven.forecast.run_cost import per_million_items
from serverless_pizza_oven.forecast.run_usage import RunUsage


def document(forecast: Forecast) -> dict[str, Any]:
    """A forecast for programs."""
    return {
        "setUp": _set_up(forecast.request),
        "items": forecast.request.workload.count,
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
        "waitingSeconds": _waits(forecast.waits),
        "idealWaitingSeconds": _waits(forecast.ideal_waits),
        "waitingItems": {"mean": rounded(forecast.mean_waiting), "max": forecast.most_waiting},
        **_usage(forecast.usage),
        "cost": {
            "services": [
                {"service": cost.service, "dollars": rounded(cost.dollars, 9)} for cost in forecast.costs
            ],
            "dollars": rounded(forecast.dollars, 9),
            "dollarsPerMillionItems": rounded(forecast.dollars_per_million_items),
            "dollarsAMonth": rounded(forecast.dollars_a_month),
        },
        "held": _held(forecast),
        "limits": [
            {
                "name": limit.name,
                "times": limit.times,
                "firstSeconds": rounded(limit.first_secs),
                "used": rounded(limit.used),
            }
            for limit in forecast.limits
        ],
        "series": _series(forecast.series),
    }


def rounded(value: float | None, digits: int = 6) -> float | None:
    return None if value is None else round(value, digits)


def _waits(waits: WaitTimes) -> dict[str, float | None]:
    return {
        "mean": rounded(waits.mean),
        "p50": rounded(waits.p50),
        "p90": rounded(waits.p90),
        "p99": rounded(waits.p99),
        "max": rounded(waits.most),
    }


def _held(forecast: Forecast) -> dict[str, Any] | None:
    holds, cost = forecast.usage.holds, forecast.hold_cost
    if holds is None or cost is None:
        return None
    parts = {"extensions": cost.extensions, "rounds": cost.rounds, "waiting": cost.waiting}
    return {
        "leaseSeconds": holds.lease_secs,
        "deadHolderSeconds": [rounded(secs) for secs in holds.slots_back_secs],
        "extensions": holds.extensions,
        "confirmations": holds.confirmations,
        "rounds": holds.rounds,
        "looks": holds.looks,
        "leasesLost": holds.lost,
        "dollarsPerMillionItems": {
            name: rounded(per_million_items(dollars, forecast.out)) for name, dollars in parts.items()
        },
    }


def _set_up(request: ForecastRequest) -> dict[str, Any]:
    return {
        "capacity": request.setup.capacity,
        "maximumConcurrency": request.setup.max_concurrency,
        "arrivals": request.workload.arrivals,
        "baking": request.workload.baking,
        "sizes": request.workload.sizes,
        "pilotLight": request.setup.pilot_light_secs is not None,
        "quotas": quotas_of(request.quotas),
        "faults": faults_in_words(request.faults),
        "latenciesMeasured": replaced(request.latencies),
        "seed": request.seed,
    }


def _usage(usage: RunUsage) -> dict[str, Any]:
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


def _series(series: TimeSeries) -> dict[str, Any]:
    return {
        "seconds": [rounded(secs) for secs in series.secs],
        "sent": series.sent,
        "waiting": series.waiting,
        "baking": series.baking,
        "out": series.out,
        "occupiedSlots": series.occupied,
    }
