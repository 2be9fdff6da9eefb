"""Shell commands that take turns for the slots of an oven: what `oven demo --hold` runs and shows."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

WORKS = "works"
IS_DONE = "is done"

END_SECS = 20
"""How long a holder that is terminated may take to release its slots."""


@dataclass(frozen=True, slots=True)
class TurnsTaken:
    """How the commands took turns."""

    commands: int
    capacity: int
    at_once: int
    """The most that ran at the same time, by what they printed themselves."""
    failed: int
    """Commands that did not run to their end."""
    secs: float

    @property
    def reason(self) -> str | None:
        """What went wrong. None if nothing did."""
        if self.failed:
            return f"{self.failed} of {self.commands} commands failed"
        if self.at_once > self.capacity:
            return f"{self.at_once} commands ran at once, with {self.capacity} slots"
        return None

    def as_text(self) -> str:
        return (
            f"{self.commands} commands took turns in {self.secs:.1f} s: at most {self.at_once} ran at once, "
            f"with {self.capacity} slots."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "commands": self.commands,
            "capacity": self.capacity,
            "atOnce": self.at_once,
            "failed": self.failed,
            "seconds": round(self.secs, 3),
        }


def work_of(secs: int) -> Sequence[str]:
    """A command that prints when it begins and ends, and takes so many seconds."""
    says = f'echo "$OVEN_HOLD_ID {WORKS} for {secs} s"; sleep {secs}; echo "$OVEN_HOLD_ID {IS_DONE}"'
    return "sh", "-c", says


def take_turns(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    capacity: int,
    clock: Callable[[], float],
    report: Callable[[str], object],
) -> TurnsTaken:
    """Run all commands at once, each of which waits for its slots, and report each line that they print.

    However this ends, the commands have ended, and have released their slots.
    """
    begun = clock()
    running = at_once = 0
    with _started(commands, environment) as (holders, lines):
        for line in lines:
            if f" {WORKS} for " in line:
                running += 1
                at_once = max(at_once, running)
            elif line.endswith(IS_DONE):
                running -= 1
            report(f"{clock() - begun:5.1f} s  {line}")
        failed = sum(holder.wait() != 0 for holder in holders)
    return TurnsTaken(len(commands), capacity, at_once, failed, clock() - begun)


@contextmanager
def _started(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> Iterator[tuple[Sequence["subprocess.Popen[bytes]"], Iterator[str]]]:
    """The processes, and the lines that they print, in the order in which they print them."""
    reader, writer = os.pipe()
    holders: list[subprocess.Popen[bytes]] = []
    with os.fdopen(reader, encoding="utf-8", errors="replace") as output:
        try:
            with os.fdopen(writer, "wb") as shared:
                # One pipe for all: what happens first is read first.
                holders.extend(_start(command, environment, shared) for command in commands)
            yield holders, (line.rstrip("\n") for line in output)
        finally:
            _end(holders)


def _start(
    command: Sequence[str], environment: Mapping[str, str], output: BinaryIO
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - the demo's own commands
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


def _end(holders: Sequence["subprocess.Popen[bytes]"]) -> None:
    for holder in holders:
        if holder.poll() is None:
            holder.terminate()
    for holder in holders:
        try:
            holder.wait(END_SECS)
        except subprocess.TimeoutExpired:
            # Its slots are free when its lease ends.
            holder.kill()
            holder.wait()
