"""Checks, and what they find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serverless_pizza_oven.acceptance.check_context import CheckContext


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_SHOWN = "not shown"
    """It could not be determined. The finding says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check, with its evidence."""

    verdict: Verdict
    seen: str
    """What AWS answered, or why the result could not be determined."""
    advice: str = ""
    """What to do."""


def ok(seen: str) -> Finding:
    """The claim holds."""
    return Finding(Verdict.OK, seen)


def failed(seen: str, advice: str) -> Finding:
    """The claim does not hold."""
    return Finding(Verdict.FAILED, seen, advice)


def not_shown(reason: str, advice: str = "") -> Finding:
    """Whether the claim holds could not be determined."""
    return Finding(Verdict.NOT_SHOWN, reason, advice)


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about an oven, and the function that checks it."""

    name: str
    """Unique."""
    function: "Callable[[CheckContext], Finding]"
    """May raise AwsError and the SDK's errors. Then the check has failed."""
    emulators_lack: str = ""
    """Why the claim may not hold in an emulator. Empty if it must hold there, too."""


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Checks that belong together, in the order in which they run."""

    title: str
    checks: Sequence[Check]
    sends_items: bool = False
    """Whether the checks need an oven that bakes."""
    announcement: str = ""
    """Said before checks that take minutes."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found, with the names of the check and its group."""

    group: str
    name: str
    finding: Finding
