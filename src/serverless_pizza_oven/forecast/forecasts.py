"""A run of an oven in virtual time, and what it tells."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import fsum

from serverless_pizza_oven.errors import KitchenError
from serverless_pizza_oven.forecast.costs import Cost, costs_of, for_a_million
from serverless_pizza_oven.forecast.counts import Usage, usage_of
from serverless_pizza_oven.forecast.orders import MOST_DAYS, Drawn, Order, Orders, stream
from serverless_pizza_oven.forecast.recording import Recorder, Series
from serverless_pizza_oven.simulator.executions import DAY, NAMES_KEPT
from serverless_pizza_oven.simulator.faults import NONE, Faults
from serverless_pizza_oven.simulator.latencies import AWS, Latencies
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, START, Loop
from serverless_pizza_oven.simulator.quotas import LARGE_REGION, Quotas, TokenBucket
from serverless_pizza_oven.simulator.world import Conditions, Setup, World

RETENTION = 14 * DAY
"""How long SQS keeps a message, by the template's MessageRetentionPeriod; the most there is."""

NAMES_KEPT_BRIEFLY = 35 * MINUTE
"""Where no id is used twice: a message comes again for half an hour at most, and names take memory."""


class EndlessError(KitchenError):
    """A run does not come to its end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An oven, what is sent to it, and what AWS is like. Each item fits into the oven."""

    orders: Orders = field(default_factory=Drawn)
    setup: Setup = field(default_factory=Setup)
    quotas: Quotas = LARGE_REGION
    latencies: Latencies = AWS
    faults: Faults = NONE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """In seconds, from sending to the beginning of the baking."""

    mean: float
    p50: float
    p90: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that AWS or the stack allows only so much of, and that a run ran into."""

    name: str
    times: int
    first_secs: float
    """When it first did, from the beginning."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How an oven does. Times are in seconds; an item counts once, however often it is sent or comes out."""

    plan: Plan
    sent: int
    """Messages."""
    out: int
    """Items."""
    again: int
    """How often an item came out once more."""
    copies: int
    """Messages whose item was sent before: it bakes once."""
    dead: int
    """Dead letters."""
    secs: float
    """From the first one sent to the last one out."""
    ideal_secs: float
    """The same, if nothing but baking took time."""
    waits: Waits
    most_waiting: int
    """Items that were sent and did not bake yet."""
    mean_waiting: float
    utilisation: float
    """The part of the slots that baked, on average."""
    usage: Usage
    costs: tuple[Cost, ...]
    limits: tuple[Limit, ...]
    """In the order in which they were met."""
    series: Series

    @property
    def throughput(self) -> float:
        """Items a second."""
        return self.out / self.secs

    @property
    def times_ideal(self) -> float | None:
        """How many times the ideal it took; None where the ideal takes no time."""
        return self.secs / self.ideal_secs if self.ideal_secs else None

    @property
    def dollars(self) -> float:
        # Unlike sum(), the same in every version of Python.
        return fsum(cost.dollars for cost in self.costs)

    @property
    def dollars_for_a_million(self) -> float | None:
        return for_a_million(self.dollars, self.out)


def forecast(plan: Plan, on_progress: Callable[[int], object] = lambda _out: None) -> Forecast:
    """Run it until all is out, and tell how it went; `on_progress` hears now and then how many are out.

    Raises EndlessError if that takes years.
    """
    run = Run(plan)
    try:
        run.play(on_progress)
        return run.outcome()
    finally:
        run.world.close()


