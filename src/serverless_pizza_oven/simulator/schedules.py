"""Random schedules: small ovens, a few items and many faults, all drawn from one seed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pizza_oven.item import ItemRelease, LeaseExtension
from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.faults import MILD, NONE, ROUGH, Faults
from serverless_pizza_oven.simulator.invariants import InvariantError, Invariants
from serverless_pizza_oven.simulator.loop import SECOND
from serverless_pizza_oven.simulator.random_source import RandomSource, RecordingSource, ScriptedSource
from serverless_pizza_oven.simulator.shrinking import shrink
from serverless_pizza_oven.simulator.trace import Trace
from serverless_pizza_oven.simulator.world import World

FAULTY_SECS = 150
"""How long faults happen. After that the oven must become idle by itself."""

LONG_FAULTY_SECS = 450
"""The same for schedules in which items keep coming: long enough for epochs to close."""

REST_SECS = 900
"""The oven must be idle within this time. Overdue leases are reconciled 90 s after their time, a few each
minute; a wrong count of the line 135 s after the last item joined; a received message is visible again after
a minute."""

ROUGHNESS = {"rough": ROUGH, "mild": MILD, "none": NONE}

AS_LARGE = dict.fromkeys(
    ("look_first_slots", "crowded_slots", "slots_per_packed_item", "receive_more_slots", "full_batch"), 1
)
"""Bake Items works as in an oven of hundreds of slots: half of the schedules."""

BAD_BODIES = (
    "",
    "{",
    "[]",
    '{"id":"x"}',
    '{"id":"?","bakingTimeSecs":1}',
    '{"id":"huge","bakingTimeSecs":1,"size":99}',
)


@dataclass(slots=True)
class Schedule:
    """One run of a small oven: what is sent when, and what operators do to it."""

    world: World
    invariants: Invariants
    random_source: RandomSource

    def play(self) -> None:
        """Run it to its end. Raises InvariantError if an invariant does not hold."""
        try:
            self._play()
        finally:
            self.world.close()

    def _play(self) -> None:
        secs = self._plan()
        loop, world = self.world.loop, self.world
        begun = loop.now
        loop.call_later(secs * SECOND, world.faults.stop)
        self._run(begun + secs * SECOND)
        # A request that hung at the last moment still takes effect within a minute.
        rested = begun + (secs + 65) * SECOND
        for until in range(rested, rested + REST_SECS * SECOND, 5 * SECOND):
            self._run(until)
            if world.is_idle:
                break
        self.invariants.check_end()

    def _run(self, until: int) -> None:
        loop, check, record = self.world.loop, self.invariants.check, self.world.line_history.record
        while loop.step(until):
            check()
            record()
        loop.run(until)

    # The plan

    def _plan(self) -> int:
        """Draw what happens. Returns for how many seconds there are faults."""
        random_source = self.random_source
        for number in range(1 + random_source.below(8)):
            self._plan_item(f"item{number}")
        if random_source.chance(0.3):
            self._later(self.invariants.send, BAD_BODIES[random_source.below(len(BAD_BODIES))])
        if random_source.chance(0.2):
            self._later(self.invariants.send, '{"type":"trigger","item":"item0"}')
        if random_source.chance(0.1):
            self._later(self.invariants.set_capacity, 1 + random_source.below(self.world.setup.capacity))
        if random_source.chance(0.5):
            for number in range(1 + random_source.below(3)):
                self._plan_hold(f"held{number}")
        if not random_source.chance(0.025):
            return FAULTY_SECS
        for sec in range(0, LONG_FAULTY_SECS, 10 + random_source.below(20)):
            for number in range(1 + random_source.below(3)):
                item = {"id": f"late{sec}-{number}", "bakingTimeSecs": random_source.below(3)}
                self.world.loop.call_later(sec * SECOND, self.invariants.send, json.dumps(item))
        return LONG_FAULTY_SECS

    def _plan_item(self, item_id: str) -> None:
        """An item is sent, perhaps twice. An operator may stop its execution, and have it redriven."""
        random_source = self.random_source
        size = 1 + (random_source.below(self.world.setup.capacity) if random_source.chance(0.4) else 0)
        item = {"id": item_id, "bakingTimeSecs": (2, 0, 1, 5, 20)[random_source.below(5)], "size": size}
        self._later(self.invariants.send, json.dumps(item))
        if random_source.chance(0.15):
            self._later(self.invariants.send, json.dumps(item))
        if random_source.chance(0.08):
            self._later(self._abort, item_id)
            if random_source.chance(0.5):
                self._later(self._redrive, item_id)

    def _plan_hold(self, item_id: str) -> None:
        """A held item is sent, perhaps twice. It is extended and released, perhaps before it comes."""
        random_source, send = self.random_source, self.invariants.send
        lease = (5, 1, 20)[random_source.below(3)]
        size = 1 + (random_source.below(self.world.setup.capacity) if random_source.chance(0.4) else 0)
        item: dict[str, object] = {"id": item_id, "bakingTimeSecs": lease, "size": size, "hold": True}
        if random_source.chance(0.5):
            item["taskToken"] = f"token of {item_id}"
        if random_source.chance(0.3):
            item["waitAtMostSecs"] = random_source.below(20)
        self._later(send, json.dumps(item))
        if random_source.chance(0.15):
            self._later(send, json.dumps(item | {"taskToken": f"another token of {item_id}"}))
        for _ in range(random_source.below(4)):
            self._later(send, LeaseExtension(item_id, (lease, 2, 30)[random_source.below(3)]).body)
        for _ in range((1, 0, 2)[random_source.below(3)]):
            self._later(send, ItemRelease(item_id).body)
        if random_source.chance(0.1):
            self._later(send, ItemRelease("item0").body)
        if random_source.chance(0.1):
            self._later(self._give_up, item_id)
        if random_source.chance(0.08):
            self._later(self._abort, item_id)

    def _give_up(self, item_id: str) -> None:
        """The workflow that waits for the slots of its item ends."""
        self.world.task_tokens.gone.add(f"token of {item_id}")
        self.invariants.owner_gave_up(item_id)

    def _later(self, act: Callable[[str], object] | Callable[[int], object], what: str | int) -> None:
        # Most happen within a few seconds, and so at the same time.
        span = (
            self.random_source.below(100) * SECOND
            if self.random_source.chance(0.3)
            else self.random_source.below(8 * SECOND)
        )
        self.world.loop.call_later(span, act, what)

    def _abort(self, item_id: str) -> None:
        baking = self.world.executions.bakings.get(item_id)
        if baking is not None:
            self.world.executions.end(baking, "ABORTED", "an operator stopped it")

    def _redrive(self, item_id: str) -> None:
        baking = self.world.executions.bakings.get(item_id)
        if baking is not None:
            self.world.executions.redrive(baking)


def schedule(
    random_source: RandomSource,
    faults: Faults,
    invariants: Invariants | None = None,
) -> Schedule:
    """A small oven, drawn from the random source, ready to play."""
    invariants = invariants or Invariants()
    setup = Setup(capacity=1 + random_source.below(4), max_concurrency=2 + random_source.below(4))
    if random_source.chance(0.5):
        setup = replace(setup, **AS_LARGE)
    world = World(setup, Conditions(faults=faults), random_source, invariants)
    invariants.watch(world)
    return Schedule(world, invariants, random_source)


@dataclass(frozen=True, slots=True)
class Failure:
    """A schedule that breaks an invariant."""

    error: InvariantError
    drawn: list[int]
    """The numbers that were drawn."""


def play(random_source: RecordingSource | ScriptedSource, faults: Faults) -> Failure | None:
    """Play a schedule drawn from a random source. Returns how it failed, or None."""
    try:
        schedule(random_source, faults).play()
    except InvariantError as error:
        return Failure(error, random_source.drawn)
    return None


def search(
    seeds: range,
    faults: Faults,
    on_played: Callable[[], object] = lambda: None,
) -> tuple[int, Failure] | None:
    """Play the schedules of these seeds until one fails. Returns its seed and how it failed, or None."""
    for seed in seeds:
        failure = play(RecordingSource(seed), faults)
        on_played()
        if failure is not None:
            return seed, failure
    return None


def shortest(failure: Failure, faults: Faults) -> list[int]:
    """The draws of a schedule that fails in the same way, and in which less happens."""

    def fails(script: list[int]) -> list[int] | None:
        replayed = play(ScriptedSource(script), faults)
        if replayed is None or replayed.error.invariant != failure.error.invariant:
            return None
        return replayed.drawn

    return shrink(failure.drawn, fails)


def trace(draws: Sequence[int], faults: Faults) -> list[str]:
    """What happens with these draws, line by line, up to the invariant that breaks, if one does."""
    tracer = Trace()
    try:
        schedule(ScriptedSource(draws), faults, tracer).play()
    except InvariantError as error:
        return [*tracer.lines, str(error)]
    return [*tracer.lines, "every invariant holds"]
