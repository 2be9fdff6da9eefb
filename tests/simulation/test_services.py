"""The services in memory, apart from the oven's ports."""

from pizza_oven.item import Item
from serverless_pizza_oven.simulator.executions import DAY, Baking, Done, Executions
from serverless_pizza_oven.simulator.fifo_queue import FifoQueue
from serverless_pizza_oven.simulator.loop import SECOND, START, Loop
from serverless_pizza_oven.simulator.quotas import TokenBucket
from serverless_pizza_oven.simulator.standard_queue import StandardQueue


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


def test_time_passes_at_once_where_nothing_else_is_due() -> None:
    loop, passed = Loop(), list[tuple[bool, int]]()

    def skip_to(second: int) -> None:
        passed.append((loop.skip_to(START + second * SECOND), (loop.now - START) // SECOND))

    loop.call_later(1 * SECOND, skip_to, 3)
    loop.call_later(5 * SECOND, skip_to, 8)
    loop.call_later(8 * SECOND, skip_to, 10)
    loop.call_later(9 * SECOND, skip_to, 11)
    loop.run(START + 10 * SECOND)

    # At 8 something else is due; up to 10 it is due before; and 11 is beyond the end of the run.
    assert passed == [(True, 3), (False, 5), (False, 8), (False, 9)]
    assert not loop.skip_to(START + 10 * SECOND)


def test_a_message_that_comes_sooner_than_another_is_told_of_in_time() -> None:
    loop, seen = Loop(), list[int]()
    queue = StandardQueue(loop, "new", visibility=60 * SECOND)
    queue.on_message = lambda: seen.append((loop.now - START) // SECOND)
    queue.send("a")
    queue.receive(10)
    queue.send("b", delay=5 * SECOND)

    loop.run(START + 61 * SECOND)

    assert seen == [0, 5, 60]


def test_a_message_is_told_of_although_an_earlier_one_was_deleted() -> None:
    loop, seen = Loop(), list[int]()
    queue = StandardQueue(loop, "new", visibility=60 * SECOND)
    queue.on_message = lambda: seen.append((loop.now - START) // SECOND)
    queue.send("a")
    (first,) = queue.receive(10)
    loop.run(START + 20 * SECOND)
    queue.delete(first)
    queue.send("b")
    queue.receive(10)

    loop.run(START + 100 * SECOND)

    assert seen == [0, 20, 80]


def test_a_line_tells_when_a_hand_opens_that_was_taken_after_another() -> None:
    loop, opened = Loop(), list[int]()
    line = FifoQueue(loop, visibility=15 * SECOND)
    for ticket in "ab":
        line.send(ticket, ticket)
    (first,) = line.receive(1)
    loop.run(START + 10 * SECOND)
    line.on_message = lambda: opened.append((loop.now - START) // SECOND)
    line.delete(first)
    line.receive(1)

    loop.run(START + 60 * SECOND)

    assert opened == [10, 25]


def test_a_message_that_comes_too_often_is_a_dead_letter() -> None:
    loop = Loop()
    dead = StandardQueue(loop, "dead")
    queue = StandardQueue(loop, "new", visibility=SECOND, max_receives=3, dead_letters=dead)
    queue.send("a")
    for second in range(1, 6):
        queue.receive(10)
        loop.run(START + second * SECOND)

    assert [(letter.body, letter.reason) for letter in dead.messages()] == [("a", None)]
    assert queue.count() == 0


def test_a_message_may_be_delivered_once_more_although_it_was_deleted() -> None:
    queue = StandardQueue(Loop(), "new")
    queue.send("a")
    (received,) = queue.receive(10)
    queue.delete(received)

    queue.redeliver(received.stored)

    assert [again.body for again in queue.receive(10)] == ["a"]


def test_a_deduplication_id_is_forgotten_after_five_minutes() -> None:
    loop = Loop()
    queue = FifoQueue(loop)
    queue.send("a", "ticket")
    loop.run(START + 299 * SECOND)
    queue.send("b", "ticket")
    loop.run(START + 300 * SECOND)
    queue.send("c", "ticket")

    assert [letter.body for letter in queue.messages()] == ["a", "c"]


def test_a_task_that_fails_is_tried_again_until_it_works() -> None:
    loop, tries = Loop(), list[int]()

    def remove(_baking: Baking, done: Done) -> None:
        tries.append((loop.now - START) // SECOND)
        done("out of order" if len(tries) < 4 else "")

    executions = Executions(loop, remove, jitter=lambda most: most)
    executions.start_one(Item("a", 10, 1, "{}"))
    loop.run(START + 100 * SECOND)

    assert tries == [10, 11, 13, 17]
    assert executions.bakings["a"].status == "SUCCEEDED"


def test_a_redriven_execution_goes_on_in_the_state_in_which_it_failed() -> None:
    loop, removed = Loop(), list[tuple[int, str, int]]()

    def remove(baking: Baking, done: Done) -> None:
        removed.append(((loop.now - START) // SECOND, baking.item.id, baking.redrives))
        done("RedrivenError: no" if baking.redrives else "")

    executions = Executions(loop, remove)
    executions.start_one(Item("a", 10, 1, "{}"))
    loop.run(START + 4 * SECOND)
    executions.end(executions.bakings["a"], "ABORTED", "an operator stopped it")
    loop.run(START + 6 * SECOND)
    assert executions.running == 0

    executions.redrive(executions.bakings["a"])
    assert executions.running == 1
    loop.run(START + 60 * SECOND)

    # It waits for its whole baking time once more, and fails without another attempt.
    assert removed == [(16, "a", 1)]
    assert executions.bakings["a"].status == "FAILED"
    assert executions.running == 0


def test_only_an_execution_that_failed_in_the_last_14_days_is_redriven() -> None:
    loop = Loop()
    executions = Executions(loop)
    for item_id in ("runs", "succeeds", "fails"):
        executions.start_one(Item(item_id, 3600 if item_id == "runs" else 1, 1, "{}"))
    executions.end(executions.bakings["fails"], "ABORTED")
    loop.run(START + 10 * SECOND)
    for item_id in ("runs", "succeeds"):
        executions.redrive(executions.bakings[item_id])
    loop.run(START + 14 * DAY + SECOND)
    executions.redrive(executions.bakings["fails"])

    assert [baking.redrives for baking in executions.bakings.values()] == [0, 0, 0]


def test_an_execution_is_described_as_it_was_a_while_ago() -> None:
    loop = Loop()
    executions = Executions(loop)
    executions.start_one(Item("a", 10, 1, "{}"))
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


def test_a_bucket_tells_which_share_of_its_rate_was_used_between_its_refusals() -> None:
    loop = Loop()
    bucket = TokenBucket(loop, "starts", rate=2, burst=4)
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]
    assert bucket.used is None

    loop.run(START + SECOND)
    bucket.take()
    loop.run(START + 4 * SECOND)
    # 1 of the 8 that the rate allows in 4 seconds, and the 4 that were left at the end.
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]
    assert bucket.used == 5 / 8


def test_a_reservation_tells_how_long_to_wait() -> None:
    bucket = TokenBucket(Loop(), "transitions", rate=2, burst=2)

    assert [bucket.reserve() for _ in range(4)] == [0, 0, SECOND // 2, SECOND]
