"""Requests from functions to services: here virtual time passes and faults happen.

A function runs as a greenlet. A request suspends it until the latency is over; meanwhile the loop runs other
calls. So the oven's code, which blocks, runs unchanged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar, TypeVarTuple

from greenlet import greenlet

from pizza_oven.errors import ServiceError, ThrottledError
from serverless_pizza_oven.simulator.aws_operations import Operation
from serverless_pizza_oven.simulator.faults import ActiveFaults, Fault
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, Loop
from serverless_pizza_oven.simulator.quotas import TokenBucket
from serverless_pizza_oven.simulator.random_source import RandomSource

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BACKOFFS = (SECOND // 2, SECOND)
"""The mean pauses of the SDK's standard mode before its second and third attempt
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)."""

LATE_EFFECT = MINUTE
"""The time within which an abandoned request takes effect, if it does."""

SLOW = 4 * SECOND
"""By how much longer a slow request takes, at most."""


class FunctionKilled(BaseException):
    """The function was killed. Nothing in it may catch this."""


class RequestObserver(Protocol):
    """Called with each request and each fault."""

    def request_landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        """A request has just taken effect."""

    def fault_happened(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        """A fault happens to a request."""


class Transport:
    """Sends the requests of one function instance."""

    def __init__(self, loop: Loop, random_source: RandomSource, actor: str) -> None:
        self._loop = loop
        self._random = random_source
        self.actor = actor
        """The name of the instance."""
        self.deadline = 0
        """When the invocation times out."""
        self.resume: Callable[[], object] = lambda: None
        """Continues the function after it was suspended."""
        self._hub = greenlet.getcurrent()

    def end(self) -> None:
        """Called when the invocation has ended."""

    def request(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        """Call `send(*args)` when the request has arrived, and return its answer.

        Raises ServiceError if AWS refuses the request, and FunctionKilled if the invocation times out.
        """
        units = operation.units_now()
        self.pass_time(operation.latency.draw(self._random))
        return self.attempt(operation, send, args, units)

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        """The request has arrived: it takes effect, unless it is throttled."""
        operation.requests += 1
        if operation.quota is not None and not operation.quota.take(units):
            self._retry(operation, operation.quota, units)
        operation.units += units
        return send(*args)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        """Let a request take effect now."""
        return send(*args)

    def pass_time(self, span: int) -> None:
        """Suspend the function for `span`. Raises FunctionKilled if its invocation times out first."""
        loop = self._loop
        moment = loop.now + span
        if moment >= self.deadline:
            loop.call_at(max(self.deadline, loop.now), self.resume)
            self._hub.switch()
            raise FunctionKilled
        if not loop.skip_to(moment):
            loop.call_at(moment, self.resume)
            self._hub.switch()

    def sleep(self, until: int, listeners: list[Callable[[], object]]) -> None:
        """Suspend the function until one of the `listeners` is called, or until that moment."""
        sleeper = Sleeper(self._loop, self)
        listeners.append(sleeper.wake)
        self._loop.call_at(min(until, self.deadline), sleeper.wake)
        self._hub.switch()
        if self._loop.now >= self.deadline:
            raise FunctionKilled

    def _retry(self, operation: Operation, quota: TokenBucket, units: int) -> None:
        """Throttled: the SDK waits and tries again."""
        for backoff in BACKOFFS[: operation.attempts - 1]:
            self.pass_time(backoff)
            operation.requests += 1
            if quota.take(units):
                return
        raise ThrottledError(f"{operation.name}: throttled")


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


WITHOUT_RETRY = {Fault.REPEATED: Fault.UNANSWERED, Fault.LATE_DUPLICATE: Fault.LATE}
"""How faults of the SDK's retries show where the SDK makes only one attempt."""


class FaultyTransport(Transport):
    """A transport on which faults happen to requests, and which tells an observer of each request."""

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
        self._observer = observer

    def attempt(self, operation: Operation, send: Callable[[*Ts], T], args: tuple[*Ts], units: int = 1) -> T:
        if self._random.chance(self._faults.rates.slow):
            self.pass_time(self._random.below(SLOW))
        fault = self._fault(operation)
        if fault is None:
            return super().attempt(operation, self.effect, (send, args), units)
        self._observer.fault_happened(self.actor, fault.value, send.__name__, args)
        if fault is Fault.CRASH_BEFORE:
            raise FunctionKilled
        return super().attempt(operation, self._fail, (fault, operation, send, args), units)

    def pass_time(self, span: int) -> None:
        if self._loop.now + span >= self.deadline:
            self._observer.fault_happened(self.actor, "timed_out", "", ())
        super().pass_time(span)

    def effect(self, send: Callable[[*Ts], T], args: tuple[*Ts]) -> T:
        answer = send(*args)
        self._observer.request_landed(self.actor, send.__name__, args, answer)
        return answer

    def _fault(self, operation: Operation) -> Fault | None:
        if self._faults.total <= 0 or not self._random.chance(self._faults.total):
            return None
        fault = self._faults.likely[self._random.below(len(self._faults.likely))]
        if fault is Fault.PARTIAL and not operation.batch:
            return Fault.REFUSED
        return WITHOUT_RETRY.get(fault, fault) if operation.attempts == 1 else fault

    def _fail(self, fault: Fault, operation: Operation, send: Callable[..., T], args: tuple[Any, ...]) -> T:
        match fault:
            case Fault.CRASH_AFTER:
                self.effect(send, args)
                raise FunctionKilled
            case Fault.HANG:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
                self.pass_time(self.deadline - self._loop.now)
            case Fault.UNANSWERED:
                self.effect(send, args)
            case Fault.LATE:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
            case Fault.PARTIAL:
                entries, *others = args
                self.effect(send, (_first(self._random.below(len(entries)), entries), *others))
            case Fault.REPEATED:
                self.effect(send, args)
                self.pass_time(self._random.below(2 * SECOND))
                return self.effect(send, args)
            case Fault.LATE_DUPLICATE:
                self._loop.call_later(self._random.below(LATE_EFFECT), self.effect, send, args)
                return self.effect(send, args)
        kind = ThrottledError if fault is Fault.REFUSED else ServiceError
        raise kind(f"{operation.name}: {fault.value}")


def _first(count: int, entries: Any) -> Any:
    return dict(islice(entries.items(), count)) if isinstance(entries, Mapping) else entries[:count]
