"""Sends dead letters back, so that none is lost and none bakes twice, wherever this dies.

A letter is deleted after its item is safe in New Items. Whoever dies between the two leaves it to the next
run, which gives the item the same id again: the oven drops the copy, or we see before that it has begun to
bake. That id is the item's own, unless it is used up: an execution's name is taken for 90 days, and a failed
one never bakes again. Then it is `<id>.redrive-1`, and after another failure `<id>.redrive-2`.
"""

import re
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from pizza_oven.errors import MalformedItemError
from pizza_oven.item import Item, read_object, write_object
from pizza_oven.ports import ItemStates
from serverless_pizza_oven.errors import KitchenError, UsageError
from serverless_pizza_oven.operations.dead_letters import (
    DeadLetterEntry,
    all_in_hand,
    read_dead_letter,
    select,
)
from serverless_pizza_oven.queue_client import Queue, ReceivedMessage, batches

MAX_ID_CHARS = 80
"""Of an item's id, as of an execution's name."""

SEND_ANEW = "oven send --item sends an item anew, oven dlq discard then throws its letter away"
"""The way on where `--set` cannot mend: what is no JSON object, a field too many, one within another."""

_REDRIVEN = re.compile(r"(.+)\.redrive-([1-9][0-9]*)")


class StillMalformedError(KitchenError):
    """With its new fields it is still no item for this oven."""


@dataclass(frozen=True, slots=True)
class RedriveResult:
    """What became of a dead letter."""

    letter: DeadLetterEntry
    sent_as: str = ""
    """The id under which its item went back to New Items."""
    done: str = ""
    """Why there was nothing to send any more; the letter is gone."""
    stays: str = ""
    """Why it is still a dead letter."""


@dataclass(frozen=True, slots=True)
class RedriveRequest:
    """Which letters to send back, and how."""

    ids: Collection[str] | None = None
    """Of items or of messages; None for all letters."""
    fields: dict[str, Any] = field(default_factory=dict)
    """To set in each item."""
    new_id: str = ""
    """For the one letter that is meant."""

    @property
    def mends(self) -> bool:
        return bool(self.fields or self.new_id)


@dataclass(frozen=True, slots=True)
class Redriver:
    """An oven's dead letters, and what it takes to send them back."""

    dead_letters: Queue
    new_items: Queue
    item_states: ItemStates
    capacity: int
    """In slots."""
    tries: int | None
    """How often SQS tries a new item."""

    def redrive(self, wish: RedriveRequest) -> Generator[RedriveResult]:
        """Send back what is wished for. Tells what became of each letter once that is so.

        Before anything is sent it may raise NoSuchLetterError, NotMendedError and UsageError; at any time
        AwsError and ServiceError. Letters that are not sent are given back, however it ends.
        """
        with all_in_hand(self.dead_letters) as hand:
            letters = self._chosen(wish, hand.values())
            sent: dict[str, Mapping[str, Any]] = {}
            for some in batches(letters):
                for outcome in self._send_back(some, wish, sent):
                    if not outcome.stays:
                        del hand[outcome.letter.message.id]
                    yield outcome

    def _chosen(self, wish: RedriveRequest, messages: Collection[ReceivedMessage]) -> list[DeadLetterEntry]:
        letters = select(wish.ids, [read_dead_letter(m, self.capacity, self.tries) for m in messages])
        # Two letters of the same item are one; those without an id are not, whatever they say.
        if wish.new_id and len({(letter.id, letter.message.body) for letter in letters}) > 1:
            raise UsageError(
                f"--new-id is for one dead letter, but {len(letters)} are meant: "
                "name one by its messageId, which oven dlq list --json shows"
            )
        if wish.mends:
            letters = [self._mended(letter, wish) for letter in letters]
            flawed = [letter for letter in letters if letter.flaw]
            if flawed and wish.ids is not None:
                way_on = "" if flawed[0].is_object else f". --set cannot mend it: {SEND_ANEW}"
                raise StillMalformedError(
                    f"{flawed[0].id} is still malformed: {flawed[0].flaw}; nothing was sent{way_on}"
                )
        return letters

    def _mended(self, letter: DeadLetterEntry, wish: RedriveRequest) -> DeadLetterEntry:
        """The letter with the new fields, and what is wrong with it even so."""
        new_id = {"id": wish.new_id} if wish.new_id else {}
        try:
            body = write_object(read_object(letter.message.body) | wish.fields | new_id)
        except MalformedItemError:
            return letter
        mended = read_dead_letter(replace(letter.message, body=body), self.capacity, self.tries)
        return replace(mended, id=letter.id)

    def _send_back(
        self, letters: Sequence[DeadLetterEntry], wish: RedriveRequest, sent: dict[str, Mapping[str, Any]]
    ) -> list[RedriveResult]:
        """Decide, send, delete: in this order."""
        outcomes, bodies = [], []
        for letter in letters:
            outcome, body = self._decide(letter, wish, sent)
            outcomes.append(outcome)
            if body:
                bodies.append(body)
        if bodies:
            self.new_items.send(bodies)
        self.dead_letters.delete([outcome.letter.message for outcome in outcomes if not outcome.stays])
        return outcomes

    def _decide(
        self, letter: DeadLetterEntry, wish: RedriveRequest, sent: dict[str, Mapping[str, Any]]
    ) -> tuple[RedriveResult, str | None]:
        """What is to become of a letter, and the body to send. `sent` are those that went before, by id."""
        if not isinstance(letter.content, Item):
            return RedriveResult(letter, stays=letter.flaw or "it is a trigger, and no item"), None
        original = read_object(letter.message.body)
        item_id = letter.content.id
        if letter.baking_failed and item_id == letter.id:
            # Not to be asked for: Step Functions, which may be some seconds behind, could say that it bakes.
            item_id = next_id(item_id)
        while True:
            fields = {**original, "id": item_id}
            if item_id in sent:
                return self._same_id(letter, item_id, sent[item_id] == fields, "was just sent back"), None
            execution = self.item_states.describe(item_id)
            if execution is None:
                sent[item_id] = fields
                body = letter.message.body if item_id == letter.content.id else write_object(fields)
                return RedriveResult(letter, sent_as=item_id), body
            if not execution.failed:
                state = "is in the oven" if execution.running else "has baked"
                return self._same_id(letter, item_id, read_object(execution.body) == fields, state), None
            if wish.new_id:
                return RedriveResult(letter, stays=f"the id {item_id} is used up: its baking failed"), None
            item_id = next_id(item_id)

    @staticmethod
    def _same_id(letter: DeadLetterEntry, item_id: str, is_same: bool, state: str) -> RedriveResult:
        if is_same:
            return RedriveResult(letter, done=f"{item_id} {state}")
        return RedriveResult(
            letter, stays=f"another item of the id {item_id} {state}: give this one its own with --new-id"
        )


def next_id(item_id: str) -> str:
    """The id under which an item bakes whose own is used up: always the same, and never another item's."""
    found = _REDRIVEN.fullmatch(item_id)
    name, number = (found[1], int(found[2]) + 1) if found else (item_id, 1)
    ending = f".redrive-{number}"
    if len(name) + len(ending) > MAX_ID_CHARS:
        # What is cut off may be all that tells it from another.
        ending = f".{sha256(name.encode()).hexdigest()[:12]}{ending}"
        name = name[: MAX_ID_CHARS - len(ending)]
    return name + ending
