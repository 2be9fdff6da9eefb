"""Small wrong changes of the protocol. Each is a bug that somebody might well write."""

from dataclasses import dataclass
from pathlib import Path

from tests.simulation.patched_simulator import OVEN, SIMULATOR, PatchedSimulator

BAKING = "baking.py"
PLANS = "plans.py"
REMOVING = "removing.py"
TABLE = "memory_table.py"


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
        "the line is left without a second look",
        BAKING,
        (("            view = reached\n", "            break\n"),),
    ),
    Mutant(
        "who found the line shut does not come again",
        BAKING,
        (
            (
                "            self.new_items.trigger(RETRY_SECS)\n\n    def _reach",
                "            pass\n\n    def _reach",
            ),
        ),
    ),
    Mutant(
        "a call stands although it was answered",
        TABLE,
        (("_but(row, row.occupied, row.leases, 0)", "_but(row, row.occupied, row.leases, row.called_at)"),),
    ),
    Mutant(
        "a call is answered although somebody fits",
        TABLE,
        (("    return waiting <= 0 or occupied > capacity - size\n", "    return True\n"),),
    ),
    Mutant(
        "slots that a hand gives back are not looked at again",
        BAKING,
        (("        if loaded is None or started.gave_back:\n", "        if loaded is None:\n"),),
    ),
    Mutant(
        "who joins does not look at the row",
        BAKING,
        (
            (
                "if batch.triggers or placed.joined or placed.gave_back:",
                "if batch.triggers or placed.gave_back:",
            ),
        ),
    ),
    Mutant(
        "a batch that gives slots back does not look who joined meanwhile",
        BAKING,
        (("if batch.triggers or placed.joined or placed.gave_back:", "if batch.triggers or placed.joined:"),),
    ),
    Mutant(
        "an eviction does not compare what it has seen",
        BAKING,
        (("self.table.evict(item_id, row.leases[item_id].until)", "self.table.undo(item_id)"),),
        "an overdue item that comes again",
    ),
    Mutant(
        "an item that still bakes is evicted",
        BAKING,
        (("execution.running if execution else", "False if execution else"),),
    ),
    Mutant(
        "an item that Step Functions does not know yet is evicted",
        BAKING,
        (("if execution else item_id not in overdue:", "if execution else False:"),),
    ),
    Mutant(
        "a lease is overdue as soon as its time is over",
        BAKING,
        (("OVERDUE_AFTER_SECS = 90", "OVERDUE_AFTER_SECS = -1"),),
    ),
    Mutant(
        "redelivered items start without a renewal of their leases",
        BAKING,
        (
            ("plan.loaded + self._renew(plan.leased)", "plan.loaded + plan.leased"),
            ("        renewed = set(self._renew([h.item for h in plan.leased if h.item]))\n", ""),
            ("[h for h in plan.leased if h.item in renewed]", "plan.leased"),
        ),
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
        "new items are loaded past those who wait",
        TABLE,
        (("if leases and (row.waiting > 0 or not self._may_lease", "if leases and (not self._may_lease"),),
    ),
    Mutant(
        "a smaller item of the line is loaded past a larger one",
        PLANS,
        (("            if plan.rest or (\n", "            if (\n"),),
    ),
    Mutant(
        "nobody is called when slots are freed",
        REMOVING,
        (("    return called_at == now or called_at < now - UNANSWERED_SECS\n", "    return False\n"),),
    ),
    Mutant(
        "slots are freed before the item is handed out",
        REMOVING,
        (
            ("        self.baked_items.push(item)\n", ""),
            (
                "            self.free(item.id)\n",
                "            self.free(item.id)\n            self.baked_items.push(item)\n",
            ),
        ),
        "rough",
    ),
    Mutant(
        "a load is not undone when the item turns out to have baked",
        BAKING,
        (("        self.table.undo(item.id)\n", ""),),
        "none",
    ),
    Mutant(
        "an item leaves the line before it starts",
        BAKING,
        (
            (
                "        plan, loaded = self._load_from_line(held)\n",
                (
                    "        plan, loaded = self._load_from_line(held)\n"
                    "        self.line.delete([h.waiting for h in plan.loaded])\n"
                ),
            ),
        ),
        "rough",
    ),
    Mutant(
        "items that could not be started are done with",
        BAKING,
        (
            (
                '                self.journal.note("failed", item.id, error=str(execution))\n',
                (
                    '                self.journal.note("failed", item.id, error=str(execution))\n'
                    "                started.done.add(item.id)\n"
                ),
            ),
        ),
        "rough",
    ),
    Mutant(
        "a refused load is read as a full oven that took the item",
        BAKING,
        (("            return Placed(failed=[item.id for item in items])", "            return Placed()"),),
        "rough",
    ),
    Mutant(
        "items that could not be pushed into the line are handled",
        BAKING,
        (
            (
                "            return Placed(failed + joined, gave_back=",
                "            return Placed(failed, gave_back=",
            ),
        ),
        "rough",
    ),
    Mutant(
        "the line is recounted at once",
        BAKING,
        (("if now - row.joined_at > QUIET_SECS and self.line.count() == 0:", "if True:"),),
    ),
    Mutant(
        "what left the line before is counted out again",
        TABLE,
        (("            or (leaving.taken and row.left >= leaving.taken[0])\n", ""),),
        "rough",
    ),
    Mutant(
        "a count that may be old is believed at once",
        BAKING,
        (("if now - row.joined_at > QUIET_SECS and self.line.count() == 0:", "if self.line.count() == 0:"),),
    ),
    Mutant(
        "an era is over before its time is",
        BAKING,
        (("end + QUIET_SECS < pushed_at", "True"),),
    ),
    Mutant(
        "who joins is taken for one of the next era",
        BAKING,
        (("        return plan, era_of(now)\n", "        return plan, (era_of(now) + 1) % ERAS\n"),),
    ),
    Mutant(
        "with an era all who wait are forgotten",
        TABLE,
        (("waiting = row.waiting - seen.died(eras)", "waiting = 0"),),
    ),
    Mutant(
        "nobody looks into a copy that outlives its item",
        BAKING,
        (
            (
                "        if until <= self.now():\n            self.new_items.trigger(RETRY_SECS, item.id)\n",
                "",
            ),
        ),
        "a copy of an item",
    ),
    Mutant(
        "a failed item is no dead letter",
        BAKING,
        (
            (
                (
                    "            if execution and execution.failed:\n"
                    "                self._bury(item_id, execution)\n"
                ),
                "",
            ),
        ),
    ),
    Mutant(
        "a malformed message is left to come again",
        BAKING,
        (
            (
                "        if batch.malformed and not self._reject(",
                "        if batch.malformed and self._reject(",
            ),
        ),
        "none",
    ),
]

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
