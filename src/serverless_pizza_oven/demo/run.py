"""One run of the demo: sends the pizzas and counts those that come out."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from pizza_oven.messages import BATCH
from serverless_pizza_oven.demo.bars import Bars, bars
from serverless_pizza_oven.demo.demo_oven import DemoOven, Observation
from serverless_pizza_oven.demo.shared_queue import SharedQueue
from serverless_pizza_oven.demo.tally import Arrival, Tally
from serverless_pizza_oven.queue_client import ReceivedMessage

PATIENCE_SECS = 180
"""A run is given up when nothing has changed for this time plus the longest baking time."""

OBSERVE_EVERY_SECS = 0.5
TURN_SECS = 0.25
"""How long to go on sending, or receiving, before the next observation."""

DOUBLES_SECS = 2
"""How long to wait for pizzas that come out a second time, after all are out."""

SWEEPS = 100
"""How often to receive from a crowded dead-letter queue in search of pizzas of the run."""

LETTERS_HIDE_SECS = 30
"""How long SQS hides a dead letter from others if this process dies while it reads it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run at a moment."""

    bars: Bars
    dead: int
    total: int
    """All pizzas of the run, the unsent ones included."""
    secs: float
    """Since the run began."""
    note: str = ""
    """What else the run does at the moment."""


class Patience:
    """Finds out when the state of a run has been the same for too long."""

    def __init__(self, limit_secs: float) -> None:
        self.limit_secs = limit_secs
        self._seen: object = None
        self._since = 0.0

    def is_over(self, state: object, now: float) -> bool:
        """Whether `state` has been the same for longer than the limit."""
        if state != self._seen:
            self._seen, self._since = state, now
        return now - self._since > self.limit_secs


class DemoRun:
    """Sends the pizzas of a tally to an oven, and keeps the tally."""

    def __init__(
        self,
        oven: DemoOven,
        tally: Tally,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        """The `clock` tells seconds since the epoch."""
        self._oven = oven
        self._tally = tally
        self._clock = clock
        self._baked = SharedQueue(oven.baked_items, self._is_ours, clock, sleep)
        self.patience = Patience(
            PATIENCE_SECS + max((pizza.baking_time_secs for pizza in tally.pizzas), default=0)
        )

    def __iter__(self) -> Generator[Progress]:
        """Run to the end, or until nothing moves any more; yields the progress. Raises AwsError.

        However it ends, the baked items of others are given back.
        """
        seen = self._oven.observe()
        began, looked = self._clock(), -math.inf
        before, shortest_line, dead_seen = seen.new, seen.waiting, seen.dead
        progress = self._progress(seen, before, began)
        try:
            while not self._tally.is_complete:
                # While there is something to send, do not wait for the first that comes out.
                self._receive_some(wait_secs=0 if self._send_some() else 1)
                if self._clock() - looked >= OBSERVE_EVERY_SECS:
                    seen, looked = self._oven.observe(), self._clock()
                    before = min(before, seen.new)
                    shortest_line = min(shortest_line, seen.waiting)
                    if seen.dead != dead_seen:
                        dead_seen = seen.dead
                        self._read_dead_letters()
                progress = self._progress(seen, before, began)
                state = (len(self._tally.sent), progress.bars, progress.dead, shortest_line)
                is_stuck = self.patience.is_over(state, self._clock())
                yield progress
                if is_stuck:
                    self._read_dead_letters()
                    return
            yield replace(progress, note="looking for doubles")
            self._receive_doubles()
            yield self._progress(self._oven.observe(), before, began)
        finally:
            self._baked.give_all_back()

    def _is_ours(self, message: ReceivedMessage) -> bool:
        return self._tally.knows(message.item_id)

    def _progress(self, seen: Observation, before: int, began: float) -> Progress:
        tally = self._tally
        return Progress(bars(seen, before, tally), len(tally.dead), len(tally.pizzas), self._clock() - began)

    def _send_some(self) -> bool:
        """Returns whether there was anything to send."""
        if self._tally.all_sent:
            return False
        until = self._clock() + TURN_SECS
        while (pizzas := self._tally.to_send(BATCH)) and self._clock() < until:
            now = self._clock()
            self._oven.new_items.send([pizza.as_item(now) for pizza in pizzas])
            self._tally.sent.update({pizza.id: now for pizza in pizzas})
        return True

    def _receive_some(self, wait_secs: int) -> None:
        until = self._clock() + TURN_SECS
        while self._receive(wait_secs) and self._clock() < until and not self._tally.is_complete:
            wait_secs = 0

    def _receive_doubles(self) -> None:
        until = self._clock() + DOUBLES_SECS
        while self._receive(wait_secs=1) and self._clock() < until:
            pass

    def _receive(self, wait_secs: int) -> bool:
        ours = self._baked.receive(wait_secs)
        for message in ours or []:
            self._tally.came_out(str(message.item_id), Arrival(message.id, message.sent_at))
        if ours:
            self._baked.delete(ours)
        return ours is not None

    def _read_dead_letters(self) -> None:
        """Read the dead letters of the run, and leave all in the queue."""
        if self._oven.dead_letters is None:
            return
        read: list[ReceivedMessage] = []
        try:
            for _ in range(SWEEPS):
                received = self._oven.dead_letters.receive(wait_secs=0, hide_secs=LETTERS_HIDE_SECS)
                read += received
                if not received:
                    break
        finally:
            self._oven.dead_letters.give_back(read)
        for letter in read:
            if self._is_ours(letter):
                self._tally.dead_lettered(str(letter.item_id), letter.reason or "no reason is given")
