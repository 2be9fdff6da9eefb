"""The way of a request from a function to a service: where virtual time passes, and where faults strike.

A function runs as a greenlet. A request puts it aside until its latency is over; meanwhile the loop
lets others run. So the oven's plain blocking code needs not know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar, TypeVarTuple

from greenlet import greenlet

from pizza_oven.errors import ServiceError
from serverless_pizza_oven.simulator.aws_operations import Operation
from serverless_pizza_oven.simulator.faults import ActiveFaults, Fault
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop
from serverless_pizza_oven.simulator.quotas import TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BACKOFFS = (SECOND // 2, SECOND)
"""The mean pauses of the SDK's standard mode before its second and third try
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)."""

LATE_EFFECT = MINUTE
"""Within which an abandoned request may still take effect."""


SLOW = 4 * SECOND
"""The most that a slow request takes longer."""


class FunctionDied(BaseException):
    """The function was killed: nothing in it may catch this."""


class RequestObserver(Protocol):
    """Sees what becomes of each request."""

    def landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        """A request has taken effect, just now."""

    def struck(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        """A fault strikes a request."""


class Transport:
    """What the ports of one function instance send their requests through."""

    def __init__(self, loop: Loop, random_source: RandomSource, actor: str) -> None:
        self._loop = loop
        self._random = random_source
        self.actor = actor
        """The name of the instance."""
        self.deadline = 0
        """When the invocation is timed out."""
        self.resume: Callable[[], object] = lambda: None
        """Continues the function after a pause."""
        self._hub = greenlet.getcurrent()

    def end(self) -> None:
        """The invocation has ended."""

    def request(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        """Have `send(*args)` take effect when the request has arrived, and return its answer.

        Raises ServiceError when AWS refuses it, and FunctionDied when the time is over.
        """
        units = operation.units_now()
        self.travel(operation.latency.draw(self._random))
        return self.attempt(operation, send, args, units)

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        """The request has arrived: it takes effect, unless it is throttled."""
        operation.requests += 1
        if operation.quota is not None and not operation.quota.take(units):
            self._try_again(operation, operation.quota, units)
        operation.units += units
        return send(*args)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        """Have it take effect here and now."""
        return send(*args)

    def travel(self, span: int) -> None:
        """Let time pass. Raises FunctionDied when the function has none left."""
        loop = self._loop
        moment = loop.now + span
        if moment >= self.deadline:
            loop.call_at(max(self.deadline, loop.now), self.resume)
            self._hub.switch()
            raise FunctionDied
        if not loop.pass_to(moment):
            loop.call_at(moment, self.resume)
            self._hub.switch()

    def sleep(self, until: int, listeners: list[Callable[[], object]]) -> None:
        """Let time pass until one of the `listeners` is called, or until that moment."""
        sleeper = Sleeper(self._loop, self)
        listeners.append(sleeper.wake)
        self._loop.call_at(min(until, self.deadline), sleeper.wake)
        self._hub.switch()
        if self._loop.now >= self.deadline:
            raise FunctionDied

    def _try_again(self, operation: Operation, quota: TokenBucket, units: int) -> None:
        """Throttled: the SDK waits, and asks again."""
        for backoff in BACKOFFS:
            self.travel(backoff)
            operation.requests += 1
            if quota.take(units):
                return
        raise ServiceError(f"{operation.name}: throttled")


@dataclass(slots=True)
class Sleeper:
    """A function that sleeps until it is woken for the first time."""

    loop: Loop
    transport: Transport
    awake: bool = False

    def wake(self) -> None:
        if not self.awake:
            self.awake = True
            self.loop.call_later(0, self.transport.resume)


class FaultyTransport(Transport):
    """A transport on which requests suffer faults, and each that takes effect is witnessed."""

    def __init__(
        self,
        loop: Loop,
        random_source: RandomSource,
        actor: str,
        faults: ActiveFaults,
        observer: RequestObserver,
    ) -> None:
        super().__init__(loop, random_source, actor)
        self._faults = faults
        self._witness = observer

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        if self._random.chance(self._faults.rates.slow):
            self.travel(self._random.below(SLOW))
        fault = self._fault(operation)
        if fault is None:
            return super().attempt(operation, self.effect, (send, args), units)
        self._witness.struck(self.actor, fault.value, send.__name__, args)
        if fault is Fault.CRASH_BEFORE:
            raise FunctionDied
        return super().attempt(operation, self._suffer, (fault, operation, send, args), units)

    def travel(self, span: int) -> None:
        if self._loop.now + span >= self.deadline:
            self._witness.struck(self.actor, "timed_out", "", ())
        super().travel(span)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        answer = send(*args)
        self._witness.landed(self.actor, send.__name__, args, answer)
        return answer

    def _fault(self, operation: Operation) -> Fault | None:
        if self._faults.total <= 0 or not self._random.chance(self._faults.total):
            return None
        fault = self._faults.likely[self._random.below(len(self._faults.likely))]
        return Fault.REFUSED if fault is Fault.PARTIAL and not operation.batch else fault

    def _suffer(self, fault: Fault, operation: Operation, send: Callable[..., T], args: tuple[Any, ...]) -> T:
        match fault:
            case Fault.CRASH_AFTER:
                self.effect(send, args)
                raise FunctionDied
            case Fault.HANG:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
                self.travel(self.deadline - self._loop.now)
            case Fault.UNANSWERED:
                self.effect(send, args)
            case Fault.LATE:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
            case Fault.PARTIAL:
                entries, *others = args
                self.effect(send, (_first(self._random.below(len(entries)), entries), *others))
            case Fault.REPEATED:
                self.effect(send, args)
                self.travel(self._random.below(2 * SECOND))
                return self.effect(send, args)
            case Fault.LATE_DUPLICATE:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
                return self.effect(send, args)
        raise ServiceError(f"{operation.name}: {fault.value}")


def _first(count: int, entries: Any) -> Any:
    return dict(islice(entries.items(), count)) if isinstance(entries, Mapping) else entries[:count]
