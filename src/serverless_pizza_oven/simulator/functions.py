"""Lambda in virtual time: instances that start cold or warm, answer, time out, or are killed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import greenlet

from pizza_oven.errors import RedrivenError, ServiceError, StillHeldError
from serverless_pizza_oven.simulator.latencies import Latency
from serverless_pizza_oven.simulator.loop import MILLISECOND, MINUTE, Loop
from serverless_pizza_oven.simulator.random_source import RandomSource
from serverless_pizza_oven.simulator.transport import FunctionKilled, Transport

TIMEOUT = 10_000 * MILLISECOND
"""The timeout of both functions in the template."""

KEPT_WARM = 10 * MINUTE
"""How long an idle instance is kept. Assumed: AWS does not say."""

Handler = Callable[[Any], Any]

Answered = Callable[[Any, str], object]
"""Called with the answer of an invocation, and with an error text, which is empty if there is none."""


@dataclass(slots=True)
class Concurrency:
    """Counts the busy instances of all functions of an account."""

    most: int
    """The account's concurrency limit."""
    busy: int = 0
    peak: int = 0
    refused: int = 0
    """Invocations that were throttled."""
    first_refusal: int | None = None
    """In microseconds since 1970."""


@dataclass(slots=True)
class Function:
    """A Lambda function."""

    loop: Loop
    name: str
    concurrency: Concurrency
    random_source: RandomSource
    new_transport: Callable[[str], Transport]
    """Makes the transport of a new instance, from its name."""
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
        """Have an instance handle the event. If too many are busy, does nothing and returns False."""
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
                instance.start(event, answered)
                return True
            self._alive.discard(instance)
            instance.close()
        self.cold_starts += 1
        self._instances += 1
        instance = Instance(self, self.new_transport(f"{self.name} {self._instances}"))
        self._alive.add(instance)
        cold_start = self.cold_start.draw(self.random_source)
        self.billed += cold_start
        self.loop.call_later(cold_start, instance.start, event, answered)
        return True

    @property
    def idle_actors(self) -> list[str]:
        """The names of the idle instances. The last is invoked next."""
        return [instance.actor for instance in self._idle]

    def close(self) -> None:
        """End all instances, since a suspended one would never be freed."""
        while self._alive:
            self._alive.pop().close()

    def ended(self, instance: "Instance", answered: Answered, answer: object, error: str) -> None:
        """Called when an instance has handled its event, or was killed."""
        self.busy -= 1
        self.concurrency.busy -= 1
        # Rounded up to a millisecond: https://aws.amazon.com/lambda/pricing/
        self.billed += -(-(self.loop.now - instance.started_at) // MILLISECOND) * MILLISECOND
        if instance.is_killed:
            self._alive.discard(instance)
        else:
            instance.idle_since = self.loop.now
            self._idle.append(instance)
        answered(answer, error)


class Instance:
    """An instance of a function: a greenlet that handles one event after another."""

    def __init__(self, function: Function, transport: Transport) -> None:
        self.started_at = 0
        self.idle_since = 0
        self.is_killed = False
        self._function = function
        self._transport = transport
        self._greenlet = greenlet(self._run)
        transport.resume = self._greenlet.switch
        self._hub = greenlet.getcurrent()

    @property
    def actor(self) -> str:
        """Its name."""
        return self._transport.actor

    def start(self, event: object, answered: Answered) -> None:
        self.started_at = self._function.loop.now
        self._transport.deadline = self.started_at + TIMEOUT
        self._greenlet.switch((event, answered))

    def close(self) -> None:
        """End the instance, whatever it is doing."""
        self._greenlet.throw()

    def _run(self, first: tuple[object, Answered]) -> None:
        function = self._function
        handle = function.new_handler(self._transport)
        event, answered = first
        while not self.is_killed:
            answer, error = None, ""
            try:
                answer = handle(event)
            except (ServiceError, RedrivenError, StillHeldError) as raised:
                error = f"{type(raised).__name__}: {raised}"
            except FunctionKilled:
                error = f"{self._transport.actor} was killed"
                self.is_killed = True
            self._transport.end()
            # The loop passes the answer on, outside of this greenlet.
            function.loop.call_soon(function.ended, self, answered, answer, error)
            if not self.is_killed:
                event, answered = self._hub.switch()
