"""Measures how long requests and steps take in the embedded AWS: the figures of `simulator.latencies.LOCAL`.

Run it with `python -m benchmarks.latencies`, on an idle machine.
"""

import time
from collections.abc import Callable, Iterator

from pizza_oven.aws.baking_table import DynamoBakingTable
from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.item import parse_fields
from pizza_oven.messages import BATCH
from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import LocalOven, running_oven
from serverless_pizza_oven.queue_client import Queue

TIMES = 100
WARM_UP = 10

HOUR = 3600


def main() -> None:
    """Print a table."""
    print("| milliseconds | least | p50 | p90 | p99 |")
    print("| --- | --- | --- | --- | --- |")
    with running_oven(free_port()) as oven:
        for what, measure in measurements(oven):
            secs = sorted([measure(number) for number in range(WARM_UP + TIMES)][WARM_UP:])
            shares = [secs[int(share * TIMES)] * 1000 for share in (0, 0.5, 0.9, 0.99)]
            print(f"| {what} | {' | '.join(f'{share:.1f}' for share in shares)} |", flush=True)


def measurements(oven: LocalOven) -> Iterator[tuple[str, Callable[[int], float]]]:
    """Each kind of request or step, with a function that makes it once and returns the seconds it took."""
    new, dead, baked = (
        Queue(oven.aws, url)
        for url in (oven.stack.new_items, oven.stack.dead_letters, oven.stack.baked_items)
    )
    table = DynamoBakingTable(oven.aws.dynamodb, oven.stack.table)
    states = StepFunctionsItemStates(oven.aws.stepfunctions, oven.stack.outputs["ItemStatesArn"])

    def start(name: str, count: int, secs: int) -> None:
        fields = [{"id": f"{name}-{place}", "bakingTimeSecs": secs} for place in range(count)]
        states.start([parse_fields(one) for one in fields])

    def poll(_number: int) -> float:
        # It becomes a dead letter in the first request of Bake Items.
        return _until_it_comes(lambda: new.send(["no item"]), dead)

    def poll_rested(number: int) -> float:
        time.sleep(0.1)
        return poll(number)

    def poll_again(number: int) -> float:
        poll(number)
        # At any moment between two polls of the event source mapping.
        time.sleep(number % 20 / 1000)
        return poll(number)

    def task(number: int) -> float:
        # It comes out in the first request of Item Removed.
        return _until_it_comes(lambda: start(f"short-{number}", 1, secs=0), baked)

    yield "write_row", _timed(lambda _number: table.renew("nobody", 0))
    yield "read_row", _timed(lambda _number: table.read())
    yield "send", _timed(lambda _number: baked.send(["x"]))
    yield "receive", _timed(lambda _number: dead.receive(0, 0))
    yield "start_execution", _timed(lambda number: start(f"one-{number}", 1, HOUR))
    yield "start_execution, ten at once", _timed(lambda number: start(f"ten-{number}", BATCH, HOUR))
    yield "describe_execution", _timed(lambda _number: states.describe("one-0-0"))
    _empty(baked)
    yield "poll, after a rest", poll_rested
    yield "poll, soon after another", poll_again
    yield "task", task


def _timed(act: Callable[[int], object]) -> Callable[[int], float]:
    def measure(number: int) -> float:
        begun = time.perf_counter()
        act(number)
        return time.perf_counter() - begun

    return measure


def _until_it_comes(send: Callable[[], object], queue: Queue) -> float:
    """How long after it was sent a message arrived in the queue, in seconds."""
    begun = time.time()
    send()
    while not (messages := queue.receive(1, HOUR)):
        pass
    queue.delete(messages)
    return messages[0].sent_at - begun


def _empty(queue: Queue) -> None:
    while messages := queue.receive(0, HOUR):
        queue.delete(messages)


if __name__ == "__main__":
    main()
