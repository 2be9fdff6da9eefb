"""The result of a forecast."""

from dataclasses import dataclass
from math import fsum

from serverless_pizza_oven.forecast.arrivals import AtOnce
from serverless_pizza_oven.forecast.hold_cost import HoldCost, hold_cost_of
from serverless_pizza_oven.forecast.recording import TimeSeries
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.run_cost import ServiceCost, per_million_items
from serverless_pizza_oven.forecast.run_usage import RunUsage

MONTH_SECS = 30 * 86400

AT_ONCE = str(AtOnce())


@dataclass(frozen=True, slots=True)
class WaitTimes:
    """Seconds from sending an item to the beginning of its baking."""

    mean: float
    p50: float
    p90: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A quota of AWS or a parameter of the stack that held a run up."""

    name: str
    times: int
    first_secs: float
    """When it was first reached, in seconds from the beginning."""
    used: float | None = None
    """The share of it that was used from the first time to the last. None if it is no rate."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The figures of an oven. Times are in seconds. An item counts once, however often it is sent or comes
    out."""

    request: ForecastRequest
    sent: int
    """Messages."""
    out: int
    """Items that came out, or were held and released."""
    again: int
    """How often an item came out once more."""
    copies: int
    """Messages whose id was sent before: the oven drops them."""
    dead: int
    """Dead letters."""
    secs: float
    """From the first item sent to the last item out."""
    ideal_secs: float
    """The same time if nothing but baking took time."""
    waits: WaitTimes
    ideal_waits: WaitTimes
    """Those in the ideal oven: what the slots alone cost."""
    most_waiting: int
    """The most items that were sent and did not bake yet."""
    mean_waiting: float
    utilisation: float
    """The part of the slots that baked, on average."""
    usage: RunUsage
    costs: tuple[ServiceCost, ...]
    limits: tuple[LimitReached, ...]
    """In the order in which they were reached."""
    series: TimeSeries

    @property
    def throughput(self) -> float:
        """Items per second."""
        return self.out / self.secs

    @property
    def times_ideal(self) -> float | None:
        """The ratio of the time to the ideal time. None if the ideal time is 0."""
        return self.secs / self.ideal_secs if self.ideal_secs else None

    @property
    def hold_cost(self) -> HoldCost | None:
        """None if the items bake."""
        return hold_cost_of(self.usage, self.usage.holds) if self.usage.holds else None

    @property
    def dollars(self) -> float:
        # Unlike sum(), the same in every version of Python.
        return fsum(cost.dollars for cost in self.costs)

    @property
    def dollars_a_month(self) -> float | None:
        """For 30 days that go on like this run, without what an idle oven costs. None if all came at once."""
        return None if self.request.workload.arrivals == AT_ONCE else self.dollars * MONTH_SECS / self.secs

    @property
    def dollars_per_million_items(self) -> float | None:
        """None where no item came out."""
        return per_million_items(self.dollars, self.out)
