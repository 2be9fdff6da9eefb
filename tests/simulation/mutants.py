"""Small wrong changes of the protocol. Each is a bug that somebody might well write."""

from dataclasses import dataclass
from pathlib import Path

from tests.simulation.patched_simulator import OVEN, SIMULATOR, PatchedSimulator

TABLE = "memory_table.py"
"""The row in memory: its conditions are those of the DynamoDB adapter, as the contract suite shows."""


@dataclass(frozen=True)
class Mutant:
    """The oven with some pieces of text replaced in one of its source files."""

    name: str
    file: str
    """In the package `pizza_oven`; or the services in memory of the simulator."""
    changes: tuple[tuple[str, str], ...]
    """Each a piece of text that is there exactly once, and what stands there instead."""
    faults: str = "mild"
    """In which conditions it is found; or the name of the scenario in which it is."""
    first_seed: int = 0
    """The first schedule of the search. The schedules that find a rare mutant have high numbers."""

    def source(self) -> str:
        """The text of the mutated file. Raises ValueError where a piece is not there, or not just once."""
        source = self._path.read_text(encoding="utf-8")
        for before, after in self.changes:
            if source.count(before) != 1:
                raise ValueError(f"{self.name}: {self.file} has {before!r} {source.count(before)} times")
            source = source.replace(before, after)
        return source

    def simulator(self) -> PatchedSimulator:
        """The simulator with the mutated file in it."""
        return PatchedSimulator({self._path: self.source()})

    @property
    def _path(self) -> Path:
        (path,) = (path for folder in (OVEN, SIMULATOR) if (path := folder / self.file).is_file())
        return path


