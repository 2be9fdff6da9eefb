"""All that can happen in a small oven: every order of its requests, and a crash at each of them.

Nothing takes time here, so whatever is under way is due at the same moment; and what is due at the same
moment happens in every order, and New Items hands out its messages in every order. Two things keep that
finite and small, and lose nothing:

A branch ends where it comes to a state that was seen before. Functions are deterministic: what one will do
follows from what it has asked and been told. And the state has all that the invariants remember.

Some steps make no crossroads, but are taken as soon as they are due (ASIDE): none of them makes a request,
each commutes with whatever else may happen until then, and no invariant sees the difference. So any order
has a twin in which they come first, and in which the same requests meet the same services.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any, TypeVar, TypeVarTuple

from greenlet import greenlet

from serverless_pizza_oven.simulator.aws_operations import Operation
from serverless_pizza_oven.simulator.faults import Fault
from serverless_pizza_oven.simulator.invariants import InvariantError, Invariants
from serverless_pizza_oven.simulator.latencies import Latencies
from serverless_pizza_oven.simulator.loop import SECOND, Entry, Loop
from serverless_pizza_oven.simulator.memory_queues import Received
from serverless_pizza_oven.simulator.random_source import ScriptedSource
from serverless_pizza_oven.simulator.trace import Trace
from serverless_pizza_oven.simulator.transport import FaultyTransport, Sleeper, Transport
from serverless_pizza_oven.simulator.world import Conditions, Setup, World

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

REST_SECS = 900
"""Within which an oven must be quiet again."""


ASIDE = frozenset(
    {
        # A function begins, which reads the clock, and comes to its first request.
        "Instance.begin",
        # A task is about to invoke its function. Nothing but the end of its own execution is in its way: that
        # comes after it, or, where somebody stops the execution, long before its wait is over.
        "Executions._try",
        "World._invoke_removal",
        # A function that waits for the line is to look again, and waits on if there is nothing.
        "Sleeper.wake",
        # Messages are visible again. They are so for whoever looks at that moment, before this or after; it
        # only wakes pollers and sleepers, and for one who finds nothing it is as if he slept on.
        "StandardQueue._ring",
        "FifoQueue._ring",
        "FifoQueue._opened",
    }
)
"""What is due for itself: see above why it may come before all else that is due at the same moment."""

TOLD_BY_MESSAGES = frozenset({"StandardQueue._ring", "FifoQueue._ring", "FifoQueue._opened"})
"""When they are to come, each hidden message says itself."""


class SeenBeforeError(BaseException):
    """This state was explored already."""


@dataclass(slots=True)
class Crossroads:
    """Takes a given way, then the first turn at each crossroads, and remembers the others."""

    way: list[int]
    seen: set[int]
    state: Callable[[], int] = lambda: 0
    taken: list[int] = field(default_factory=list)
    others: list[list[int]] = field(default_factory=list)

    def choose(self, count: int, here: object = None) -> int:
        """Which of so many turns is taken. Raises SeenBeforeError where all of them were."""
        turn = 0
        if len(self.taken) < len(self.way):
            turn = self.way[len(self.taken)]
        else:
            state = hash((self.state(), here))
            if state in self.seen:
                raise SeenBeforeError
            self.seen.add(state)
            self.others += [[*self.taken, other] for other in range(1, count)]
        self.taken.append(turn)
        return turn


class BranchingLoop(Loop):
    """What is due at the same moment happens in the order that is chosen, but for what is due for itself."""

    def __init__(self, crossroads: Crossroads) -> None:
        super().__init__()
        self._crossroads = crossroads

    def step(self, until: int) -> bool:
        agenda = self._agenda
        if not self._soon and agenda and agenda[0][0] <= until:
            moment = agenda[0][0]
            due: list[Entry] = []
            while agenda and agenda[0][0] == moment:
                due.append(heappop(agenda))
            self.now = moment
            for entry in due:
                heappush(agenda, entry)
            if len(due) > 1:
                aside = next((entry for entry in due if entry[2].__qualname__ in ASIDE), None)
                chosen = aside or due[self._crossroads.choose(len(due))]
                agenda.remove(chosen)
                # The smallest number of all: it is next.
                heappush(agenda, (moment, due[0][1] - 1, *chosen[2:]))
                agenda.sort()
        return super().step(until)

    def agenda(self) -> list[Entry]:
        """What is due, in order."""
        return sorted(self._agenda)


class CrashingTransport(FaultyTransport):
    """A transport on which each request may be the last of its function. It remembers what was said."""

    def __init__(self, world: "SmallWorld", actor: str) -> None:
        super().__init__(world.loop, world.random_source, actor, world.faults, world.observer)
        self._world = world
        self.said = 0
        """Stands for all that was asked and answered in this invocation."""

    @property
    def state(self) -> str:
        """What the function will do next follows from this: which instance it is does not matter."""
        return f"{self.actor.split()[0]} {self.said} {self.deadline}"

    def end(self) -> None:
        self.said = self.deadline = 0

    def note(self, *said: object) -> None:
        """Something more was asked, or answered."""
        self.said = hash((self.said, repr(said)))

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        self.note(operation.name, args)
        return super().attempt(operation, send, args, units)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        answer = super().effect(send, args)
        self.note(send.__name__, args, answer)
        return answer

    def request(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        self.note(operation.name, args)
        return super().request(operation, send, args)

    def _fault(self, _operation: Operation) -> Fault | None:
        if not self._world.crashes_left:
            return None
        fate = self._world.crossroads.choose(3, self.state)
        if fate:
            self._world.crashes_left -= 1
        return (None, Fault.CRASH_BEFORE, Fault.CRASH_AFTER)[fate]


class SmallWorld(World):
    """An oven in which nothing takes time."""

    def __init__(self, setup: Setup, crossroads: Crossroads, crashes: int, invariants: Invariants) -> None:
        self.crossroads = crossroads
        self.crashes_left = crashes
        self.invariants = invariants
        self.transports: dict[str, CrashingTransport] = {}
        self._branching = BranchingLoop(crossroads)
        super().__init__(
            setup,
            Conditions(latencies=Latencies.none()),
            ScriptedSource([]),
            invariants,
            loop=self._branching,
        )

    def _transport(self, actor: str) -> Transport:
        self.transports[actor] = transport = CrashingTransport(self, actor)
        return transport

    def _bake_items(self, transport: Transport) -> Callable[[Sequence[Received]], list[str]]:
        handle = super()._bake_items(transport)

        def handle_and_remember(batch: Sequence[Received]) -> list[str]:
            for received in batch:
                self.transports[transport.actor].note(received.body, received.receive_count, received.receipt)
            return handle(batch)

        return handle_and_remember

    def _pick(self, count: int) -> int:
        return self.crossroads.choose(count, "the next message") if count > 1 else 0

    def state(self) -> int:
        """The same number for the same state."""
        busy = [transport for transport in self.transports.values() if transport.deadline]
        names = {transport.resume.__self__: transport.state for transport in busy}  # type: ignore[attr-defined]
        messages = [(letter.body, letter.receive_count, letter.hidden_until) for letter in self.new.letters()]
        agenda = [
            (when, *_told(act, args, names))
            for when, _, act, args in self._branching.agenda()
            if not _is_idle(act)
        ]
        state = (
            self.loop.now,
            self.table.row,
            [*self.line.letters(), self.line.shut],
            sorted(messages),
            sorted(letter.body for letter in self.dead.letters()),
            list(self.executions.bakings.values()),
            self.crashes_left,
            self.invariants.memory(),
            sorted(transport.state for transport in busy),
            sorted(agenda),
        )
        return hash(repr(state))


def _is_idle(act: Callable[..., object]) -> bool:
    """Whether an entry of the agenda makes no other state of the world."""
    owner = getattr(act, "__self__", None)
    return act.__qualname__ in TOLD_BY_MESSAGES or (isinstance(owner, Sleeper) and owner.awake)


def _told(act: Callable[..., object], args: tuple[Any, ...], names: dict[greenlet, str]) -> tuple[str, str]:
    """An entry of the agenda in words that are the same in each run."""
    owner = getattr(act, "__self__", None)
    if isinstance(owner, greenlet):
        return names.get(owner, ""), ""
    transport = getattr(owner, "transport", None)
    known = [repr(arg) for arg in args if not callable(arg)]
    return f"{act.__qualname__} {transport.state if transport else ''}", " ".join(known)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A small oven, and what happens to it at first."""

    name: str
    setup: Setup
    begin: Callable[["SmallWorld", Invariants], object]


