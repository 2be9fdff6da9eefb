"""An oven in which nothing takes time, so small that every order of its events can be explored.

Whatever is under way is due at the same moment, and happens in every order. New Items hands out its messages
in every order, and each request may meet a fault. Two things keep that finite and small without missing
anything:

A path ends in a state that was seen before. Functions are deterministic: what a function does next follows
from its requests and their answers so far. The state also holds all that the invariants remember.

Some calls are not part of any choice, but happen as soon as they are due (COMMUTING). None of them makes a
request, each commutes with whatever else may happen until then, and no invariant sees the difference. So
each order of events has a twin in which these calls come first and the same requests meet the same services.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple

from greenlet import greenlet

from pizza_oven.item_removed import Memory
from serverless_pizza_oven.simulator.aws_operations import Operation
from serverless_pizza_oven.simulator.branching import BranchingLoop, Choices
from serverless_pizza_oven.simulator.conditions import Conditions, Setup
from serverless_pizza_oven.simulator.faults import Fault
from serverless_pizza_oven.simulator.invariants import Invariants
from serverless_pizza_oven.simulator.latencies import Latencies
from serverless_pizza_oven.simulator.queue_messages import Delivery
from serverless_pizza_oven.simulator.random_source import ScriptedSource
from serverless_pizza_oven.simulator.transport import FaultyTransport, Sleeper, Transport
from serverless_pizza_oven.simulator.world import World

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

COMMUTING = frozenset(
    {
        # A function begins, reads the clock, and comes to its first request.
        "Instance.start",
        # A task is about to invoke its function. Only the end of its own execution could interfere. That
        # comes afterwards or, if an operator stops the execution, long before its wait is over.
        "Executions._try",
        "World._invoke_removal",
        # A function that waits for the line looks again, and waits on if there is nothing.
        "Sleeper.wake",
        # Messages are visible again. Any receive at that moment sees them, whether it comes before this or
        # after. The call only wakes pollers and sleepers, and those that find nothing sleep on.
        "StandardQueue._on_timer",
        "FifoQueue._on_timer",
        "FifoQueue._on_unlocked",
    }
)
"""Calls that happen as soon as they are due. See above why no order of events is missed."""

TIMERS_OF_MESSAGES = frozenset({"StandardQueue._on_timer", "FifoQueue._on_timer", "FifoQueue._on_unlocked"})
"""Not part of the state: each hidden message says itself when it is visible again."""


@dataclass(frozen=True, slots=True)
class FaultBudget:
    """How many faults each path may have."""

    crashes: int = 0
    """Functions that are killed before or after a request."""
    refusals: int = 0
    """Requests that AWS refuses, as it does when it throttles: they take no effect."""


class ChoosingTransport(FaultyTransport):
    """A transport on which each request meets every fault in turn, as long as the budget lasts."""

    def __init__(self, world: "SmallWorld", actor: str) -> None:
        super().__init__(world.loop, world.random_source, actor, world.faults, world.observer)
        self._world = world
        self.history = 0
        """Stands for all requests and answers of this invocation."""

    @property
    def state(self) -> str:
        """What the function does next follows from this: which instance it is does not matter."""
        return f"{self.actor.split()[0]} {self.history} {self.deadline}"

    def end(self) -> None:
        self.history = self.deadline = 0

    def remember(self, *said: object) -> None:
        """Add a request or an answer to the history."""
        self.history = hash((self.history, repr(said)))

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        self.remember(operation.name, args)
        return super().attempt(operation, send, args, units)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        answer = super().effect(send, args)
        self.remember(send.__name__, args, answer)
        return answer

    def request(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        self.remember(operation.name, args)
        return super().request(operation, send, args)

    def _fault(self, _operation: Operation) -> Fault | None:
        fault = self._world.choose_fault(self.state)
        if fault is not None:
            self.remember(fault)
        return fault


class SmallWorld(World):
    """An oven whose events happen in the order that is chosen."""

    def __init__(
        self,
        setup: Setup,
        choices: Choices,
        budget: FaultBudget,
        invariants: Invariants,
        first: frozenset[str] = COMMUTING,
    ) -> None:
        self.invariants = invariants
        self._choices = choices
        self._crashes_left = budget.crashes
        self._refusals_left = budget.refusals
        self._transports: dict[str, ChoosingTransport] = {}
        self._memories: dict[str, Memory] = {}
        self._branching = BranchingLoop(choices, first)
        super().__init__(
            setup,
            Conditions(latencies=Latencies.none()),
            ScriptedSource([]),
            invariants,
            loop=self._branching,
        )

    def choose_fault(self, state: str) -> Fault | None:
        """Choose what happens to a request of a function in that state."""
        faults: list[Fault | None] = [None]
        if self._crashes_left:
            faults += [Fault.CRASH_BEFORE, Fault.CRASH_AFTER]
        if self._refusals_left:
            faults.append(Fault.REFUSED)
        if len(faults) == 1:
            return None
        fault = faults[self._choices.choose(len(faults), state)]
        if fault is Fault.REFUSED:
            self._refusals_left -= 1
        elif fault is not None:
            self._crashes_left -= 1
        return fault

    def state(self) -> int:
        """The present state as a number: the same number for the same state."""
        busy = [transport for transport in self._transports.values() if transport.deadline]
        names = {transport.resume.__self__: transport.state for transport in busy}  # type: ignore[attr-defined]
        messages = [
            (message.body, message.receive_count, message.hidden_until)
            for message in self.new_items.messages()
        ]
        agenda = [
            (when, *_described(act, args, names))
            for when, _, act, args in self._branching.agenda()
            if not _makes_no_difference(act)
        ]
        state = (
            self.loop.now,
            self.table.row,
            [*self.line.messages(), self.line.locked],
            sorted(messages),
            sorted(message.body for message in self.dead_letters.messages()),
            sorted((message.body, message.hidden_until) for message in self.leaving_items.messages()),
            self._memories_of_instances(),
            sorted(self.task_tokens.gone),
            list(self.executions.bakings.values()),
            (self._crashes_left, self._refusals_left),
            self.invariants.memory(),
            sorted(transport.state for transport in busy),
            sorted(agenda),
        )
        return hash(repr(state))

    def _memories_of_instances(self) -> object:
        """Which instances of Item Removed remember something, and which instance is invoked next."""
        remembered = [(actor, memory) for actor, memory in self._memories.items() if memory != Memory()]
        return remembered and (remembered, self.item_removed.idle_actors)

    def _transport(self, actor: str) -> Transport:
        self._transports[actor] = transport = ChoosingTransport(self, actor)
        return transport

    def _memory(self, actor: str) -> Memory:
        memory = super()._memory(actor)
        self._memories[actor] = memory
        return memory

    def _bake_items(self, transport: Transport) -> Callable[[Sequence[Delivery]], list[str]]:
        handle = super()._bake_items(transport)

        def handle_and_remember(batch: Sequence[Delivery]) -> list[str]:
            for received in batch:
                self._transports[transport.actor].remember(
                    received.body, received.receive_count, received.receipt
                )
            return handle(batch)

        return handle_and_remember

    def _pick(self, count: int) -> int:
        return self._choices.choose(count, "the next message") if count > 1 else 0


def _makes_no_difference(act: Callable[..., object]) -> bool:
    """Whether a call on the agenda follows from the rest of the state, or does nothing."""
    owner = getattr(act, "__self__", None)
    return act.__qualname__ in TIMERS_OF_MESSAGES or (isinstance(owner, Sleeper) and owner.awake)


def _described(
    act: Callable[..., object], args: tuple[Any, ...], names: dict[greenlet, str]
) -> tuple[str, str]:
    """A call on the agenda as text that is the same in each run."""
    owner = getattr(act, "__self__", None)
    if isinstance(owner, greenlet):
        return names.get(owner, ""), ""
    transport = getattr(owner, "transport", None)
    known = [repr(arg) for arg in args if not callable(arg)]
    return f"{act.__qualname__} {transport.state if transport else ''}", " ".join(known)
