"""How the demo counts, with queues that the test serves in place of an oven."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.demo.demo_oven import DemoOven
from serverless_pizza_oven.demo.menu import Pizza
from serverless_pizza_oven.demo.run import PATIENCE_SECS, DemoRun
from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.queue_client import Queue

NUMBERS = itertools.count()
PIZZAS = [Pizza(f"p{n}", "Margherita", 1) for n in range(12)]


class Clock:
    """A clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, secs: float) -> None:
        self.now += secs


class OvenByHand:
    """Four queues. The test does the baking."""

    def __init__(self, aws: Aws) -> None:
        self._sqs = aws.sqs
        made = f"by-hand-{next(NUMBERS)}"
        self.urls = [aws.sqs.create_queue(QueueName=f"{made}-{n}")["QueueUrl"] for n in range(4)]
        new, waiting, baked, dead = (Queue(aws, url) for url in self.urls)
        self.oven = DemoOven(new, waiting, baked, dead, table=None, capacity=1)
        self.new, self.baked, self.dead = new, baked, dead

    def taken(self) -> list[str]:
        """The bodies of all new items."""
        bodies: list[str] = []
        while received := self._sqs.receive_message(
            QueueUrl=self.urls[0], MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            bodies += [message["Body"] for message in received]
        return bodies

    def bury(self, body: str, **attributes: str) -> None:
        sent: Any = {name: {"DataType": "String", "StringValue": v} for name, v in attributes.items()}
        self._sqs.send_message(QueueUrl=self.urls[3], MessageBody=body, MessageAttributes=sent)


@pytest.fixture
def by_hand(local_aws: Aws) -> OvenByHand:
    return OvenByHand(local_aws)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def under_way(by_hand: OvenByHand, tally: Tally, clock: Clock) -> Iterator[Any]:
    """A run that has sent everything."""
    steps = iter(DemoRun(by_hand.oven, tally, clock, clock.sleep))
    next(steps)
    assert tally.all_sent
    return steps


def ids_in(queue: Queue) -> Sequence[str | None]:
    return [message.item_id for message in queue.receive(wait_secs=0, hide_secs=0)]


def test_each_pizza_that_comes_out_is_counted_and_taken(by_hand: OvenByHand, clock: Clock) -> None:
    tally = Tally(PIZZAS)
    steps = under_way(by_hand, tally, clock)
    for body in by_hand.taken():
        by_hand.baked.send([body])

    *_, last = steps

    assert (last.bars.out, last.total, tally.missing) == (12, 12, [])
    assert by_hand.baked.depth() == 0


def test_a_pizza_that_comes_out_twice_is_a_double_even_after_all_others_are_out(
    by_hand: OvenByHand, clock: Clock
) -> None:
    tally = Tally(PIZZAS)
    steps = under_way(by_hand, tally, clock)
    bodies = by_hand.taken()
    for body in bodies:
        by_hand.baked.send([body])
    while not tally.is_complete:
        next(steps)

    by_hand.baked.send(bodies[-1:])
    list(steps)

    assert tally.doubles == {"p11"}
    assert by_hand.baked.depth() == 0


def test_what_others_baked_is_given_back_however_the_run_ends(by_hand: OvenByHand, clock: Clock) -> None:
    by_hand.baked.send(['{"id": "foreign"}', "no item at all", "[]", '{"id": 7}'])
    steps = under_way(by_hand, Tally(PIZZAS), clock)
    assert ids_in(by_hand.baked) == []

    steps.close()  # type: ignore[attr-defined]

    assert len(ids_in(by_hand.baked)) == 4


def test_a_dead_pizza_is_counted_with_its_reason_and_all_letters_stay(
    by_hand: OvenByHand, clock: Clock
) -> None:
    by_hand.bury('{"id": "foreign"}', reason="not ours")
    tally = Tally(PIZZAS[:2])
    steps = under_way(by_hand, tally, clock)
    for body, reason in zip(by_hand.taken(), ["burnt", ""], strict=True):
        by_hand.bury(body, **({"reason": reason} if reason else {}))
    clock.now += 1

    *_, last = steps

    assert last.dead == 2
    assert tally.dead == {"p0": "burnt", "p1": "no reason is given"}
    assert by_hand.dead.depth() == 3
    assert len(ids_in(by_hand.dead)) == 3


def test_it_ends_by_itself_when_nothing_moves_any_more(by_hand: OvenByHand, clock: Clock) -> None:
    tally = Tally([Pizza("slow", "Margherita", 500)])
    steps = under_way(by_hand, tally, clock)

    clock.now += PATIENCE_SECS + 499
    next(steps)
    clock.now += 2

    assert len(list(steps)) == 1
    assert tally.missing == ["slow"]
