"""Lambda in virtual time: instances that start cold or warm, answer, are timed out, or die."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import greenlet

from pizza_oven.errors import ServiceError
from serverless_pizza_oven.simulator.latencies import Latency
from serverless_pizza_oven.simulator.loop import MILLISECOND, MINUTE, Loop
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.transport import FunctionDied, Transport

TIMEOUT = 10_000 * MILLISECOND
"""Of both functions, as the template has it."""

KEPT_WARM = 10 * MINUTE
"""How long an instance that does nothing is kept; assumed, AWS does not say."""

Handler = Callable[[Any], Any]

Answered = Callable[[Any, str], object]
"""Hears the answer of an invocation, and what went wrong, if anything."""


@dataclass(slots=True)
class Concurrency:
    """Counts the instances at work, of all functions of an account."""

    most: int
    busy: int = 0
    peak: int = 0
    refused: int = 0
    first_refusal: int | None = None


@dataclass(slots=True)
class Function:
    """A Lambda function."""

    loop: Loop
    name: str
    concurrency: Concurrency
    random_source: RandomSource
    new_transport: Callable[[str], Transport]
    """Makes the transport of a new instance, of that name."""
    new_handler: Callable[[Transport], Handler]
    cold_start: Latency
    invocations: int = 0
    cold_starts: int = 0
    busy: int = 0
    billed: int = 0
    """Microseconds."""
    _idle: "list[Instance]" = field(default_factory=list)
    _alive: "set[Instance]" = field(default_factory=set)
    _instances: int = 0

    def invoke(self, event: object, answered: Answered) -> bool:
        """Have an instance handle the event. False, and nothing happens, when too many are at work."""
        concurrency = self.concurrency
        if concurrency.busy >= concurrency.most:
            concurrency.refused += 1
            if concurrency.first_refusal is None:
                concurrency.first_refusal = self.loop.now
            return False
        concurrency.busy += 1
        concurrency.peak = max(concurrency.peak, concurrency.busy)
        self.busy += 1
        self.invocations += 1
        while self._idle:
            instance = self._idle.pop()
            if instance.idle_since + KEPT_WARM >= self.loop.now:
                instance.begin(event, answered)
                return True
            self._alive.discard(instance)
            instance.close()
        self.cold_starts += 1
        self._instances += 1
        instance = Instance(self, self.new_transport(f"{self.name} {self._instances}"))
        self._alive.add(instance)
        cold_start = self.cold_start.draw(self.random_source)
        self.billed += cold_start
        self.loop.call_later(cold_start, instance.begin, event, answered)
        return True

    def close(self) -> None:
        """End all instances: what sleeps would never be freed."""
        while self._alive:
            self._alive.pop().close()

    def ended(self, instance: "Instance", answered: Answered, answer: object, error: str) -> None:
        """Called when an instance has handled its event, or has died over it."""
        self.busy -= 1
        self.concurrency.busy -= 1
        # To the next millisecond: https://aws.amazon.com/lambda/pricing/
        self.billed += -(-(self.loop.now - instance.begun) // MILLISECOND) * MILLISECOND
        if instance.dead:
            self._alive.discard(instance)
        else:
            instance.idle_since = self.loop.now
            self._idle.append(instance)
        answered(answer, error)


class Instance:
    """An instance of a function: a greenlet that handles one event after the other."""

    def __init__(self, function: Function, transport: Transport) -> None:
        self.begun = 0
        self.idle_since = 0
        self.dead = False
        self._function = function
        self._transport = transport
        self._greenlet = greenlet(self._live)
        transport.resume = self._greenlet.switch
        self._hub = greenlet.getcurrent()

    def begin(self, event: object, answered: Answered) -> None:
        self.begun = self._function.loop.now
        self._transport.deadline = self.begun + TIMEOUT
        self._greenlet.switch((event, answered))

    def close(self) -> None:
        """Be gone, whatever it is doing."""
        self._greenlet.throw()

    def _live(self, first: tuple[object, Answered]) -> None:
        function = self._function
        handle = function.new_handler(self._transport)
        event, answered = first
        while not self.dead:
            answer, error = None, ""
            try:
                answer = handle(event)
            except ServiceError as refusal:
                error = f"{type(refusal).__name__}: {refusal}"
            except FunctionDied:
                error = f"{self._transport.actor} died"
                self.dead = True
            self._transport.end()
            # Answers are heard in the loop, where nobody has anything in hand.
            function.loop.call_soon(function.ended, self, answered, answer, error)
            if not self.dead:
                event, answered = self._hub.switch()
