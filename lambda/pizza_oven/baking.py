"""Bake Items: takes slots for items, starts their baking, and keeps the waiting line.

Three rules carry it. An item is pushed into the line before its pusher looks at the row: so a slot that
was freed meanwhile is seen. The first slot that is freed while somebody waits calls a function to the
line, and that call stands until a write whose condition is that there is nothing more to do: so one works
while others would only be in its way, and no slot is missed. And nothing is deleted before it is safe
elsewhere: so a crash at any point makes work come twice, never be lost, and what comes twice is known by
its lease or by its execution.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from pizza_oven.errors import MalformedItemError, ServiceError
from pizza_oven.item import Item, Trigger, parse
from pizza_oven.plans import Held, LinePlan, Plan, slots
from pizza_oven.ports import (
    BATCH,
    ERA_SECS,
    ERAS,
    BakingTable,
    DeadLetter,
    DeadLetters,
    Execution,
    ItemStates,
    Journal,
    Lease,
    NewItems,
    Row,
    Waiting,
    WaitingItems,
    era_of,
)

OVERDUE_AFTER_SECS = 90
"""How long past its time a lease is left alone: a function's 10 s, the 60 s in which its last
request may still land, and clocks and answers of Step Functions that are some seconds apart."""

LOOKS_AT_ONCE = 5
"""Overdue items looked into for one batch: DescribeExecution allows 15 a second for the account."""

QUIET_SECS = 135
"""Whoever joined this long ago has pushed, or has died and will never push: after a function's 10 s, and the
60 s in which its last request may still land. And SQS, which is up to 60 s behind, counts what was pushed."""

ROUND_SECS = 4.0
"""What a round at the line may take when requests are slow; with less left, another function takes over."""

CLOCKS_APART_SECS = 1
"""How far the clock of Step Functions may be behind that of a function."""

RETRY_SECS = 5
"""When to try again what AWS just refused."""

COMING_SECS = 3
"""For how long nobody else needs to come to a line that was found shut: surely over when the one comes."""

ATTEMPTS = 3
"""How often a load is planned anew when others change the row meanwhile."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of New Items."""

    id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0
    """In seconds since the epoch."""