MUTANTS = [
    Mutant(
        "a function leaves the line without a second look",
        "waiting_line.py",
        (("        view = loaded\n", "        break\n"),),
    ),
    Mutant(
        "no retry follows a look at a locked line",
        "waiting_line.py",
        (
            (
                "        context.persist(lambda: context.new_items.trigger(RETRY_SECS))\n",
                "        pass\n",
            ),
        ),
    ),
    Mutant(
        "a wake-up stays pending although nothing more fits",
        TABLE,
        (
            (
                "            0 if clears else row.wake_up_requested_at,\n",
                "            row.wake_up_requested_at,\n",
            ),
        ),
    ),
    Mutant(
        "a wake-up is cleared although an item fits",
        TABLE,
        (("    return waiting > 0 and occupied <= capacity - size\n", "    return False\n"),),
    ),
    Mutant(
        "slots that are rolled back from the line are not looked at again",
        "waiting_line.py",
        (("    if settled.counts is None or started.rolled_back:\n", "    if settled.counts is None:\n"),),
    ),
    Mutant(
        "a function does not look at the row after its items have joined",
        "bake_items.py",
        (
            (
                "if batch.triggers or batch.releases or admitted.joined or admitted.must_look:",
                "if batch.triggers or batch.releases or admitted.must_look:",
            ),
        ),
    ),
    Mutant(
        "a function that rolls back slots does not look for items that joined meanwhile",
        "bake_items.py",
        (
            (
                "if batch.triggers or batch.releases or admitted.joined or admitted.must_look:",
                "if batch.triggers or batch.releases or admitted.joined:",
            ),
        ),
    ),
    Mutant(
        "an eviction does not compare the lease that was seen",
        "reconciling.py",
        (("context.table.evict(item_id, lease.until)", "context.table.roll_back(item_id)"),),
        "an overdue item that comes again",
    ),
    Mutant(
        "an item that still bakes is evicted",
        "reconciling.py",
        ((" or (execution and execution.running):", ":"),),
    ),
    Mutant(
        "an item that Step Functions does not know yet is evicted",
        "reconciling.py",
        (("is_unknown_yet = execution is None and not is_overdue", "is_unknown_yet = False"),),
    ),
    Mutant(
        "a lease is overdue as soon as its time is over",
        "reconciling.py",
        (("OVERDUE_AFTER_SECS = 90", "OVERDUE_AFTER_SECS = -1"),),
    ),
    Mutant(
        "redelivered items start without a renewal of their leases",
        "starting.py",
        (("_renew_leases(context, plan.redelivered)\n", "plan.redelivered\n"),),
        "an overdue item that comes again",
    ),
    Mutant(
        "a load asks for not exactly full in place of room",
        TABLE,
        (("return occupied <= capacity and", "return self.row.occupied != capacity and"),),
    ),
    Mutant(
        "an item is leased although it is leased",
        TABLE,
        ((" and self.row.leases.keys().isdisjoint(leases)", ""),),
    ),
    Mutant(
        "new items overtake those that wait",
        TABLE,
        (("            or (settlement.overtakes and left_behind > 0)\n", ""),),
    ),
    Mutant(
        "a smaller item of the line overtakes a larger one",
        "plans.py",
        (("            is_blocked = plan.rest and (", "            is_blocked = False and ("),),
    ),
    Mutant(
        "freed slots request no wake-up",
        "item_removed.py",
        (("            return row.wake_up_requested_at == now\n", "            return False\n"),),
    ),
    Mutant(
        "slots are freed before the item is handed out",
        "item_removed.py",
        (
            ("            self.baked_items.push(item)\n", "            pass\n"),
            (
                'item.size, "looked" if ends_hold or failure else "baked")\n',
                'item.size, "baked")\n            self.baked_items.push(item)\n',
            ),
        ),
        "rough",
    ),
    Mutant(
        "a load is not rolled back when the item turns out to have baked",
        "starting.py",
        (("    context.persist(lambda: context.table.roll_back(item.id))\n", ""),),
        "none",
    ),
    Mutant(
        "an item leaves the line before it starts",
        "waiting_line.py",
        (
            (
                "    started = start(context, plan, settled.at)\n",
                (
                    "    context.waiting_items.delete(_messages(plan.loads))\n"
                    "    started = start(context, plan, settled.at)\n"
                ),
            ),
        ),
        "rough",
    ),
    Mutant(
        "messages of items that could not be started are deleted",
        "starting.py",
        (("        raise execution\n", "        return Start.REPEATED\n"),),
        "rough",
    ),
    Mutant(
        "a refused load is read as a full oven that took the item",
        "bake_items.py",
        (("admitted = Admitted(failed=list(batch.items))", "admitted = Admitted()"),),
        "rough",
    ),
    Mutant(
        "messages that were received beside a batch are deleted although they failed",
        "bake_items.py",
        (("[message for message in more if message.id not in failed]", "more"),),
        "rough",
    ),
    Mutant(
        "messages of items that could not be enqueued are deleted",
        "admission.py",
        (("        admitted.failed += joining.keys()\n", ""),),
        "rough",
    ),
    Mutant(
        "the count of the line is reset at once",
        "reconciling.py",
        (
            (
                "now - row.joined_at > QUIET_SECS and context.waiting_items.count() == 0:",
                "True:",
            ),
        ),
    ),
    Mutant(
        "a message that left the line before is subtracted again",
        TABLE,
        (("            or (served.sequences and row.last_left >= served.sequences[0])\n", ""),),
        "rough",
        first_seed=510,
    ),
    Mutant(
        "a count of the line that may be out of date is believed at once",
        "reconciling.py",
        (("now - row.joined_at > QUIET_SECS and context.waiting_items", "context.waiting_items"),),
    ),
    Mutant(
        "an epoch is closed before its time",
        "reconciling.py",
        (("if end + QUIET_SECS < row.last_left_sent_at]", "if row.last_left_sent_at]"),),
    ),
    Mutant(
        "an item that joins is taken for one of the next epoch",
        "admission.py",
        (("epoch_of(settled.at)", "(epoch_of(settled.at) + 1) % 12"),),
    ),
    Mutant(
        "with the orphans of an epoch all items are subtracted",
        TABLE,
        (("waiting = row.waiting - seen.orphaned(epochs)", "waiting = 0"),),
    ),
    Mutant(
        "a copy that outlives its item is not reconciled",
        "starting.py",
        (
            (
                (
                    "    if until <= context.now():\n"
                    "        context.new_items.trigger(RECHECK_SECS, item.id)\n"
                ),
                "",
            ),
        ),
        "a copy of an item",
    ),
    Mutant(
        "a failed item is no dead letter",
        "reconciling.py",
        (
            (
                (
                    "    if execution and execution.failed:\n"
                    "        dead_letter_failed(context, item_id, execution)\n"
                ),
                "",
            ),
        ),
    ),
    Mutant(
        "Item Removed loads a copy of the item that it hands out",
        "waiting_line.py",
        ((" or item.id == context.item_out:", ":"),),
        "none",
    ),
    Mutant(
        "the pilot light does not look at Leaving Items",
        "batch.py",
        (("in (LEAVING_ITEMS, PILOT_LIGHT):", "in (LEAVING_ITEMS,):"),),
        "rough",
    ),
    Mutant(
        "a trigger looks at the row before it receives from the line",
        "waiting_line.py",
        (("if expected else None", "if expected and not context.looks_first else None"),),
        "rough",
    ),
    Mutant(
        "a look that finds nothing to load leaves the wake-up pending",
        "waiting_line.py",
        (("        if fits or not row.wake_up_requested_at:\n", "        if True:\n"),),
    ),
    Mutant(
        "slots are freed whatever size the lease says",
        TABLE,
        (("    return lease is not None and lease.size == size\n", "    return lease is not None\n"),),
        "rough",
        first_seed=2200,
    ),
    Mutant(
        "slots are freed although the item is not leased",
        TABLE,
        (
            (
                "any(not _is_leased(row, item_id, size) for item_id, size in settlement.frees.items())",
                "False",
            ),
            ("leases.pop(item_id))\n        for", "leases.pop(item_id, Lease(0, 0)))\n        for"),
        ),
        "rough",
    ),
    Mutant(
        "one message too few is subtracted when messages leave the line",
        "plans.py",
        (
            (
                "            _count(served) if row is None else min(_count(served), max(row.waiting, 0)),\n",
                "            max(_count(served) - 1, 0) if row is None else min(len(served), row.waiting),\n",
            ),
        ),
        "none",
    ),
    Mutant(
        "a message of several items is counted as one",
        "plans.py",
        (("    return sum(len(message.bodies) for message in messages)\n", "    return len(messages)\n"),),
        "none",
    ),
    Mutant(
        "an item of a message takes slots although the others do not fit",
        "plans.py",
        (("key=lambda candidate: candidate.message or candidate", "key=lambda candidate: candidate"),),
        "none",
    ),
    Mutant(
        "a message is deleted although not all of its items are started",
        "waiting_line.py",
        (
            (
                "    done = [message for message in plan.served if message not in unstarted]\n",
                "    done = plan.served\n",
            ),
        ),
        "rough",
    ),
    Mutant(
        "a redriven execution hands its item out",
        "item_removed.py",
        (("    if redrives:\n", "    if redrives > 1000:\n"),),
        "none",
    ),
    Mutant(
        "a malformed message is left to come again",
        "bake_items.py",
        (
            (
                "        context.persist(lambda: reject(context, list(batch.malformed.values())))\n",
                '        raise ServiceError("it is left")\n',
            ),
        ),
        "none",
    ),
    Mutant(
        "the slots of a released item are freed before its execution is stopped",
        "holding.py",
        (
            (
                "        stopped = _stop(context, item_id)\n",
                (
                    "        context.persist(partial(context.table.roll_back, item_id))\n"
                    "        stopped = _stop(context, item_id)\n"
                ),
            ),
        ),
        "rough",
    ),
    Mutant(
        "a lease that has ended is extended",
        TABLE,
        (("lease.ended or not now < lease.until < until:", "lease.until >= until:"),),
        first_seed=380,
    ),
    Mutant(
        "an extension makes a lease shorter",
        TABLE,
        (("or not now < lease.until < until:", "or lease.until <= now:"),),
    ),
    Mutant(
        "a lease may be extended while its dead letter is written",
        TABLE,
        (("        self._set_lease(item_id, replace(lease, ended=True))\n", ""),),
    ),
    Mutant(
        "a held item loses its slots although its lease was extended",
        "item_removed.py",
        (("            raise StillHeldError(lease.until)\n", "            return True\n"),),
    ),
    Mutant(
        "a held item whose lease ends comes out",
        "item_removed.py",
        (
            (
                "        if not ends_hold and (not retries",
                "        if ends_hold or (not retries",
            ),
        ),
    ),
    Mutant(
        "an item that is released before it comes is not cancelled",
        "holding.py",
        (("    if cancel(context, item_id) is not None:\n        return False\n", "    return False\n"),),
    ),
    Mutant(
        "the owner of a second item of the same id is told",
        "starting.py",
        (
            (
                "        return Start.OF_ANOTHER if is_another else Start.REPEATED\n",
                "        return Start.REPEATED\n",
            ),
        ),
    ),
    Mutant(
        "the owner of a redelivered item is taken for gone",
        "starting.py",
        (("        or context.table.look([item.id]).leases.get(item.id) != lease\n", ""),),
        first_seed=1000,
    ),
    Mutant(
        "the SDK repeats the request that tells an owner",
        "aws_operations.py",
        (("                attempts=1,\n            ),\n        )", "            ),\n        )"),),
        "rough",
    ),
    Mutant(
        "an execution that was stopped by a release is a failure",
        "execution.py",
        ((" and not self.cause.startswith(RELEASED)", ""),),
    ),
    Mutant(
        "an item that waits for too long is given up although it bakes",
        "holding.py",
        (("    return execution.cancelled if execution.body else reason\n", "    return reason\n"),),
    ),
    Mutant(
        "a cancellation is taken for an item that bakes",
        "starting.py",
        (("    if execution.running and execution.cancelled is None:", "    if execution.running:"),),
        "a release before its item",
    ),
]

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
