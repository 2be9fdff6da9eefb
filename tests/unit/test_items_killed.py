"""No item is lost and none bakes twice, wherever `send`, `collect` and `redrive` are killed.

Each scenario is run once for every moment at which the process can be killed: before and after each request
and each write. Then the same command is run again. Meanwhile the oven did nothing, or all that it could.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from pizza_oven.item import Item, parse
from serverless_pizza_oven.operations.collecting import as_line, collect
from serverless_pizza_oven.operations.dead_letters import discard
from serverless_pizza_oven.operations.held_messages import FIRST_TIMEOUT_SECS
from serverless_pizza_oven.operations.redriving import Redriver, RedriveRequest
from serverless_pizza_oven.operations.sending import read_items, read_lines, send
from serverless_pizza_oven.simulator.executions import Executions
from tests.unit.mortal_sqs import Killed, Life, Sqs, deaths
from tests.unit.streams import stream

Step = TypeVar("Step")

NEW, BAKED, DEAD = "new", "baked", "dead"
CAPACITY = 14


def body(item_id: str, **fields: object) -> str:
    return json.dumps({"id": item_id, "bakingTimeSecs": 1, **fields})


@dataclass
class QueuesAndExecutions:
    """An oven's queues and its executions."""

    life: Life
    sqs: Sqs = field(init=False)
    executions: Executions = field(init=False)
    started: Counter[str] = field(default_factory=Counter)
    """How often each item began to bake."""
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sqs = Sqs(NEW, BAKED, DEAD, life=self.life)
        self.executions = Executions(self.sqs.loop)

    def bake(self) -> None:
        """Bake the items of New Items, each id once. An item that failed becomes a dead letter again."""
        for received in self.sqs.queues[NEW].receive(1000):
            self.sqs.queues[NEW].delete(received)
            item = parse(received.body, CAPACITY)
            assert isinstance(item, Item)
            if self.executions.describe(item.id) is None:
                self.executions.start_one(item)
                self.started[item.id] += 1

    def fail(self, item_id: str) -> None:
        """Let the execution of an item fail."""
        item = parse(body(item_id), CAPACITY)
        assert isinstance(item, Item)
        self.executions.start_one(item)
        self.executions.end(self.executions.bakings[item_id], "FAILED")
        self.sqs.put(DEAD, body(item_id), reason="its baking ended as FAILED")

    def ids(self, name: str) -> set[str]:
        return {json.loads(text)["id"] for text in self.sqs.bodies(name)}


@contextlib.contextmanager
def dropped(steps: Generator[Step]) -> Iterator[Generator[Step]]:
    """Close the generators of killed processes without their cleanup."""
    try:
        yield steps
    finally:
        with contextlib.suppress(Killed):
            steps.close()


# oven send --file

FILE = [f"order-{n}" for n in range(25)]


def send_file(world: QueuesAndExecutions) -> None:
    lines = read_lines(stream("".join(f"{body(item_id)}\n" for item_id in FILE)))
    for items in read_items(lines, "orders.jsonl", CAPACITY):
        for sent in send(world.sqs.queue(NEW), items):
            world.life.moment()
            world.printed += [item.id for item in sent]


@pytest.mark.parametrize("oven_is_quick", [False, True])
def test_a_file_that_is_sent_again_after_a_kill_bakes_all_its_items_once(oven_is_quick: bool) -> None:
    deaths_seen = 0
    for world in deaths(QueuesAndExecutions, send_file):
        deaths_seen += 1
        assert set(world.printed) <= world.ids(NEW)
        if oven_is_quick:
            world.bake()

        send_file(world)
        world.bake()

        assert world.started == Counter(FILE)
    assert deaths_seen == 3 * (2 + 1)


# oven collect


def collect_all(world: QueuesAndExecutions) -> None:
    with dropped(collect(world.sqs.queue(BAKED), most=None, wait_secs=1)) as hands:
        for hand in hands:
            world.life.moment()
            world.printed += [as_line(message) for message in hand]
            world.life.moment()


