"""Runs a forecast: an oven and a sender among simulated services, in virtual time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

from serverless_pizza_oven.errors import ToolError
from serverless_pizza_oven.forecast.holders import Holders
from serverless_pizza_oven.forecast.recording import RunRecorder
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.result import Forecast, LimitReached, WaitTimes
from serverless_pizza_oven.forecast.run_cost import costs_of
from serverless_pizza_oven.forecast.run_usage import usage_of
from serverless_pizza_oven.forecast.workload import MAX_DAYS, OVEN_STREAM, TimedItem, random_stream
from serverless_pizza_oven.simulator.conditions import Conditions
from serverless_pizza_oven.simulator.executions import DAY, NAMES_KEPT
from serverless_pizza_oven.simulator.faults import NONE
from serverless_pizza_oven.simulator.loop import MINUTE, SECOND, START, Loop
from serverless_pizza_oven.simulator.quotas import TokenBucket
from serverless_pizza_oven.simulator.world import World

RETENTION = 14 * DAY
"""How long SQS keeps a message: the default of the template's MessageRetentionPeriod, and SQS's maximum."""

NAMES_KEPT_IF_IDS_DIFFER = 35 * MINUTE
"""How long execution names are kept where no id repeats. A redelivery comes within half an hour."""


class EndlessError(ToolError):
    """A run would take more virtual time than a simulation may."""


def forecast(request: ForecastRequest, on_progress: Callable[[int], object] = lambda _out: None) -> Forecast:
    """Run an oven until all items are out, and report; `on_progress` gets the number of items out so far.

    Raises EndlessError if that takes more than MAX_DAYS of virtual time.
    """
    run = ForecastRun(request)
    try:
        run.play(on_progress)
        return run.outcome()
    finally:
        run.world.close()


class ForecastRun:
    """One run of an oven and a sender."""

    def __init__(self, request: ForecastRequest) -> None:
        loop = Loop()
        self.recorder = RunRecorder(loop, request.setup.capacity, RETENTION)
        kept = NAMES_KEPT if request.workload.ids_repeat else NAMES_KEPT_IF_IDS_DIFFER
        conditions = Conditions(request.latencies, request.quotas, request.faults, kept)
        random = random_stream(request.seed, OVEN_STREAM)
        self.world = World(request.setup, conditions, random, self.recorder, loop=loop)
        lease_secs = request.lease_secs
        self._holders = Holders(self.world, self.recorder, lease_secs) if lease_secs else None
        self._request = request
        self._remaining: Iterator[TimedItem] = request.workload.items(request.seed)
        self._next: TimedItem | None = next(self._remaining, None)
        if self._next:
            loop.call_at(START + self._next[0], self._send)
        if request.faults.stale_count:
            loop.call_later(SECOND, self._record_the_line)

    def play(self, on_progress: Callable[[int], object]) -> None:
        """Let virtual time pass until all items are sent and nothing is left to do. Raises EndlessError."""
        world, recorder = self.world, self.recorder
        recorder.sample(world.table.row.occupied)
        while self._next or not world.is_idle:
            world.loop.run(world.loop.now + recorder.series.step)
            recorder.sample(world.table.row.occupied)
            on_progress(recorder.out)
            if self._latest_known_moment() > START + MAX_DAYS * DAY:
                raise EndlessError(f"this takes more than {MAX_DAYS} days of virtual time{self._why()}")

    def _latest_known_moment(self) -> int:
        return max(self.world.loop.now, START + self._next[0] if self._next else 0)

    def _why(self) -> str:
        workload, out = self._request.workload, self.recorder.out
        if self._next:
            return f": so long do the {workload.count} items take to arrive"
        faults = "" if self._request.faults == NONE else ", or fewer faults"
        return (
            f", in which {out} of {workload.count} items come out: "
            f"give the oven more slots, or less to do{faults}"
        )

    def outcome(self) -> Forecast:
        """The forecast, from what was recorded so far."""
        world, recorder = self.world, self.recorder
        begun = recorder.first_sent or START
        span = max(recorder.last_out - begun, 1)
        holds = self._holders.usage if self._holders else None
        if holds:
            holds.rounds = world.executions.rounds
        usage = usage_of(world, recorder.sent, recorder.out, span / SECOND, holds)
        waits = sorted(recorder.waits)
        return Forecast(
            request=self._request,
            sent=recorder.sent,
            out=recorder.out,
            again=recorder.again,
            copies=recorder.copies,
            dead=world.dead_letters.count(),
            secs=span / SECOND,
            ideal_secs=(recorder.ideal.last_out - begun) / SECOND,
            waits=_wait_times(waits),
            ideal_waits=_wait_times(sorted(recorder.ideal_waits)),
            most_waiting=recorder.most_waiting,
            mean_waiting=sum(waits) / span,
            utilisation=recorder.slot_secs * SECOND / (span * self._request.setup.capacity),
            usage=usage,
            costs=costs_of(usage),
            limits=_limits(world, recorder),
            series=recorder.series,
        )

    def _send(self) -> None:
        now = self.world.loop.now
        while self._next and START + self._next[0] <= now:
            if self._holders:
                self._holders.send(self._next[1])
            else:
                self.recorder.send(self.world, self._next[1])
            self._next = next(self._remaining, None)
        if self._next:
            self.world.loop.call_at(START + self._next[0], self._send)

    def _record_the_line(self) -> None:
        self.world.line_history.record()
        self.world.loop.call_later(SECOND, self._record_the_line)


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The least of the values that `percent` percent of them do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _wait_times(ordered: Sequence[int]) -> WaitTimes:
    if not ordered:
        return WaitTimes(0, 0, 0, 0, 0)
    p50, p90, p99, most = (percentile(ordered, percent) / SECOND for percent in (50, 90, 99, 100))
    return WaitTimes(sum(ordered) / (len(ordered) * SECOND), p50, p90, p99, most)


def _limits(world: World, recorder: RunRecorder) -> tuple[LimitReached, ...]:
    source, concurrency = world.event_source, world.concurrency
    reached = [(f"{b.name}, {b.rate:,}/s", b.refused, b.first_refusal, b.used) for b in _buckets(world)]
    reached += [
        (f"MaximumConcurrency, {source.most_pollers}", source.held_up, source.first_held_up, None),
        (f"functions at work, {concurrency.most:,}", concurrency.refused, concurrency.first_refusal, None),
        ("days in SQS, 14", recorder.waited_too_long, recorder.first_too_long, None),
    ]
    limits = [
        LimitReached(name, times, (first - START) / SECOND, used)
        for name, times, first, used in reached
        if first is not None
    ]
    return tuple(sorted(limits, key=lambda limit: limit.first_secs))


def _buckets(world: World) -> list[TokenBucket]:
    operations = [getattr(world.operations, each.name) for each in fields(world.operations)]
    buckets = [world.transitions, *(operation.quota for operation in operations if operation.quota)]
    # Two operations may share a quota.
    return list({id(bucket): bucket for bucket in buckets}.values())
