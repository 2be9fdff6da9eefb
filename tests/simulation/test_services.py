"""What the services in memory do beyond the oven's ports."""

from kitchen.simulation.executions import Baking, Done, Executions
from kitchen.simulation.loop import SECOND, START, Loop
from kitchen.simulation.queues import FifoQueue, StandardQueue
from kitchen.simulation.quotas import TokenBucket
from pizza_oven.item import Item


def test_what_is_due_at_the_same_moment_happens_first_come_first_served() -> None:
    loop, log = Loop(), list[str]()
    loop.call_later(5, log.append, "later")
    loop.call_later(1, log.append, "first")
    loop.call_later(1, log.append, "second")
    loop.call_soon(log.append, "now")

    loop.run(START + 5)

    assert log == ["now", "first", "second", "later"]
    assert loop.now == START + 5


def test_a_message_that_is_not_deleted_comes_again_after_its_visibility_timeout() -> None:
    loop = Loop()
    queue = StandardQueue(loop, "new", visibility=60 * SECOND)
    queue.send("a")
    queue.receive(10)
    loop.run(START + 59 * SECOND)
    assert queue.receive(10) == []

    loop.run(START + 60 * SECOND)
    assert [(received.body, received.receive_count) for received in queue.receive(10)] == [("a", 2)]


def test_a_message_that_comes_too_often_is_a_dead_letter() -> None:
    loop = Loop()
    dead = StandardQueue(loop, "dead")
    queue = StandardQueue(loop, "new", visibility=SECOND, max_receives=3, dead_letters=dead)
    queue.send("a")
    for second in range(1, 6):
        queue.receive(10)
        loop.run(START + second * SECOND)

    assert [(letter.body, letter.reason) for letter in dead.letters()] == [("a", None)]
    assert queue.count() == 0


def test_a_message_may_be_delivered_once_more_although_it_was_deleted() -> None:
    queue = StandardQueue(Loop(), "new")
    queue.send("a")
    (received,) = queue.receive(10)
    queue.delete(received)

    queue.again(received.letter)

    assert [again.body for again in queue.receive(10)] == ["a"]


def test_a_deduplication_id_is_forgotten_after_five_minutes() -> None:
    loop = Loop()
    queue = FifoQueue(loop)
    queue.send("a", "ticket")
    loop.run(START + 299 * SECOND)
    queue.send("b", "ticket")
    loop.run(START + 300 * SECOND)
    queue.send("c", "ticket")

    assert [letter.body for letter in queue.letters()] == ["a", "c"]


def test_a_task_that_fails_is_tried_again_until_it_works() -> None:
    loop, tries = Loop(), list[int]()

    def remove(_baking: Baking, done: Done) -> None:
        tries.append((loop.now - START) // SECOND)
        done("out of order" if len(tries) < 4 else "")

    executions = Executions(loop, remove, jitter=lambda most: most)
    executions.begin(Item("a", 10, 1, "{}"))
    loop.run(START + 100 * SECOND)

    assert tries == [10, 11, 13, 17]
    assert executions.bakings["a"].status == "SUCCEEDED"


def test_an_execution_is_described_as_it_was_a_while_ago() -> None:
    loop = Loop()
    executions = Executions(loop)
    executions.begin(Item("a", 10, 1, "{}"))
    loop.run(START + 12 * SECOND)

    described = [executions.describe("a", lag * SECOND) for lag in (0, 5, 13)]

    assert [execution.status if execution else None for execution in described] == [
        "SUCCEEDED",
        "RUNNING",
        None,
    ]


def test_a_bucket_allows_its_burst_and_then_its_rate() -> None:
    loop = Loop()
    bucket = TokenBucket(loop, "starts", rate=2, burst=4)
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]

    loop.run(START + SECOND)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    assert (bucket.refused, bucket.first_refusal) == (2, START)


def test_a_reservation_tells_how_long_to_wait() -> None:
    bucket = TokenBucket(Loop(), "transitions", rate=2, burst=2)

    assert [bucket.reserve() for _ in range(4)] == [0, 0, SECOND // 2, SECOND]
