"""Sends dead letters back to New Items, so that no item is lost and none bakes twice.

A letter is deleted after SQS has taken its item. If the process dies between the two, the next redrive gives
the item the same id again: the oven drops the second copy, or the redrive finds that the item bakes. That id
is the item's own, unless it is used up: the name of an execution is taken for 90 days, and an item whose
baking failed never bakes again under its id. It gets `<id>.redrive-1`, and after another failure
`<id>.redrive-2`.
"""

import json
import re
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, parse
from pizza_oven.ports import ItemStates
from pizza_oven.strict_json import read_object, write_object
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.operations.dead_letters import (
    DeadLetterEntry,
    read_dead_letter,
    receive_letters,
    select,
)
from serverless_pizza_oven.operations.held_messages import HeldMessages
from serverless_pizza_oven.queue_client import Queue, batches

MAX_ID_CHARS = 80
"""The greatest length of an item's id, which is the name of an execution."""

SEND_ANEW = "send such an item anew with oven send --item, then discard its letter with oven dlq discard"
"""The advice for a letter that `--set` cannot correct: it is not a JSON object, or has a field too many."""

_REDRIVEN = re.compile(r"(.+)\.redrive-([1-9][0-9]*)")


class StillMalformedError(ToolError):
    """With the fields that were set, a message is still not an item for this oven."""


@dataclass(frozen=True, slots=True)
class RedriveRequest:
    """Which letters to send back, and with which changes."""

    ids: Collection[str] | None = None
    """Ids of items or of messages. None for all letters."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields to set in each item."""
    new_id: str = ""
    """The new id of the only letter that is chosen. Empty to keep the ids."""


@dataclass(frozen=True, slots=True)
class RedriveResult:
    """What became of one letter. One of the three texts is not empty."""

    letter: DeadLetterEntry
    sent_as: str = ""
    """The id under which its item was sent to New Items."""
    done: str = ""
    """Why there was nothing to send: the item bakes or has baked. The letter is deleted."""
    stays: str = ""
    """Why it stays in the dead-letter queue."""


