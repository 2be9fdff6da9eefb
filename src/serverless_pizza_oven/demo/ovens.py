"""The ovens that a demo can use: one of its own, the oven of a stack, or one known by its queues."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.demo.demo_oven import DemoOven
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.extras import require
from serverless_pizza_oven.local.emulator import free_port
from serverless_pizza_oven.local.oven import running_oven

TIMES_ON_AWS = BakingTimes(15, 30)
TIMES_LOCALLY = BakingTimes(2, 5)

Connect = Callable[[str | None, str | None, str | None], Aws]
"""Connects to an endpoint URL (AWS without), with a profile, in a region. Raises AwsError and UsageError."""

ShowPage = Callable[[Callable[[], Aws], Stack], AbstractContextManager[None]]
"""Shows an oven in the browser while a block runs, over connections of its own, if that is wanted."""

Report = Callable[[str], None]
"""Prints a line before a slow step."""

WARM_UP_ITEMS = 10
"""Sent before the clock starts: so many functions at most work at once in a small oven."""

WARM_UP_RECEIVES = 30
"""How often to ask for them at most, a second each time. Without them, the first functions start cold."""

GOES_ON = "The oven goes on: what is in it and before it will come out in Baked Items."


@dataclass(frozen=True, slots=True)
class Account:
    """The account and region of a deployed oven, or the emulator."""

    endpoint_url: str | None
    """The URL of an emulator. None is AWS."""
    profile: str | None
    region: str | None
    connect: Connect = field(repr=False, compare=False)

    @property
    def default_baking_times(self) -> BakingTimes:
        return TIMES_LOCALLY if self.endpoint_url else TIMES_ON_AWS

    def connected(self) -> Aws:
        """Make a connection. Raises AwsError and UsageError."""
        return self.connect(self.endpoint_url, self.profile, self.region)


class OvenChoice(Protocol):
    """An oven that the options of the demo mean."""

    @property
    def interrupted(self) -> str:
        """What becomes of the pizzas after Ctrl-C."""

    @property
    def next_steps(self) -> str:
        """What to do after the demo."""

    @property
    def default_baking_times(self) -> BakingTimes: ...

    def opened(self, show_page: ShowPage, report: Report, /) -> AbstractContextManager[DemoOven]:
        """Have the oven while the block runs; it has a page if it is of a stack. Raises ToolError."""


@dataclass(frozen=True, slots=True)
class EmbeddedOven:
    """An oven on the local stack, while the demo runs."""

    capacity: int | None
    """In slots; the template's default if None."""

    interrupted: ClassVar = "They are gone with the oven."
    next_steps: ClassVar = (
        "Next: oven local runs an oven to play with. In another terminal, oven send --bake 5 --wait out "
        "sends it an item. oven simulate estimates waiting time and cost of yours."
    )
    default_baking_times: ClassVar = TIMES_LOCALLY

    @contextmanager
    def opened(self, show_page: ShowPage, report: Report, /) -> Iterator[DemoOven]:
        require("local", "an oven on this machine")
        report("Heating an oven on this machine.")
        with (
            running_oven(free_port(), capacity=self.capacity) as own,
            show_page(lambda: local(own.endpoint_url), own.stack),
        ):
            oven = DemoOven.of_stack(own.aws, own.stack)
            warm_up(oven)
            yield oven


def warm_up(oven: DemoOven) -> None:
    """Have items go through that bake for no time, so that the functions of the first pizzas start warm."""
    oven.new_items.send(
        [f'{{"id": "warm-up-{number}", "bakingTimeSecs": 0}}' for number in range(WARM_UP_ITEMS)]
    )
    out = 0
    for _ in range(WARM_UP_RECEIVES):
        received = oven.baked_items.receive(wait_secs=1, hide_secs=WARM_UP_RECEIVES)
        oven.baked_items.delete(received)
        out += len(received)
        if out >= WARM_UP_ITEMS:
            return


@dataclass(frozen=True, slots=True)
class StackOven:
    """The oven of a stack."""

    stack: str
    account: Account

    interrupted: ClassVar = GOES_ON

    @property
    def next_steps(self) -> str:
        return f"Next: oven status and oven view --stack {self.stack} show this oven."

    @property
    def default_baking_times(self) -> BakingTimes:
        return self.account.default_baking_times

    @contextmanager
    def opened(self, show_page: ShowPage, _report: Report, /) -> Iterator[DemoOven]:
        aws = self.account.connected()
        stack = find_stack(aws, self.stack)
        with show_page(self.account.connected, stack):
            yield DemoOven.of_stack(aws, stack)


@dataclass(frozen=True, slots=True)
class QueuesOven:
    """An oven that is known by the URLs of its queues, and perhaps by the name of its table."""

    new_items: str
    waiting_items: str
    baked_items: str
    table: str | None
    account: Account

    interrupted: ClassVar = GOES_ON
    next_steps: ClassVar = "Next: oven demo --stack NAME shows an oven in the browser, too, with --view."

    @property
    def default_baking_times(self) -> BakingTimes:
        return self.account.default_baking_times

    @contextmanager
    def opened(self, _show_page: ShowPage, _report: Report, /) -> Iterator[DemoOven]:
        aws = self.account.connected()
        yield DemoOven.of_queues(aws, self.new_items, self.waiting_items, self.baked_items, self.table)