@dataclass(slots=True)
class Batch:
    """The messages of one invocation, sorted. A message comes again by its own id."""

    items: dict[str, Item] = field(default_factory=dict)
    brought_by: dict[str, list[Message]] = field(default_factory=dict)
    triggers: list[Message] = field(default_factory=list)
    named: dict[str, list[Message]] = field(default_factory=dict)
    malformed: dict[str, DeadLetter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BakeItems:
    """Handles batches of New Items for an oven of `capacity` slots."""

    capacity: int
    table: BakingTable
    line: WaitingItems
    new_items: NewItems
    dead_letters: DeadLetters
    item_states: ItemStates
    journal: Journal
    now: Callable[[], float]
    """Seconds since the epoch."""

    def __call__(self, messages: Sequence[Message], time_left: Callable[[], float]) -> list[str]:
        """Take care of up to 10 messages, with `time_left` in seconds.

        Returns the ids of those that must come again: all others are safely in the oven, in the
        line or in the dead letters.
        """
        batch = self._sort(messages)
        failed: set[str] = set()
        if batch.malformed and not self._reject(list(batch.malformed.values())):
            failed.update(batch.malformed)

        placed = self._place(batch)
        failed.update(message.id for item_id in placed.failed for message in batch.brought_by[item_id])

        if batch.triggers or placed.joined or placed.gave_back:
            try:
                unsure = self._wake(len(batch.triggers), batch.named.keys(), time_left)
                # Step Functions may be some seconds behind the event: asked once more, it knows.
                failed.update(m.id for i in unsure for m in batch.named[i] if m.receive_count == 1)
            except ServiceError as error:
                self.journal.note("failed", error=str(error))
                # One that names an item is the only word of its failure; the others are as good as any.
                failed.update(message.id for named in batch.named.values() for message in named)
                if not self._call_for_help():
                    failed.update(message.id for message in batch.triggers)
                    failed.update(message.id for i in placed.joined for message in batch.brought_by[i])
        return [message.id for message in messages if message.id in failed]

    def _sort(self, messages: Iterable[Message]) -> Batch:
        batch = Batch()
        for message in messages:
            try:
                content = parse(message.body, self.capacity)
            except MalformedItemError as error:
                batch.malformed[message.id] = _letter(message.body, error)
                continue
            if isinstance(content, Trigger):
                batch.triggers.append(message)
                if content.item_id is not None:
                    batch.named.setdefault(content.item_id, []).append(message)
                continue
            if content.id in batch.items:
                self.journal.note("duplicate", content.id)
            batch.items.setdefault(content.id, content)
            batch.brought_by.setdefault(content.id, []).append(message)
        return batch

    # New items

    def _place(self, batch: Batch) -> "Placed":
        """Load the new items that fit, and have the others join the line."""
        items = list(batch.items.values())
        if not items:
            return Placed()
        try:
            plan, era = self._load_directly(items)
        except ServiceError as error:
            self.journal.note("failed", error=str(error))
            return Placed(failed=[item.id for item in items])
        sent_at = {item_id: messages[0].sent_at for item_id, messages in batch.brought_by.items()}
        started = self._start(plan.loaded + self._renew(plan.leased), sent_at)
        failed = [item.id for item in plan.loaded + plan.leased if item.id not in started.done]
        if not plan.rest:
            return Placed(failed, gave_back=started.gave_back)
        joined = [item.id for item in plan.rest]
        try:
            self.line.push({_ticket(batch.brought_by[item.id][0]): item for item in plan.rest}, era)
        except ServiceError as error:
            # They come again, and join again: the line is counted too long until this era is forgotten.
            self.journal.note("failed", error=str(error))
            return Placed(failed + joined, gave_back=started.gave_back)
        for item_id in joined:
            self.journal.note("joined", item_id)
        return Placed(failed, joined)

    def _load_directly(self, items: list[Item]) -> tuple[Plan, int]:
        """Lease the longest prefix of the items that fits; count the others as waiting, in the same write.

        Returns in which era those join, too.
        """
        plan = Plan(loaded=items) if slots(items) <= self.capacity else Plan.of(items, Row(), self.capacity)
        now = self.now()
        for attempt in range(ATTEMPTS + 1):
            if not plan.loaded and not plan.rest:
                break
            leases, now = self._leases(plan.loaded), self.now()
            answer = self.table.load_directly(leases, self.capacity, len(plan.rest), now)
            if answer.ok or _lost_answer(leases, answer.row):
                if answer.ok and leases:
                    self.journal.note("looked", occupied=answer.row.occupied)
                break
            # Whoever finds the row changed time and again joins the line, which always succeeds.
            nobody_jumps = answer.row.waiting > 0 or attempt == ATTEMPTS - 1
            plan = Plan.of(items, answer.row, 0 if nobody_jumps else answer.row.room(self.capacity))
        return plan, era_of(now)

    # The waiting line

    def _wake(
        self, triggers: int, named: AbstractSet[str], time_left: Callable[[], float]
    ) -> AbstractSet[str]:
        """Serve the line, and look into leases. Returns the named items of which nothing can be said yet."""
        row = self._drain(triggers, time_left)
        evicted, unsure = self._look_into(row, named)
        if evicted:
            # Somebody may have joined since the row was seen, and found no room.
            self._drain(0, time_left)
        return unsure & named

    def _drain(self, triggers: int, time_left: Callable[[], float]) -> Row:
        """Load from the line until nobody waits, or the first one does not fit. Returns the last row seen."""
        # Each trigger stands for a freed slot: worth a reach into the line before the first look.
        view = self._reach(min(triggers, BATCH), wait_secs=0) if triggers else None
        if view is None:
            view = self._look(head_size=1)
        while not view.answered:
            row = view.row
            if row.waiting <= 0 or row.room(self.capacity) < view.head_size:
                view = self._look(view.head_size)
                continue
            if time_left() < ROUND_SECS:
                self.new_items.trigger()
                break
            # A short poll may come back empty although the line is not; a long one asks every server. It
            # can be spared where somebody is to come in any case.
            wait_secs = 0 if row.come_at > self.now() else 1
            reached = self._reach(min(row.room(self.capacity), BATCH), wait_secs)
            if reached is None:
                self._come_again(row)
                break
            view = reached
        return view.row

    def _look(self, head_size: int) -> "View":
        answer = self.table.answer_call(self.capacity, head_size)
        return View(answer.row, head_size, answer.ok)

    def _come_again(self, row: Row) -> None:
        """The row says that there is somebody to load, but the line gave nobody.

        Most likely it is in the hands of a function, which may have died or answered the call already:
        then somebody has to come again when the line opens. Or nobody is in it: who has joined is about
        to push and looks then, or has died before, and the count is too high. How many messages there
        are tells the two apart, but only when nobody joined for so long that this number is up to date.
        """
        now = self.now()
        if now - row.joined_at > QUIET_SECS and self.line.count() == 0:
            if self.table.recount(row).ok:
                self.journal.note("recounted", waiting=row.waiting)
            else:
                self.table.drop_call()
            return
        at = round(now + COMING_SECS, 3)
        answer = self.table.come_again(round(now, 3), at)
        # Or what stands in the way is a try of this request whose answer was lost.
        if answer.ok or answer.row.come_at == at:
            self.new_items.trigger(RETRY_SECS)

    def _reach(self, count: int, wait_secs: int) -> "View | None":
        """Take up to `count` items off the line, and load those that fit. None if nothing came."""
        hand = self.line.receive(count, wait_secs)
        if not hand:
            return None
        try:
            return self._serve(hand)
        except ServiceError:
            self.line.put_back(hand, RETRY_SECS)
            raise

    def _serve(self, hand: Sequence[Waiting]) -> "View":
        held = [self._read(waiting) for waiting in hand]
        plan, loaded = self._load_from_line(held)
        letters = [h.letter for h in plan.idle if h.letter]
        if letters:
            self.dead_letters.push(letters)
            self._note_rejected(letters)
        for h in plan.idle:
            if h.item:
                self.journal.note("duplicate", h.item.id)
        renewed = set(self._renew([h.item for h in plan.leased if h.item]))
        begun = plan.loaded + [h for h in plan.leased if h.item in renewed]
        started = self._start(
            [h.item for h in begun if h.item], {h.item.id: h.waiting.sent_at for h in begun if h.item}
        )
        done = plan.idle + [h for h in begun if h.item and h.item.id in started.done]
        if done:
            self.line.delete([h.waiting for h in done])
        if plan.rest:
            self.line.put_back([h.waiting for h in plan.rest], 0)
        refused = [h.waiting for h in plan.loaded + plan.leased if h not in done]
        if refused:
            # They keep their slots, and are started when they come again.
            self.line.put_back(refused, RETRY_SECS)
            self.new_items.trigger(RETRY_SECS)
        if loaded is None or started.gave_back:
            # The look comes when nothing is in hand any more.
            return self._look(plan.head_size)
        over = _eras_over(loaded.row, done, self.now())
        return replace(loaded, row=self._forget(loaded.row, over)) if over else loaded

    def _forget(self, row: Row, eras: Sequence[int]) -> Row:
        """Who joined in these eras and still counts has died on the way to the line. Returns the row then."""
        try:
            answer = self.table.forget(row, eras)
        except ServiceError as error:
            # Those loaded are loaded, and the next to leave the line does it.
            self.journal.note("failed", error=str(error))
            return row
        if answer.ok and (died := row.died(eras)):
            self.journal.note("recounted", waiting=died)
        return answer.row

    def _read(self, waiting: Waiting) -> Held:
        try:
            item = parse(waiting.body, self.capacity)
        except MalformedItemError as error:
            # Sound when it joined, or it would not be here: the capacity was lowered since.
            return Held(waiting, None, _letter(waiting.body, error))
        return Held(waiting, item) if isinstance(item, Item) else Held(waiting, None)

    def _load_from_line(self, held: list[Held]) -> "tuple[LinePlan, View | None]":
        """Load the longest prefix that fits. The view is the row after that, or None if it is not known.

        If nobody can be loaded after them, the call is answered in the same write: a slot that is freed
        later calls anew, and whoever comes then waits for the line to open.
        """
        plan = LinePlan.of(held, Row(), self.capacity)
        row: Row | None = None
        for _ in range(ATTEMPTS):
            leaving, is_last = plan.leaving(row), True
            if row is not None:
                room = row.room(self.capacity) - slots(plan.items)
                is_last = row.waiting <= leaving.counted or room < plan.head_size
            if not plan.loaded and not leaving.taken:
                return plan, None
            leases = self._leases(plan.items)
            answer = self.table.load_from_line(
                leases, self.capacity, leaving, plan.head_size if is_last else None
            )
            if answer.ok:
                return plan, View(answer.row, plan.head_size, answered=is_last)
            if _lost_answer(leases, answer.row):
                return plan, None
            row = answer.row
            plan = LinePlan.of(held, row, row.room(self.capacity))
        # Others keep changing the row: they load, and this hand goes back.
        return LinePlan(rest=held), None

    # Baking

    def _leases(self, items: Iterable[Item]) -> dict[str, Lease]:
        now = self.now()
        return {item.id: Lease(item.size, self._until(item, now)) for item in items}

    def _until(self, item: Item, start: float) -> float:
        return round(start + item.baking_time_secs, 3)

    def _renew(self, items: list[Item]) -> list[Item]:
        """The redelivered ones that are still leased: those can be started again.

        The renewal comes before the start: an eviction that has seen the old time fails from here on.
        """
        renewed = []
        for item in items:
            try:
                if self.table.renew(item.id, self._until(item, self.now())).ok:
                    renewed.append(item)
            except ServiceError as error:
                self.journal.note("failed", item.id, error=str(error))
        return renewed

    def _start(self, items: list[Item], sent_at: Mapping[str, float]) -> "Started":
        """Start the loaded items. By their ids, when they were sent, or joined the line."""
        started, asked_at = Started(), self.now()
        for item, execution in zip(items, self.item_states.start(items) if items else [], strict=True):
            if isinstance(execution, ServiceError):
                self.journal.note("failed", item.id, error=str(execution))
                continue
            try:
                started.gave_back |= self._settle(item, execution, asked_at, sent_at[item.id])
                started.done.add(item.id)
            except ServiceError as error:
                self.journal.note("failed", item.id, error=str(error))
        return started

    def _settle(self, item: Item, execution: Execution, asked_at: float, sent_at: float) -> bool:
        """Leave it to bake, or give its slots back: True."""
        if execution.running:
            if _baked_before(item, execution, asked_at):
                self._share_its_time(item, execution)
                self.journal.note("duplicate", item.id)
            else:
                self.journal.note(
                    "loaded",
                    item.id,
                    size=item.size,
                    baking_time_secs=item.baking_time_secs,
                    waited_secs=round(max(self.now() - sent_at, 0), 3),
                )
            return False
        if execution.failed:
            self._bury(item.id, execution)
        else:
            self.journal.note("duplicate", item.id)
        self.table.undo(item.id)
        return True

    def _share_its_time(self, item: Item, execution: Execution) -> None:
        """The lease of an item that has been baking for a while must not outlast it.

        It may have been unloaded a moment ago, and its execution about to end: then these slots are held for
        nothing, and somebody has to look into it when Step Functions knows.
        """
        original = parse(execution.body, None) if execution.body else item
        if not isinstance(original, Item):
            return
        until = self._until(original, execution.started_at)
        self.table.renew(item.id, until)
        if until <= self.now():
            self.new_items.trigger(RETRY_SECS, item.id)

    # Failures

    def _look_into(self, row: Row, named: AbstractSet[str]) -> tuple[bool, AbstractSet[str]]:
        """Free the slots of those overdue or named items that bake no more.

        Returns whether any were freed, and the items that bake on, as far as Step Functions knows.
        """
        now = self.now()
        overdue = sorted(i for i, lease in row.leases.items() if lease.until + OVERDUE_AFTER_SECS < now)
        self.journal.note("looked", occupied=row.occupied, waiting=row.waiting, overdue=len(overdue))
        evicted, unsure = False, set()
        for item_id in [*(named & row.leases.keys()), *_share(overdue, now)]:
            execution = self.item_states.describe(item_id)
            # Of a start that is a second old, Step Functions may not know yet.
            if execution.running if execution else item_id not in overdue:
                unsure.add(item_id)
                continue
            if execution and execution.failed:
                self._bury(item_id, execution)
            answer = self.table.evict(item_id, row.leases[item_id].until)
            # Gone: by another function, or by a try of this request whose answer was lost.
            evicted |= answer.ok or item_id not in answer.row.leases
            if answer.ok:
                status = execution.status if execution else "never started"
                self.journal.note("evicted", item_id, status=status)
        return evicted, unsure

    def _bury(self, item_id: str, execution: Execution) -> None:
        """The dead letter comes before the eviction: who dies between the two leaves it to the next."""
        reason = f"its baking ended as {execution.status}"
        if execution.cause:
            reason = f"{reason}: {execution.cause}"
        letter = DeadLetter(execution.body, reason, noted=reason, item_id=item_id)
        self.dead_letters.push([letter])
        self._note_rejected([letter])

    def _reject(self, letters: list[DeadLetter]) -> bool:
        try:
            self.dead_letters.push(letters)
        except ServiceError as error:
            self.journal.note("failed", error=str(error))
            return False
        self._note_rejected(letters)
        return True

    def _note_rejected(self, letters: Iterable[DeadLetter]) -> None:
        for letter in letters:
            self.journal.note("rejected", letter.item_id, reason=letter.noted)

    def _call_for_help(self) -> bool:
        """Have another function look at the line soon."""
        try:
            self.new_items.trigger(RETRY_SECS)
        except ServiceError as error:
            self.journal.note("failed", error=str(error))
            return False
        return True


@dataclass(frozen=True, slots=True)
class View:
    """What a function at the line knows of the row."""

    row: Row
    head_size: int
    """Of the first in line, in slots, as far as known; else 1."""
    answered: bool
    """Whether there was nothing more to do, and the call was answered for it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of new items, by id; those of neither list are in the oven."""

    failed: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    gave_back: bool = False
    """Whether slots were taken and given back: who joined meanwhile has found no room."""


@dataclass(slots=True)
class Started:
    """What became of the items that were to start."""

    done: set[str] = field(default_factory=set)
    """The ids of those whose messages are done with."""
    gave_back: bool = False
    """Whether the slots of some were given back."""


def _baked_before(item: Item, execution: Execution, asked_at: float) -> bool:
    """Whether this is no execution just asked for: an older one, or that of another item under its id."""
    is_another = execution.body not in ("", item.body)
    return is_another or execution.started_at < asked_at - CLOCKS_APART_SECS


def _eras_over(row: Row, left: Iterable[Held], now: float) -> list[int]:
    """Those eras of which nobody can be in the line any more, nor on the way into it.

    The line is first in, first out: who has left it was behind all who pushed before, and who has an era
    behind all who have none. Of the eras of one number, the last counts that may have begun, by any clock.
    """
    pushed_at = max((held.waiting.sent_at for held in left if held.waiting.era is not None), default=0)
    last = int((now + QUIET_SECS) // ERA_SECS)
    ends = {era: (last - (last - era) % ERAS + 1) * ERA_SECS for era in row.joined}
    return [era for era, end in ends.items() if end + QUIET_SECS < pushed_at]


def _lost_answer(leases: dict[str, Lease], row: Row) -> bool:
    """A load that was refused because it had been done: the answer to the first try was lost on the way."""
    return bool(leases) and all(row.leases.get(item_id) == lease for item_id, lease in leases.items())


def _share(overdue: list[str], now: float) -> list[str]:
    """A few of them, other ones each minute, lest some that bake on, overdue, hide the rest."""
    first = int(now / 60) * LOOKS_AT_ONCE % max(len(overdue), 1)
    return (overdue[first:] + overdue[:first])[:LOOKS_AT_ONCE]


def _letter(body: str, error: MalformedItemError) -> DeadLetter:
    return DeadLetter(body, str(error), error.rule, error.item_id)


def _ticket(message: Message) -> str:
    """Names one push: the SDK may send it twice, but a redelivered message joins, and is pushed, anew."""
    return f"{message.id}.{message.receive_count}"