@dataclass(frozen=True, slots=True)
class Redriver:
    """Redrives the dead letters of one oven."""

    dead_letters: Queue
    new_items: Queue
    item_states: ItemStates
    capacity: int
    """In slots."""
    max_receives: int | None
    """How often SQS delivers a new item before it becomes a dead letter. None: without limit."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, of any origin."""

    def redrive(self, request: RedriveRequest) -> Generator[RedriveResult]:
        """Send letters back. Yields the result of each after it took effect.

        Raises NoSuchDeadLetterError, StillMalformedError and UsageError before anything is sent; AwsError and
        ServiceError at any time. Letters that stay are visible to others afterwards, also after an error.
        """
        with HeldMessages(self.dead_letters, self.clock) as held:
            sent: dict[str, bytes] = {}
            for letters in self._chosen(request, held):
                yield from self._send_back(letters, request, sent, held)

    def _chosen(self, request: RedriveRequest, held: HeldMessages) -> Iterator[Sequence[DeadLetterEntry]]:
        received = receive_letters(held, self.capacity, self.max_receives)
        if request.ids is None and not request.new_id:
            # No letter depends on another: ten can be sent before the next ten are received.
            return ([self._mended(letter, request) for letter in letters] for letters in received)
        letters = list(chain.from_iterable(received))
        chosen = letters if request.ids is None else select(request.ids, letters)
        # Two letters of one item count as one. Those without an id differ, even with equal bodies.
        if request.new_id and len({(letter.id, letter.message.body) for letter in chosen}) > 1:
            raise UsageError(
                f"--new-id is for one dead letter, but {len(chosen)} are chosen: "
                "name one by its messageId, which oven dlq list --json shows"
            )
        mended = [self._mended(letter, request) for letter in chosen]
        if request.ids is not None and (request.fields or request.new_id):
            _check_sound(mended)
        return batches(mended)

    def _mended(self, letter: DeadLetterEntry, request: RedriveRequest) -> DeadLetterEntry:
        """The letter with the fields that are to be set. It keeps the id by which it was chosen."""
        new_id = {"id": request.new_id} if request.new_id else {}
        if not (request.fields or new_id):
            return letter
        try:
            body = write_object(read_object(letter.message.body) | request.fields | new_id)
        except MalformedItemError:
            return letter
        mended = read_dead_letter(replace(letter.message, body=body), self.capacity, self.max_receives)
        return replace(mended, id=letter.id)

    def _send_back(
        self,
        letters: Sequence[DeadLetterEntry],
        request: RedriveRequest,
        sent: dict[str, bytes],
        held: HeldMessages,
    ) -> list[RedriveResult]:
        """Decide, send, delete: in this order, so that each item is in a queue at every moment."""
        results, bodies = [], []
        for letter in letters:
            # Up to ten requests to Step Functions, which may throttle them.
            held.extend()
            result, body = self._decide(letter, request, sent)
            results.append(result)
            if body:
                bodies.append(body)
        if bodies:
            self.new_items.send(bodies)
        held.delete([result.letter.message for result in results if not result.stays])
        return results

    def _decide(
        self, letter: DeadLetterEntry, request: RedriveRequest, sent: dict[str, bytes]
    ) -> tuple[RedriveResult, str | None]:
        """What becomes of a letter, and the body to send.

        `sent` are the digests of the items that were sent before, by id.
        """
        if not isinstance(letter.content, Item):
            return RedriveResult(letter, stays=letter.flaw or "it is a trigger, not an item"), None
        original = read_object(letter.message.body)
        item_id = letter.content.id
        if letter.baking_failed and item_id == letter.id:
            # Do not ask Step Functions: its answer may be some seconds old, and say that the item bakes.
            item_id = next_id(item_id)
        while True:
            fields = {**original, "id": item_id}
            if item_id in sent:
                return _same_id(letter, item_id, sent[item_id] == _digest(fields), "was just sent back"), None
            execution = self.item_states.describe(item_id)
            if execution is None:
                return self._to_send(letter, item_id, fields, sent)
            if not execution.failed:
                state = "is in the oven" if execution.running else "has baked"
                return _same_id(letter, item_id, read_object(execution.body) == fields, state), None
            if request.new_id:
                return RedriveResult(letter, stays=f"the id {item_id} is used up: its baking failed"), None
            item_id = next_id(item_id)

    def _to_send(
        self, letter: DeadLetterEntry, item_id: str, fields: Mapping[str, Any], sent: dict[str, bytes]
    ) -> tuple[RedriveResult, str | None]:
        body = letter.message.body
        if isinstance(letter.content, Item) and item_id != letter.content.id:
            body = write_object(fields)
            try:
                # Another id can make the item too large.
                parse(body, self.capacity)
            except MalformedItemError as error:
                stays = f"as {item_id} it would be refused: {error}. Choose a shorter --new-id, or --set less"
                return RedriveResult(letter, stays=stays), None
        sent[item_id] = _digest(fields)
        return RedriveResult(letter, sent_as=item_id), body


def _check_sound(letters: Sequence[DeadLetterEntry]) -> None:
    flawed = next((letter for letter in letters if letter.flaw), None)
    if flawed:
        way_on = "" if flawed.is_object else f". --set cannot mend it: {SEND_ANEW}"
        raise StillMalformedError(f"{flawed.id} is still malformed: {flawed.flaw}; nothing was sent{way_on}")


def _same_id(letter: DeadLetterEntry, item_id: str, is_same: bool, state: str) -> RedriveResult:
    if is_same:
        return RedriveResult(letter, done=f"{item_id} {state}")
    return RedriveResult(
        letter, stays=f"another item with the id {item_id} {state}: give this one its own with --new-id"
    )


def _digest(fields: Mapping[str, Any]) -> bytes:
    """A digest that is equal for equal items. It saves memory for thousands of items."""
    return sha256(json.dumps(fields, sort_keys=True).encode()).digest()


def next_id(item_id: str) -> str:
    """The id for an item whose own id is used up. It is always the same, and different from other items'
    ids."""
    found = _REDRIVEN.fullmatch(item_id)
    name, number = (found[1], int(found[2]) + 1) if found else (item_id, 1)
    ending = f".redrive-{number}"
    if len(name) + len(ending) > MAX_ID_CHARS:
        # The part that is cut off may be the only difference to another id.
        ending = f".{sha256(name.encode()).hexdigest()[:12]}{ending}"
        name = name[: MAX_ID_CHARS - len(ending)]
    return name + ending