class Run:
    """An oven, and a sender who sends what was ordered."""

    def __init__(self, plan: Plan) -> None:
        loop = Loop()
        self.recorder = Recorder(loop, plan.setup.capacity, RETENTION)
        kept = NAMES_KEPT if plan.orders.ids_repeat else NAMES_KEPT_BRIEFLY
        conditions = Conditions(plan.latencies, plan.quotas, plan.faults, kept)
        self.world = World(plan.setup, conditions, stream(plan.seed, 2), self.recorder, loop=loop)
        self._plan = plan
        self._coming: Iterator[Order] = plan.orders.each(plan.seed)
        self._next: Order | None = next(self._coming, None)
        if self._next:
            loop.call_at(START + self._next[0], self._send)
        if plan.faults.stale_count:
            loop.call_later(SECOND, self._record_the_line)

    def play(self, on_progress: Callable[[int], object]) -> None:
        """Let time pass until all were sent, and all is quiet."""
        world, recorder = self.world, self.recorder
        recorder.sample(world.table.row.occupied)
        while self._next or not world.quiet:
            world.loop.run(world.loop.now + recorder.series.step)
            recorder.sample(world.table.row.occupied)
            on_progress(recorder.out)
            if self._latest() > START + MOST_DAYS * DAY:
                raise EndlessError(f"this takes more than {MOST_DAYS} days of virtual time{self._why()}")

    def _latest(self) -> int:
        """The latest moment of which we know so far that the run gets there."""
        return max(self.world.loop.now, START + self._next[0] if self._next else 0)

    def _why(self) -> str:
        orders, out = self._plan.orders, self.recorder.out
        if self._next:
            return f": so long do the {orders.count} items take to come"
        advice = "more slots, or less to do" + ("" if self._plan.faults == NONE else ", or fewer faults")
        return f", in which {out} of {orders.count} items come out: give the oven {advice}"

    def outcome(self) -> Forecast:
        """Sum up."""
        world, recorder = self.world, self.recorder
        begun = recorder.first_sent or START
        span = max(recorder.last_out - begun, 1)
        usage = usage_of(world, recorder.sent, recorder.out, span / SECOND)
        waits = sorted(recorder.waits)
        return Forecast(
            plan=self._plan,
            sent=recorder.sent,
            out=recorder.out,
            again=recorder.again,
            copies=recorder.copies,
            dead=world.dead.count(),
            secs=span / SECOND,
            ideal_secs=(recorder.ideal.last_out - begun) / SECOND,
            waits=_waits(waits),
            most_waiting=recorder.most_waiting,
            mean_waiting=sum(waits) / span,
            utilisation=recorder.slot_secs * SECOND / (span * self._plan.setup.capacity),
            usage=usage,
            costs=costs_of(usage),
            limits=_limits(world, recorder),
            series=recorder.series,
        )

    def _send(self) -> None:
        now = self.world.loop.now
        while self._next and START + self._next[0] <= now:
            self.recorder.send(self.world, self._next[1])
            self._next = next(self._coming, None)
        if self._next:
            self.world.loop.call_at(START + self._next[0], self._send)

    def _record_the_line(self) -> None:
        self.world.line_history.record()
        self.world.loop.call_later(SECOND, self._record_the_line)


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The least of the values that so many percent do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _waits(ordered: Sequence[int]) -> Waits:
    if not ordered:
        return Waits(0, 0, 0, 0, 0)
    p50, p90, p99, most = (percentile(ordered, percent) / SECOND for percent in (50, 90, 99, 100))
    return Waits(sum(ordered) / (len(ordered) * SECOND), p50, p90, p99, most)


def _limits(world: World, recorder: Recorder) -> tuple[Limit, ...]:
    source, concurrency = world.event_source, world.concurrency
    met = [(f"{b.name}, {b.rate:,}/s", b.refused, b.first_refusal) for b in _buckets(world)]
    met += [
        (f"MaximumConcurrency, {source.most_pollers}", source.held_up, source.first_held_up),
        (f"functions at work, {concurrency.most:,}", concurrency.refused, concurrency.first_refusal),
        ("days in SQS, 14", recorder.waited_too_long, recorder.first_too_long),
    ]
    limits = [Limit(name, times, (first - START) / SECOND) for name, times, first in met if first is not None]
    return tuple(sorted(limits, key=lambda limit: limit.first_secs))


def _buckets(world: World) -> list[TokenBucket]:
    operations = [getattr(world.operations, each.name) for each in fields(world.operations)]
    return [world.transitions, *(operation.quota for operation in operations if operation.quota)]
