"""The metrics of the functions, and the alarms of the template."""

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

_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"

ALARMS = [
    [
        "DeadLetters",
        (
            f"within a minute; within [15 minutes]({_SQS}/monitoring-using-cloudwatch.html) if SQS made the "
            "dead letter, or with `Metrics=DISABLED`"
        ),
        "when the queue is empty",
        "",
    ],
    [
        "OldestWaiting",
        "after half of `MessageRetentionPeriod`",
        "when the head of the line is younger",
        (
            "with `Metrics=DISABLED`, if the head was "
            f"[received several times]({_SQS}/sqs-available-cloudwatch-metrics.html)"
        ),
    ],
    ["ExecutionsFailed", "within 5 minutes", "5 minutes after the last failure", ""],
    ["FunctionErrors, Throttles", "after 2 bad periods of 5 minutes, of 3", "when fewer are bad", ""],
    [
        "Overdue",
        "after 10 minutes",
        "when nothing is overdue",
        "with `Metrics=DISABLED`, or a pilot light slower than every 5 minutes",
    ],
    ["LineTooLong", "after 5 minutes", "when the line is shorter", "with `LongestLine=0`"],
]


def metrics_page() -> str:
    rows = [[f"`{name}`", MEANINGS[name]] for name in (*COUNTED.values(), *SEEN.values(), "WaitingTime")]
    return page(
        "Metrics and alarms",
        "The functions write metrics into their logs, from which CloudWatch extracts them: in the namespace "
        f"`{NAMESPACE}`, with one dimension, `Stack`. An idle oven writes none. CloudWatch charges only "
        "for metrics that it is told: an oven without held items pays nothing for theirs. `Metrics=DISABLED` "
        "turns all off.",
        table(["metric", "meaning"], rows),
        "## Alarms",
        "An alarm is named after the stack, such as `spo-DeadLetters`, and notifies the topic "
        "`AlarmTopicArn`. [The runbook](../runbook.md) says what to do.",
        table(["alarm", "goes off", "ends", "silent"], ALARMS),
    )
