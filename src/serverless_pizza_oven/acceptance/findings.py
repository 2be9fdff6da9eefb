"""What a check found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serverless_pizza_oven.acceptance.check_context import CheckContext


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_SHOWN = "not shown"
    """It could not be found out; the finding says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check."""

    verdict: Verdict
    seen: str
    """What AWS answered, or why it could not be found out."""
    advice: str = ""
    """What to do."""


def ok(seen: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, seen)


def failed(seen: str, advice: str) -> Finding:
    """It is not as it should be."""
    return Finding(Verdict.FAILED, seen, advice)


def not_shown(reason: str, advice: str = "") -> Finding:
    """It cannot be found out here."""
    return Finding(Verdict.NOT_SHOWN, reason, advice)


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about an oven, and how to find out whether it holds."""

    name: str
    """Unique."""
    look: "Callable[[CheckContext], Finding]"
    """May raise AwsError and what the SDK raises: then the check has failed, by that error."""
    emulators_lack: str = ""
    """Why an emulator may fail where AWS would not. Empty where an emulator must do as AWS does."""


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Checks that belong together. They run in this order."""

    title: str
    checks: Sequence[Check]
    sends_items: bool = False
    """Whether the checks need an oven that bakes what it is sent."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found, under its name and that of its group."""

    group: str
    name: str
    finding: Finding
