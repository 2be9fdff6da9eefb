"""The metrics of the functions."""

from pictures.reference.markdown import page, table
from pizza_oven.functions.metrics import COUNTED, NAMESPACE, SEEN

MEANINGS = {
    "Loaded": "items got slots",
    "Joined": "items joined the line",
    "Baked": "items came out",
    "Rejected": "items became dead letters",
    "Duplicates": "items were sent again, and dropped",
    "Evicted": "leases were freed, since their execution had ended",
    "Failed": "requests that AWS refused after three attempts",
    "Released": "held items were released",
    "Extended": "leases of held items were extended",
    "Expired": "leases of held items ended; each is counted as rejected, too",
    "Cancelled": "items were cancelled before they had slots: by a release, a removal, or `waitAtMostSecs`",
    "Occupied": "slots taken, when a function last looked: each minute at least while there are any",
    "Waiting": "items in line, likewise",
    "Overdue": "items in the oven more than 90 s past their baking time or the end of their lease, likewise",
    "OldestWaiting": "seconds since the head of the line was sent, whenever Bake Items receives it",
    "WaitingTime": "seconds from sending, or from joining the line, to loading",
}


def metrics_page() -> str:
    rows = [[f"`{name}`", MEANINGS[name]] for name in (*COUNTED.values(), *SEEN.values(), "WaitingTime")]
    return page(
        "Metrics",
        "The functions write metrics into their logs, from which CloudWatch extracts them: in the namespace "
        f"`{NAMESPACE}`, with one dimension, `Stack`. An idle oven writes none. CloudWatch charges only "
        "for metrics that it is told: an oven without held items pays nothing for theirs. `Metrics=DISABLED` "
        "turns all off.",
        table(["metric", "meaning"], rows),
        "What the alarms make of them: "
        "[the runbook](../runbook.md#when-an-alarm-goes-off-and-when-it-is-silent).",
    )
