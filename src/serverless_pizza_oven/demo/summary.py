"""The end of a run: what came out, how fast, and whether all went well."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.demo.tally import Tally
from serverless_pizza_oven.forecast.ideal import ideal_secs
from serverless_pizza_oven.text import counted

SHOWN = 3
"""Ids named in a line; all of them are in the JSON."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Times are in seconds, and None where nothing can be said."""

    pizzas: int
    baked: int
    missing: Sequence[str]
    doubles: Sequence[str]
    dead: Mapping[str, str]
    capacity: int | None
    secs: float | None
    """From the first send to the last arrival in Baked Items."""
    ideal_secs: int | None
    median_wait_secs: float | None
    p99_wait_secs: float | None

    @property
    def reason(self) -> str | None:
        """Why it did not go well, in one line; None if every pizza came out exactly once."""
        unsent = self.pizzas - self.baked - len(self.missing) - len(self.dead)
        troubles = []
        if self.dead:
            troubles.append(f"{counted(len(self.dead), 'dead letter')} ({_some(list(self.dead))})")
        if self.missing:
            troubles.append(f"{len(self.missing)} missing ({_some(self.missing)})")
        if self.doubles:
            troubles.append(f"{len(self.doubles)} came out more than once ({_some(self.doubles)})")
        if unsent > 0:
            troubles.append(f"{unsent} not sent")
        return f"of {counted(self.pizzas, 'pizza')}: {', '.join(troubles)}" if troubles else None

    @property
    def times_ideal(self) -> float | None:
        """How many times the ideal it took."""
        return self.secs / self.ideal_secs if self.secs is not None and self.ideal_secs else None

    def as_text(self) -> str:
        """A few lines for people."""
        lines = [f"Baked    {self.baked} of {counted(self.pizzas, 'pizza')}"]
        if self.secs is not None:
            lines.append(f"Time     {self.secs:.1f} s{self._against_the_ideal()}")
        if self.median_wait_secs is not None:
            lines.append(f"Waiting  median {self.median_wait_secs:.1f} s, p99 {self.p99_wait_secs:.1f} s")
        lines.append(f"DLQ      {counted(len(self.dead), 'pizza') if self.dead else 'none of these pizzas'}")
        lines += [f"         {item_id}: {reason}" for item_id, reason in self.dead.items()]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """All of it for programs."""
        return {
            "pizzas": self.pizzas,
            "baked": self.baked,
            "missing": list(self.missing),
            "doubles": list(self.doubles),
            "deadLetters": [{"id": item_id, "reason": reason} for item_id, reason in self.dead.items()],
            "capacity": self.capacity,
            "seconds": _rounded(self.secs),
            "idealSeconds": self.ideal_secs,
            "timesIdeal": _rounded(self.times_ideal),
            "waitingSeconds": {
                "median": _rounded(self.median_wait_secs),
                "p99": _rounded(self.p99_wait_secs),
            },
        }

    def _against_the_ideal(self) -> str:
        if self.times_ideal is None:
            return ""
        slots = counted(self.capacity or 0, "slot")
        return (
            f", {self.times_ideal:.2f} times the {self.ideal_secs} s that baking alone takes in {slots}\n"
            "         The rest is starting and moving items."
        )


def summarize(tally: Tally, capacity: int | None) -> Summary:
    """Sum up a run, for an oven of `capacity` slots if that is known."""
    waits = _waits(tally)
    complete = tally.is_complete and not tally.dead
    return Summary(
        pizzas=len(tally.pizzas),
        baked=tally.out,
        missing=tally.missing,
        doubles=sorted(tally.doubles),
        dead=dict(tally.dead),
        capacity=capacity,
        secs=_secs(tally),
        ideal_secs=(
            ideal_secs((pizza.baking_time_secs for pizza in tally.pizzas), capacity)
            if capacity and complete
            else None
        ),
        median_wait_secs=statistics.median(waits) if waits else None,
        p99_wait_secs=_percentile(waits, 99) if waits else None,
    )


def _waits(tally: Tally) -> list[float]:
    """The time from sending to coming out, without the baking. At least 0, even if clocks differ."""
    return sorted(
        max(tally.baked[pizza.id].at - pizza.baking_time_secs - tally.sent[pizza.id], 0.0)
        for pizza in tally.pizzas
        if pizza.id in tally.baked
    )


def _secs(tally: Tally) -> float | None:
    if not tally.baked:
        return None
    return max(max(arrival.at for arrival in tally.baked.values()) - min(tally.sent.values()), 0.0)


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` percent of the values do not exceed."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - SHOWN
    return ", ".join(ids[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
