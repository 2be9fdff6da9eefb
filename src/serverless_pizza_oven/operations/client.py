"""An oven, for those who call it from their own Python: `from serverless_pizza_oven import Oven`."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import read_object, write_object
from pizza_oven.ports import BATCH
from serverless_pizza_oven import aws
from serverless_pizza_oven.deployment.names import STACK_IN_AN_EMULATOR
from serverless_pizza_oven.deployment.stack import Stack, find_stack
from serverless_pizza_oven.errors import KitchenError, UsageError
from serverless_pizza_oven.operations.collecting import receive
from serverless_pizza_oven.operations.sending import read_item, send
from serverless_pizza_oven.operations.status import Status, status
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage

LOCAL_ENDPOINT = "http://127.0.0.1:4566"

LONGEST_HANDLING_SECS = 6 * 3600
"""SQS hides a message for 12 hours at most, and this asks for twice as long as one item may take
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""

Item = Mapping[str, Any]
"""An item as it goes over the wire: `id`, `bakingTimeSecs`, `size` (1 if missing), and fields of your own."""


class Oven:
    """A deployed oven. Each thread needs one of its own.

    Every method raises AwsError where AWS refuses or cannot be reached, after the SDK's retries. That is a
    `pizza_oven.errors.PizzaOvenError`, as is all that is raised here.
    """

    def __init__(self, account: aws.Aws, stack: Stack, clock: Callable[[], float] = time.time) -> None:
        """The oven of a stack that was found. The `clock` tells seconds since the epoch."""
        self._aws = account
        self._clock = clock
        self._new_items = Queue(account, stack.new_items)
        self._baked_items = Queue(account, stack.baked_items)
        self.stack = stack

    @classmethod
    def of_stack(cls, name: str, *, profile: str | None = None, region: str | None = None) -> "Oven":
        """The oven of a stack on AWS, with the credentials and the region that any SDK would take.

        Raises AwsError where there is no such profile, or no region, and DeploymentError where there is no
        such stack. Needs `cloudformation:DescribeStacks`, as does `local`; each method names what it needs.
        """
        account = aws.signed_in(profile, region)
        return cls(account, find_stack(account, name))

    @classmethod
    def local(cls, endpoint_url: str = LOCAL_ENDPOINT, *, stack: str = STACK_IN_AN_EMULATOR) -> "Oven":
        """The oven that `oven local` runs at that address, or another emulator."""
        account = aws.local(endpoint_url)
        return cls(account, find_stack(account, stack))

    @property
    def capacity(self) -> int:
        """In slots, when the stack was found: who has it changed makes another `Oven`."""
        return self.stack.capacity

    def send(self, item: Item) -> None:
        """Have an item baked. It is safe when this returns.

        If it raises AwsError the item may have been sent or not: send it again, under the same id, which
        bakes once in 90 days. Raises MalformedItemError, before anything is sent, where the oven would
        reject it. Needs `sqs:SendMessage` on New Items.
        """
        self.send_many([item])

    def send_many(self, items: Iterable[Item]) -> None:
        """Have many items baked: all are checked before the first is sent, ten go with a request.

        Raises as `send`; then some may have been sent. Two items of one id are malformed, since the oven
        would drop the second.
        """
        checked = [read_item(_written(item), self.capacity) for item in items]
        for item_id, count in Counter(item.id for item in checked).items():
            if count > 1:
                raise MalformedItemError(f"{count} items have the id {item_id}, which bakes once")
        for _ in send(self._new_items, checked):
            pass

    def results(
        self, *, most: int | None = None, wait_secs: int | None = None, handling_secs: int = 60
    ) -> Iterator[dict[str, Any]]:
        """Baked items, as they come: `most` at most, until none comes for `wait_secs`; for ever by default.

        An item is deleted when the loop asks for the next one. So one over which the loop's body died comes
        again, as does one at which the loop was left by `break`: to take a number of items, say `most`.
        Each may come more than once in any case, if rarely: SQS delivers at least once. `handling_secs` is
        how long the body may take for one item, in which no other receiver sees it: 6 hours at most.

        Raises UsageError where seconds are none that SQS knows, and KitchenError where a message is no item,
        as no oven makes it. Needs `sqs:ReceiveMessage`,
        `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on Baked Items.
        """
        _check_secs("wait_secs", wait_secs, None)
        _check_secs("handling_secs", handling_secs, LONGEST_HANDLING_SECS)
        left = most
        while left is None or left > 0:
            count = BATCH if left is None else min(left, BATCH)
            # Taken for twice as long: whatever is handed out in the first half can be handled in time.
            hand = receive(self._baked_items, count, wait_secs, hide_secs=2 * handling_secs)
            if not hand:
                return
            handled = yield from self._handed_out(hand, self._clock() + handling_secs)
            left = None if left is None else left - handled

    def status(self, earlier: Status | None = None) -> Status:
        """What bakes, what waits, and what went wrong of late. `earlier`, the last one, spares requests.

        Needs `dynamodb:GetItem`, `sqs:GetQueueAttributes`, `logs:FilterLogEvents`,
        `cloudwatch:GetMetricStatistics` and `cloudformation:DescribeStacks`.
        """
        return status(self._aws, self.stack, self._clock(), earlier)

    def _handed_out(self, hand: list[ReceivedMessage], until: float) -> Generator[dict[str, Any], None, int]:
        """Hand out messages until then. Returns how many are done with; the others are given back."""
        left = list(hand)
        try:
            while left and self._clock() < until:
                yield _content(left[0])
                self._baked_items.delete([left.pop(0)])
        finally:
            self._baked_items.give_back(left)
        return len(hand) - len(left)


def _check_secs(name: str, secs: int | None, most: int | None) -> None:
    # In less than a second nothing can be handled; and a poll that does not wait misses what is there.
    if secs is not None and (secs < 1 or (most is not None and secs > most)):
        raise UsageError(f"{name} must be 1 or more{f', and at most {most}' if most else ''}, not {secs}")


def _content(message: ReceivedMessage) -> dict[str, Any]:
    try:
        return read_object(message.body)
    except MalformedItemError as error:
        raise KitchenError(
            f"message {message.id} of Baked Items came from no oven: {error}; oven collect takes it out"
        ) from error


def _written(item: Item) -> str:
    try:
        return write_object(item)
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedItemError(f"an item is JSON, and this one is not: {error}") from error
