"""Rushes through a warm oven in the embedded AWS: time against the ideal, requests, invocations."""

import heapq
import json
import random
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.local.request_counts import COUNTS_PATH

GIVE_UP_SECS = 300


@dataclass(frozen=True, slots=True)
class Rush:
    """Items that arrive all at once."""

    name: str
    what: str
    capacity: int
    """In slots; each item takes one."""
    baking_times: Callable[[random.Random], list[int]]
    """In seconds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a rush."""

    items: int
    lost: int
    doubled: int
    slots_left: int
    seconds: float
    """Seconds from the first item sent to the last one baked."""
    ideal: float
    """The same for an ideal oven, in which only baking takes time."""
    requests: Counter[str]
    """Requests of the functions, by action."""
    invocations: Counter[str]
    """Invocations, by function."""

    @property
    def times_ideal(self) -> float:
        return self.seconds / self.ideal

    @property
    def requests_per_item(self) -> float:
        return self.requests.total() / self.items

    @property
    def invocations_per_item(self) -> float:
        return self.invocations.total() / self.items

    @property
    def items_per_second(self) -> float:
        return self.items / self.seconds


RUSHES = (
    Rush("A", "140 items of 3 s, 14 slots", 14, lambda _random: [3] * 140),
    Rush("B", "140 items of 2 to 6 s, 14 slots", 14, lambda r: [r.randint(2, 6) for _ in range(140)]),
    Rush("C", "60 items of 2 to 12 s, 200 slots", 200, lambda r: [r.randint(2, 12) for _ in range(60)]),
    Rush("load", "1,000 items of 1 s, 500 slots", 500, lambda _random: [1] * 1000),
    Rush("demo", "100 items of 15 to 30 s, 14 slots", 14, lambda r: [r.randint(15, 30) for _ in range(100)]),
)


def measure(rush: Rush, seed: int) -> Outcome:
    """Run the rush through a new oven that was warmed up."""
    baking_times = rush.baking_times(random.Random(seed))
    with running_oven(free_port(), capacity=rush.capacity) as oven:
        bake(oven, "warm", [1] * 2 * min(rush.capacity, 20))
        time.sleep(2)
        before = _counts(oven)
        start, arrivals = bake(oven, "rush", baking_times)
        time.sleep(2)
        after = _counts(oven)
        row = oven.aws.dynamodb.get_item(
            TableName=oven.stack.table, Key={"id": {"S": "capacity"}}, ConsistentRead=True
        )["Item"]
    baked = [item_id for item_id, _ in arrivals]
    return Outcome(
        items=len(baking_times),
        lost=len(baking_times) - len(set(baked)),
        doubled=len(baked) - len(set(baked)),
        slots_left=int(row["occupied"]["N"]),
        seconds=max(when for _, when in arrivals) - start,
        ideal=ideal_seconds(baking_times, rush.capacity),
        requests=after[0] - before[0],
        invocations=after[1] - before[1],
    )


def ideal_seconds(baking_times: Sequence[int], capacity: int) -> float:
    """Seconds until the last item comes out, first come first served, if nothing but baking took time."""
    free_at = [0.0] * capacity
    for baking_time in baking_times:
        heapq.heapreplace(free_at, free_at[0] + baking_time)
    return max(free_at)


def bake(oven: LocalOven, name: str, baking_times: Sequence[int]) -> tuple[float, list[tuple[str, float]]]:
    """Send the items and collect them. Returns the start time, and the ids with the times at which they came
    out."""
    bodies = [
        json.dumps({"id": f"{name}-{n}", "bakingTimeSecs": secs}) for n, secs in enumerate(baking_times)
    ]
    sqs = oven.aws.sqs
    start = time.time()
    for first in range(0, len(bodies), 10):
        sqs.send_message_batch(
            QueueUrl=oven.stack.new_items,
            Entries=[
                {"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])
            ],
        )
    arrivals: list[tuple[str, float]] = []
    while len({item_id for item_id, _ in arrivals}) < len(bodies) and time.time() < start + GIVE_UP_SECS:
        time.sleep(0.2)
        while messages := sqs.receive_message(
            QueueUrl=oven.stack.baked_items,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["SentTimestamp"],
        ).get("Messages", []):
            arrivals += [
                (json.loads(message["Body"])["id"], int(message["Attributes"]["SentTimestamp"]) / 1000)
                for message in messages
            ]
            sqs.delete_message_batch(
                QueueUrl=oven.stack.baked_items,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ],
            )
    return start, arrivals


def _counts(oven: LocalOven) -> tuple[Counter[str], Counter[str]]:
    """Requests that the functions made, and invocations, since the start."""
    with urllib.request.urlopen(oven.endpoint_url + COUNTS_PATH) as response:  # noqa: S310 - our own server
        counts = json.load(response)
    return Counter(counts["requests"]["functions"]), Counter(counts["invocations"])
