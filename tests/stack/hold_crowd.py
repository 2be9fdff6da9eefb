"""A crowd of `oven hold` processes that want the slots of one oven, and what becomes of them.

Each holder's command writes down when it runs. So what is checked is what the slots are for: how many
commands run at once.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.patience import PATIENCE_SECS, eventually
from tests.stack.clients import Client, pizza
from tests.stack.commands import OVEN, environment

WORKER = """
import os, sys, time
end = time.time() + float(sys.argv[2])
with open(sys.argv[1], "w", buffering=1) as beats:
    print(os.getpid(), file=beats)
    while time.time() < end:
        print(time.time(), file=beats)
        time.sleep(0.05)
"""
"""A command: it writes its process id, and then the time again and again."""

SHORT_SECS = 1.0
FOR_EVER_SECS = 3600.0


class Fate(Enum):
    """What becomes of a holder."""

    WORKS = "works to its end"
    WORKS_LONG = "is extended over three leases"
    KILLED = "is killed while it holds"
    KILLED_IN_LINE = "is killed while it waits"
    RELEASED = "is released by somebody else"


@dataclass
class Holder:
    """An `oven hold` process."""

    item_id: str
    fate: Fate
    beats_file: Path
    process: "subprocess.Popen[bytes]"
    ended_by_us_at: float | None = None
    """When it was killed or released."""
    lease_ends_at: float | None = None
    """By the row, after it was killed."""
    free_at: float | None = None
    """When its slots were seen free first."""

    def beats(self) -> list[float]:
        """When its command ran."""
        if not self.beats_file.exists():
            return []
        # The last line may be half written.
        return [float(line) for line in self.beats_file.read_text().rpartition("\n")[0].splitlines()[1:]]

    def interval(self) -> tuple[float, float] | None:
        """When its command needed a slot. What is released by somebody else counts as done from then on."""
        beats = self.beats()
        if not beats:
            return None
        end = beats[-1]
        if self.fate is Fate.RELEASED and self.ended_by_us_at is not None:
            end = min(end, self.ended_by_us_at)
        return beats[0], end


@dataclass
class Crowd:
    """Holders of one slot each."""

    client: Client
    settings: Mapping[str, str]
    folder: Path
    lease_secs: int
    holders: list[Holder] = field(default_factory=list)
    most_occupied: int = 0

    def run(self, fates: Mapping[Fate, int], seed: int) -> None:
        """Let all wait in a known order, then give the slots to them, and wait until all is over."""
        order = [fate for fate, count in fates.items() for _ in range(count)]
        random.Random(seed).shuffle(order)
        self.client.send(pizza("crowd-gate", 3600, self.client.capacity, hold=True))
        self.client.wait_until_baking("crowd-gate")
        for n, fate in enumerate(order):
            self._begin(f"crowd-{n:02}", fate)
            self.client.wait_until_waiting(n + 1)
        for holder in self._with(Fate.KILLED_IN_LINE):
            self._kill(holder)
        self._release("crowd-gate")
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,))
        watch.start()
        try:
            self._go_through_with_it()
            self.client.collect_until_quiet()
            eventually("all slots were seen free", lambda: all(h.free_at for h in self._killed()))
        finally:
            over.set()
            watch.join()
            for holder in self.holders:
                holder.process.kill()
                holder.process.wait()

    def at_once(self) -> int:
        """The most commands that ran at the same time."""
        intervals = [interval for holder in self.holders if (interval := holder.interval())]
        changes = sorted([(begin, 1) for begin, _ in intervals] + [(end, -1) for _, end in intervals])
        most = now = 0
        for _, change in changes:
            now += change
            most = max(most, now)
        return most

    def late_secs(self) -> list[float]:
        """How long after the end of its lease each killed holder's slot was free."""
        return [
            round(holder.free_at - holder.lease_ends_at, 2)
            for holder in self._killed()
            if holder.free_at and holder.lease_ends_at
        ]

    def overtaken(self, tolerance_secs: float) -> list[tuple[str, str]]:
        """Pairs of which the later one got its slot earlier. Items of one batch start in any order."""
        bakings = self.client.bakings()
        started = [(h.item_id, bakings[h.item_id].started_at) for h in self.holders]
        return [
            (first, later)
            for n, (first, first_at) in enumerate(started)
            for later, later_at in started[n + 1 :]
            if later_at < first_at - tolerance_secs
        ]

    def _begin(self, item_id: str, fate: Fate) -> None:
        secs = {Fate.WORKS: SHORT_SECS, Fate.WORKS_LONG: 3.2 * self.lease_secs}.get(fate, FOR_EVER_SECS)
        beats_file = self.folder / item_id
        command = [sys.executable, "-I", "-S", "-c", WORKER, str(beats_file), str(secs)]
        with (self.folder / f"{item_id}.err").open("wb") as errors:
            process = subprocess.Popen(
                [OVEN, "hold", "--quiet", "--id", item_id, "--lease", str(self.lease_secs), "--", *command],
                env=environment(**self.settings),
                stderr=errors,
            )
        self.client.expect(item_id, self.lease_secs)
        self.holders.append(Holder(item_id, fate, beats_file, process))

    def _with(self, *fates: Fate) -> Sequence[Holder]:
        return [holder for holder in self.holders if holder.fate in fates]

    def _killed(self) -> Sequence[Holder]:
        return self._with(Fate.KILLED, Fate.KILLED_IN_LINE)

    def _go_through_with_it(self) -> None:
        def is_over() -> bool:
            for holder in self._with(Fate.KILLED, Fate.RELEASED):
                beats = holder.beats()
                if holder.ended_by_us_at is None and beats and beats[-1] - beats[0] > SHORT_SECS:
                    end = self._kill if holder.fate is Fate.KILLED else self._let_go
                    end(holder)
            return all(holder.process.poll() is not None for holder in self.holders)

        give_up_at = time.monotonic() + PATIENCE_SECS + 10 * len(self.holders)
        while not is_over():
            assert time.monotonic() < give_up_at, "holders still run"
            time.sleep(0.1)

    def _kill(self, holder: Holder) -> None:
        holder.process.kill()
        holder.process.wait()
        holder.ended_by_us_at = time.time()

    def _let_go(self, holder: Holder) -> None:
        holder.ended_by_us_at = time.time()
        self._release(holder.item_id)

    def _release(self, item_id: str) -> None:
        self.client.send_bodies([json.dumps({"type": "release", "item": item_id})])

    def _watch(self, over: threading.Event) -> None:
        """Look at the row again and again."""
        seen: set[str] = set()
        while not over.wait(0.1):
            row = self.client.row()
            self.most_occupied = max(self.most_occupied, row.occupied)
            for holder in self.holders:
                lease = row.leases.get(holder.item_id)
                if lease is None and holder.item_id in seen and holder.free_at is None:
                    holder.free_at = time.time()
                elif lease is not None:
                    seen.add(holder.item_id)
                    if lease.until and holder.ended_by_us_at is not None:
                        holder.lease_ends_at = lease.until
