"""How long requests and events take: distributions in microseconds, and the sources of their figures."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from serverless_pizza_oven.simulator.loop import MILLISECOND
from serverless_pizza_oven.simulator.random_source import RandomSource

STEPS = 200
"""The number of spans in a distribution. All are equally likely."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of spans."""

    spans: tuple[int, ...]
    """Microseconds, in order."""

    @classmethod
    def of(cls, p50: float, p90: float, p99: float, least: float | None = None) -> Self:
        """The distribution with these percentiles, in milliseconds, and straight lines between them.

        The `least` is half of the median unless it is given.
        """
        least = p50 / 2 if least is None else least
        corners = [(0.0, least), (0.5, p50), (0.9, p90), (0.99, p99), (1.0, 1.5 * p99)]
        spans = []
        for step in range(STEPS):
            share = (step + 0.5) / STEPS
            upper = next(n for n, (corner, _) in enumerate(corners) if share < corner)
            (left, low), (right, high) = corners[upper - 1], corners[upper]
            spans.append(round((low + (high - low) * (share - left) / (right - left)) * MILLISECOND))
        return cls(tuple(spans))

    @classmethod
    def always(cls, milliseconds: float) -> Self:
        return cls((round(milliseconds * MILLISECOND),))

    def draw(self, random_source: RandomSource) -> int:
        """A random span."""
        return self.spans[random_source.below(len(self.spans))]


@dataclass(frozen=True, slots=True)
class Latencies:
    """The latencies of everything in the oven that takes time."""

    write_row: Latency
    """A write of the row."""
    read_row: Latency
    """A read of the row."""
    send: Latency
    """A send to a queue."""
    receive: Latency
    """A receive from a queue."""
    start_execution: Latency
    """The start of an execution."""
    describe_execution: Latency
    """The description of an execution."""
    poll: Latency
    """From a message in New Items to the start of a warm Bake Items, and between two batches."""
    cold_start: Latency
    """The cold start of a function."""
    task: Latency
    """From the end of a Wait to the start of a warm Item Removed."""
    event: Latency
    """From a status change, or the schedule, to a message in New Items."""

    @classmethod
    def none(cls) -> Self:
        """Latencies of 0: nothing but baking takes time."""
        return cls(**{field.name: Latency.always(0) for field in fields(cls)})


AWS_PERCENTILES: Mapping[str, tuple[float, float, float]] = {
    "write_row": (5, 9, 18),
    "read_row": (4, 7, 15),
    "send": (9, 17, 60),
    "receive": (9, 17, 60),
    "start_execution": (30, 70, 175),
    "describe_execution": (20, 50, 150),
    "poll": (16, 34, 105),
    "cold_start": (350, 500, 800),
    "task": (99, 133, 250),
    "event": (148, 241, 387),
}
"""The p50, p90 and p99 in a large region of AWS, in milliseconds."""

AWS = Latencies(**{name: Latency.of(*percentiles) for name, percentiles in AWS_PERCENTILES.items()})
"""AWS in a large region."""

_DYNAMODB = (
    "assumed, around the single-digit milliseconds that AWS names inside the service: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingLatency.html"
)
_SQS = "assumed, within the tens of milliseconds that AWS names: https://aws.amazon.com/sqs/faqs/"
_MEASURED = "measured by others: https://bitesizedserverless.com/bite/serverless-messaging-latency-compared/"

AWS_SOURCES = {
    "write_row": _DYNAMODB,
    "read_row": _DYNAMODB,
    "send": _SQS,
    "receive": _SQS,
    "start_execution": "assumed; AWS publishes none",
    "describe_execution": "assumed; AWS publishes none",
    "poll": _MEASURED,
    "cold_start": (
        "assumed, around what others measured of a small package that imports botocore: "
        "https://www.tecracer.com/blog/2021/02/"
        "how-boto3-impacts-the-cold-start-times-of-your-lambda-functions.html"
    ),
    "task": _MEASURED,
    "event": _MEASURED,
}
"""The sources of these figures. docs/reference/simulation.md lists them."""

LOCAL = Latencies(
    # Measured by `python -m benchmarks.latencies` on 2 idle cores. They include the work of Python.
    write_row=Latency.of(1.9, 2.1, 3.2, least=1.7),
    read_row=Latency.of(1.7, 1.9, 2.0, least=1.4),
    send=Latency.of(1.7, 1.8, 2.0, least=1.5),
    receive=Latency.of(1.7, 1.8, 1.9, least=1.4),
    # One request takes 2 ms, ten in parallel take 15 to 20 ms: the threads of a Python process take turns.
    start_execution=Latency.of(2, 13, 20, least=1.6),
    describe_execution=Latency.of(2.6, 6.1, 9.5, least=1.2),
    # While messages arrive the event source mapping polls every 20 ms. After a rest it takes 5 ms.
    poll=Latency.of(18, 23, 32, least=5),
    cold_start=Latency.of(220, 250, 300),
    # An execution of the emulator starts 150 ms late, and so ends late.
    task=Latency.of(154, 156, 161, least=153),
    # The same as a poll after a rest: the target of a rule is a queue in the same process.
    event=Latency.of(5, 7, 24, least=4),
)
"""The embedded AWS on one machine."""