@dataclass(frozen=True, slots=True)
class Explored:
    """What was found in a scenario."""

    runs: int
    states: int
    complete: bool
    """Whether there was nothing left to explore."""
    way: list[int] | None = None
    """The turns that lead to a broken invariant."""
    error: InvariantError | None = None


def explore(
    scenario: Scenario,
    crashes: int,
    most_runs: int,
    new_invariants: Callable[[], Invariants] = Invariants,
) -> Explored:
    """Go every way that there is, with up to so many crashes on each, until an invariant breaks."""
    seen: set[int] = set()
    ways: list[list[int]] = [[]]
    runs = 0
    while ways and runs < most_runs:
        runs += 1
        crossroads = Crossroads(ways.pop(), seen)
        try:
            _go(scenario, crossroads, crashes, new_invariants())
        except InvariantError as error:
            return Explored(runs, len(seen), complete=False, way=crossroads.taken, error=error)
        ways += crossroads.others
    return Explored(runs, len(seen), complete=not ways)


def retell(scenario: Scenario, way: list[int], crashes: int) -> list[str]:
    """What happens on a way."""
    teller = Trace()
    try:
        _go(scenario, Crossroads(way, set()), crashes, teller)
    except InvariantError as error:
        return [*teller.lines, str(error)]
    return [*teller.lines, "every invariant holds"]


def _go(scenario: Scenario, crossroads: Crossroads, crashes: int, invariants: Invariants) -> None:
    world = SmallWorld(scenario.setup, crossroads, crashes, invariants)
    crossroads.state = world.state
    invariants.watch(world)
    world.loop.call_later(0, partial(scenario.begin, world, invariants))
    begun = world.loop.now
    try:
        for until in range(begun + SECOND, begun + REST_SECS * SECOND, 10 * SECOND):
            while world.loop.step(until):
                invariants.check()
            if world.quiet:
                break
        invariants.check_the_end()
    except SeenBeforeError:
        return
    finally:
        world.close()
