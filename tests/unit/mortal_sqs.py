"""SQS in memory behind the SDK's methods, for tests that kill a process before and after each request."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from serverless_pizza_oven.queue_client import Queue
from serverless_pizza_oven.simulator.loop import SECOND, Loop, micros
from serverless_pizza_oven.simulator.queue_messages import Delivery, StoredMessage
from serverless_pizza_oven.simulator.standard_queue import StandardQueue

if TYPE_CHECKING:
    from serverless_pizza_oven.aws import Aws


class Killed(BaseException):
    """Stands for `kill -9`: nothing catches it, and nothing runs after it."""


class Life:
    """A process that ends at its `last` moment. Each request has a moment before it and one after it."""

    def __init__(self, last: int | None = None) -> None:
        self._moments = itertools.count()
        self._last = last
        self.is_over = False

    def begin_anew(self) -> None:
        """Start another process, which is not killed."""
        self._last, self.is_over = None, False

    def moment(self) -> None:
        if self.is_over or next(self._moments) == self._last:
            self.is_over = True
            raise Killed


class Sqs:
    """Some queues. Each request to them has two moments at which the process may be killed."""

    def __init__(self, *names: str, life: Life | None = None) -> None:
        self.loop = Loop()
        self.life = life or Life()
        self.refused: Callable[[str], bool] = lambda _body: False
        """The bodies that are refused although the request succeeds."""
        self.requests: list[str] = []
        self.secs_per_request = 0.0
        self.queues = {name: StandardQueue(self.loop, name) for name in names}
        self._sent_at: dict[str, float] = {}
        self._held: dict[str, Delivery] = {}

    @property
    def account(self) -> "Aws":
        """An account in which there is SQS alone."""
        return cast("Aws", SimpleNamespace(sqs=self))

    def queue(self, name: str) -> Queue:
        """A queue, as those around the oven use it. Its pauses take virtual time."""
        return Queue(self.account, name, sleep=self.pass_time)

    def clock(self) -> float:
        """Seconds of virtual time."""
        return self.loop.now / SECOND

    def pass_time(self, secs: float) -> None:
        self.loop.run(self.loop.now + micros(secs))

    def put(self, name: str, *bodies: str, reason: str | None = None) -> None:
        """Add messages before the scenario begins."""
        for body in bodies:
            self._send(name, body, reason)

    def bodies(self, name: str) -> list[str]:
        """All messages of a queue, received or not."""
        return [letter.body for letter in self.queues[name].messages()]

    def visible(self, name: str) -> list[str]:
        """The messages that can be received now."""
        return [
            letter.body for letter in self.queues[name].messages() if letter.hidden_until <= self.loop.now
        ]

    # As the SDK calls them

    def send_message_batch(self, **asked: Any) -> Any:
        with self._request("send"):
            refused = [entry for entry in asked["Entries"] if self.refused(entry["MessageBody"])]
            for entry in asked["Entries"]:
                if entry not in refused:
                    self._send(asked["QueueUrl"], entry["MessageBody"])
            return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in refused]}

    def receive_message(self, **asked: Any) -> Any:
        with self._request("receive"):
            queue = self.queues[asked["QueueUrl"]]
            queue.visibility = micros(asked["VisibilityTimeout"])
            hand = queue.receive(asked["MaxNumberOfMessages"])
            if not hand:
                self.pass_time(asked["WaitTimeSeconds"])
                hand = queue.receive(asked["MaxNumberOfMessages"])
            return {"Messages": [self._told(received) for received in hand]}

    def delete_message_batch(self, **asked: Any) -> Any:
        with self._request("delete"):
            for entry in asked["Entries"]:
                received = self._held[entry["ReceiptHandle"]]
                # As on AWS, only the last receipt deletes.
                if received.receive_count == received.stored.receive_count:
                    self.queues[asked["QueueUrl"]].delete(received)
            return {}

    def change_message_visibility_batch(self, **asked: Any) -> Any:
        with self._request("hide"):
            for entry in asked["Entries"]:
                received = self._held[entry["ReceiptHandle"]]
                letter, is_last = received.stored, received.receive_count == received.stored.receive_count
                if letter.deleted or not is_last or letter.hidden_until <= self.loop.now:
                    continue
                if entry["VisibilityTimeout"]:
                    until = self.loop.now + micros(entry["VisibilityTimeout"])
                    self.queues[asked["QueueUrl"]]._hide(letter, until)  # noqa: SLF001 - nothing else needs it
                else:
                    self.queues[asked["QueueUrl"]].redeliver(letter)
            return {}

    def _request(self, kind: str) -> "_Request":
        self.requests.append(kind)
        if self.secs_per_request:
            self.pass_time(self.secs_per_request)
        return _Request(self.life)

    def _send(self, name: str, body: str, reason: str | None = None) -> None:
        letter = self.queues[name].send(body, reason=reason)
        self._sent_at[letter.id] = self.loop.now / SECOND

    def _told(self, received: Delivery) -> Mapping[str, Any]:
        letter: StoredMessage = received.stored
        receipt = f"{received.id}/{received.receive_count}"
        self._held[receipt] = received
        attributes = {"reason": {"StringValue": letter.reason}} if letter.reason else {}
        return {
            "MessageId": received.id,
            "ReceiptHandle": receipt,
            "Body": received.body,
            "MessageAttributes": attributes,
            "Attributes": {
                "SentTimestamp": str(round(self._sent_at[letter.id] * 1000)),
                "ApproximateReceiveCount": str(received.receive_count),
            },
        }


class _Request:
    """One moment before what is done in the block, and one after."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def __enter__(self) -> None:
        self._life.moment()

    def __exit__(self, *_: object) -> None:
        self._life.moment()


World = TypeVar("World")


def deaths(prepare: Callable[[Life], World], tell: Callable[[World], None]) -> Iterator[World]:
    """Run a scenario repeatedly: its process is killed at the first moment, then at the second, and so on.

    Yields the world after each kill, for a second process. Ends when the first process ran to its end.
    """
    for last in itertools.count():
        life = Life(last)
        world = prepare(life)
        try:
            tell(world)
        except Killed:
            life.begin_anew()
            yield world
        else:
            return
