"""A client for an oven: `from serverless_pizza_oven import Oven`."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.messages import BATCH
from pizza_oven.strict_json import read_object, write_object
from serverless_pizza_oven import aws
from serverless_pizza_oven.deployment.names import STACK_IN_AN_EMULATOR
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.operations.awaited_sign import Sign
from serverless_pizza_oven.operations.collecting import receive
from serverless_pizza_oven.operations.hold_timing import HoldTiming
from serverless_pizza_oven.operations.holding_client import HoldingClient, new_claim
from serverless_pizza_oven.operations.item_lookup import LOG_SEARCH_SECS, ItemReport
from serverless_pizza_oven.operations.sending import read_item, send
from serverless_pizza_oven.operations.status import Status, status
from serverless_pizza_oven.operations.waiting import lookout, wait_for
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

LOCAL_ENDPOINT = "http://127.0.0.1:4566"

MAX_HANDLING_SECS = 6 * 3600
"""SQS hides a message for at most 12 hours, and `Oven.results` asks for twice the handling time
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""

Item = Mapping[str, Any]
"""An item as it is sent: `id`, `bakingTimeSecs`, `size` (1 if missing), and fields of your own."""


class Oven(HoldingClient):
    """A deployed oven. Use one per thread.

    Every method raises AwsError if AWS refuses a request or cannot be reached, after the SDK's retries. All
    errors of this class are `pizza_oven.errors.PizzaOvenError`.
    """

    def __init__(
        self,
        account: aws.Aws,
        stack: Stack,
        clock: Callable[[], float] = time.time,
        *,
        new_claim: Callable[[], str] = new_claim,
        hold_timing: HoldTiming | None = None,
    ) -> None:
        """The oven of a stack. Prefer `of_stack` or `local`.

        `clock` returns seconds since the epoch, `new_claim` a text that no other hold has.
        """
        super().__init__(account, stack, new_claim, hold_timing or HoldTiming())
        self._aws = account
        self._clock = clock
        self._new_items = Queue(account, stack.new_items)
        self._baked_items = Queue(account, stack.baked_items)
        self.stack = stack

    @classmethod
    def of_stack(cls, name: str, *, profile: str | None = None, region: str | None = None) -> "Oven":
        """The oven of a stack on AWS, with the SDK's usual credentials and region.

        Raises AwsError if there is no such profile, or no region; and DeploymentError if there is no such
        stack. Needs `cloudformation:DescribeStacks`.
        """
        account = aws.signed_in(profile, region)
        return cls(account, find_stack(account, name))

    @classmethod
    def local(cls, endpoint_url: str = LOCAL_ENDPOINT, *, stack: str = STACK_IN_AN_EMULATOR) -> "Oven":
        """The oven that `oven local`, or another emulator, runs at this address.

        Raises AwsError if nothing answers there, and DeploymentError if there is no such stack.
        """
        account = aws.local(endpoint_url)
        return cls(account, find_stack(account, stack))

    @property
    def capacity(self) -> int:
        """The slots of the oven when this object was made. After a change, make a new `Oven`."""
        return self.stack.capacity

    def send(self, item: Item) -> None:
        """Send an item. When this returns, SQS has stored it.

        After an AwsError it is unknown whether the item was sent: send it again with the same id, which bakes
        once in 90 days. Raises MalformedItemError before anything is sent if the oven would reject the item.
        Needs `sqs:SendMessage` on New Items.
        """
        self.send_many([item])

    def send_many(self, items: Iterable[Item]) -> None:
        """Send items, ten per request. All are checked before the first is sent.

        Raises as `send` does; after an AwsError some may have been sent. Raises MalformedItemError if an id
        repeats, since the oven would drop the second item.
        """
        checked = [read_item(_written(item), self.capacity) for item in items]
        for item_id, count in Counter(item.id for item in checked).items():
            if count > 1:
                raise MalformedItemError(f"{count} items have the id {item_id}, which bakes once")
        for _ in send(self._new_items, checked):
            """Each batch is in SQS."""

    def results(
        self, *, most: int | None = None, wait_secs: int | None = None, handling_secs: int = 60
    ) -> Iterator[dict[str, Any]]:
        """Iterate over baked items as they come out.

        Ends after `most` items, and when none comes for `wait_secs`. By default it never ends.

        An item is deleted from Baked Items when the loop asks for the next one. If the loop's body raises an
        error, or leaves the loop by `break`, the item comes again: use `most` for a number of items. An item
        may come more than once in any case, since SQS delivers at least once.

        No other receiver sees an item for `handling_secs`, at most 6 hours: the time that the loop's body may
        take for one.

        Raises UsageError for seconds out of range, and ToolError for a message that is not an item. Needs
        `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on Baked Items.
        """
        _check_secs("wait_secs", wait_secs, None)
        _check_secs("handling_secs", handling_secs, MAX_HANDLING_SECS)
        left = most
        while left is None or left > 0:
            count = BATCH if left is None else min(left, BATCH)
            # Twice as long: an item that is yielded in the first half has `handling_secs` left.
            messages = receive(self._baked_items, count, wait_secs, hide_secs=2 * handling_secs)
            if not messages:
                return
            handled = yield from self._yield_items(messages, self._clock() + handling_secs)
            left = None if left is None else left - handled

    def wait_for(
        self, item_id: str, until: Sign | str = Sign.HELD, *, timeout_secs: float | None = None
    ) -> ItemReport:
        """Wait until an item has its slots (`held`), or until it came out of the oven (`out`).

        It looks each second, after a minute less often, up to every 10 s. Without a timeout it may wait for
        ever: an item that was never sent is not told from one in New Items.

        Raises WaitError if the item was rejected or failed, if it is out although its slots were waited for,
        and after `timeout_secs`; and UsageError if `until` is neither. Needs `dynamodb:GetItem`,
        `states:DescribeExecution` and `logs:FilterLogEvents`.
        """
        try:
            sign = Sign(until)
        except ValueError:
            raise UsageError(f"until must be held or out, not {until}") from None
        look = lookout(self._aws, self.stack, item_id, self._clock, LOG_SEARCH_SECS)
        return wait_for(look, sign, self._clock, time.sleep, timeout_secs)

    def status(self, earlier: Status | None = None) -> Status:
        """What bakes, what waits, what limits the oven, and what failed recently.

        Pass the last status to make fewer requests.

        Needs `dynamodb:GetItem`, `sqs:GetQueueAttributes`, `logs:FilterLogEvents`,
        `cloudwatch:GetMetricData` and `cloudformation:DescribeStacks`. With `states:DescribeExecution`
        it also tells who holds items, of up to 10 at once.
        """
        return status(self._aws, self.stack, self._clock(), earlier)

    def _yield_items(
        self, messages: list[ReceivedMessage], until: float
    ) -> Generator[dict[str, Any], None, int]:
        """Yield items until then, and give the others back. Returns how many were handled."""
        left = list(messages)
        try:
            while left and self._clock() < until:
                yield _content(left[0])
                self._baked_items.delete([left.pop(0)])
        finally:
            self._baked_items.give_back(left)
        return len(messages) - len(left)


def _check_secs(name: str, secs: int | None, most: int | None) -> None:
    # In less than a second nothing is handled; and a poll that does not wait misses messages.
    if secs is not None and (secs < 1 or (most is not None and secs > most)):
        raise UsageError(f"{name} must be 1 or more{f', and at most {most}' if most else ''}, not {secs}")


def _content(message: ReceivedMessage) -> dict[str, Any]:
    try:
        return read_object(message.body)
    except MalformedItemError as error:
        raise ToolError(
            f"message {message.id} of Baked Items came from no oven: {error}; oven collect takes it out"
        ) from error


def _written(item: Item) -> str:
    try:
        return write_object(item)
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedItemError(f"an item is JSON, and this one is not: {error}") from error