def baked(life: Life) -> QueuesAndExecutions:
    world = QueuesAndExecutions(life)
    world.sqs.put(BAKED, *(body(item_id) for item_id in FILE))
    return world


def test_what_a_killed_collect_had_in_hand_is_printed_or_comes_again() -> None:
    deaths_seen = 0
    for world in deaths(baked, collect_all):
        deaths_seen += 1
        assert {json.loads(line)["id"] for line in world.printed} | world.ids(BAKED) == set(FILE)

        world.sqs.pass_time(60)
        collect_all(world)

        assert {json.loads(line)["id"] for line in world.printed} == set(FILE)
        assert world.sqs.bodies(BAKED) == []
    # Three times a receive, a write and a delete, and an empty receive.
    assert deaths_seen == 3 * (2 + 2 + 2) + 2


# oven dlq redrive

GARBAGE = ["no json", '{"bakingTimeSecs": 1}', '{"type": "trigger"}']
BAKES = Counter(
    ["mended", "gave-up", "failed.redrive-1", "again.redrive-2", *(f"rejected-{n}" for n in range(20))]
)


def with_dead_letters(life: Life) -> QueuesAndExecutions:
    world = QueuesAndExecutions(life)
    world.sqs.put(DEAD, *GARBAGE, reason="malformed")
    world.fail("failed")
    # It was sent once more, and became a dead letter once more.
    world.sqs.put(DEAD, body("failed"), reason="its baking ended as FAILED")
    world.fail("again")
    world.fail("again.redrive-1")
    world.sqs.put(DEAD, body("gave-up"))
    world.sqs.put(DEAD, body("mended", size=15), reason="size must be at most 14")
    world.sqs.put(DEAD, *(body(f"rejected-{n}") for n in range(20)), reason="a smaller oven")
    return world


def redrive_all(world: QueuesAndExecutions) -> None:
    queue = world.sqs.queue
    redriver = Redriver(queue(DEAD), queue(NEW), world.executions, CAPACITY, 30, world.sqs.clock)
    with dropped(redriver.redrive(RedriveRequest(fields={"size": 2}))) as results:
        for _ in results:
            world.life.moment()


@pytest.mark.parametrize("oven_is_quick", [False, True])
def test_dead_letters_that_are_redriven_again_after_a_kill_bake_once(oven_is_quick: bool) -> None:
    deaths_seen = 0
    for world in deaths(with_dead_letters, redrive_all):
        deaths_seen += 1
        if oven_is_quick:
            world.bake()

        # Until the letters of the killed process are visible again. Items that began to bake are done by
        # then.
        world.sqs.pass_time(FIRST_TIMEOUT_SECS)
        redrive_all(world)
        world.bake()

        assert world.started == BAKES
        assert Counter(world.sqs.bodies(DEAD)) == Counter(GARBAGE)
        assert Counter(world.sqs.visible(DEAD)) == Counter(GARBAGE)
    assert deaths_seen > 30


def discard_all(world: QueuesAndExecutions) -> None:
    with dropped(discard(world.sqs.queue(DEAD), None, CAPACITY, 30, world.sqs.clock)) as thrown:
        for some in thrown:
            world.life.moment()
            world.printed += [letter.message.body for letter in some]
            world.life.moment()


def test_no_letter_is_thrown_away_that_was_not_printed() -> None:
    everything = with_dead_letters(Life()).sqs.bodies(DEAD)
    deaths_seen = 0
    for world in deaths(with_dead_letters, discard_all):
        deaths_seen += 1
        assert not Counter(everything) - Counter(world.printed) - Counter(world.sqs.bodies(DEAD))
    assert deaths_seen == 4 * 2 + 3 * (2 + 2)


def test_at_no_moment_of_a_redrive_is_an_item_nowhere() -> None:
    for world in deaths(with_dead_letters, redrive_all):
        letters = [text for text in world.sqs.bodies(DEAD) if text not in GARBAGE]
        somewhere = {json.loads(text)["id"] for text in letters} | world.ids(NEW)
        assert {name.partition(".")[0] for name in somewhere} >= {name.partition(".")[0] for name in BAKES}
